"""Units as CF/UDUNITS and UCUM spell them, and conversions between them."""

import functools
import re
import threading
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from datastream.core.errors import InvalidInputError

LOADING = threading.Lock()
LONGEST = 64
MOST_TERMS = 8
# Rounded so, what is a plain number by definition is one: 1.8, 32, 0.3048; and what is not has all
# digits that a float can hold.
ROUNDED = Context(prec=18)
LEAST, MOST = Decimal("1e-15"), Decimal("1e15")
# `**` and `^` may stand before a power; one digit is more than any unit of nature needs.
TERM = re.compile(
    r"(?P<number>\d{1,9}(?:\.\d{1,9})?(?:[eE][+-]?\d{1,2})?)(?![\w.])"
    r"|(?P<name>[A-Za-z_µμ°℃℉%'\[\]]{1,32})(?:(?:\*\*|\^)?(?P<power>[+-]?\d)(?!\d))?",
    re.ASCII,
)
BETWEEN = re.compile(r"\s*(?P<by>[./*])\s*|\s+")
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻·⋅", "0123456789-..")
# Zero of the one is not zero of the other; in a product they are differences.
OFFSET = frozenset({"degree_Celsius", "degree_Fahrenheit", "degree_Reaumur"})
# What is added to the library, and what it calls otherwise or takes for something else (`mb` for
# a millibarn). A year and a month have no fixed number of days: only into each other.
DEFINITIONS = ("civil_month = [civil_month]", "civil_year = 12 * civil_month", "okta = 0.125",
               "ppb = 1e-9")  # fmt: skip
NAMES = {
    **dict.fromkeys(
        ["Cel", "Celsius", "deg_C", "degreeC", "degree_C", "degrees_C", "degrees_Celsius", "℃"],
        "degC",
    ),
    **dict.fromkeys(
        ["[degF]", "Fahrenheit", "deg_F", "degreeF", "degree_F", "degrees_F", "℉"], "degF"
    ),
    **dict.fromkeys(["Kelvin", "degK", "deg_K", "degree_K", "degrees_K"], "kelvin"),
    **dict.fromkeys(
        [f"degree{s}_{where}" for s in ("", "s") for where in ("north", "east", "true")], "degree"
    ),
    **dict.fromkeys(["a", "yr", "year", "years"], "civil_year"),
    **dict.fromkeys(["mo", "mon", "month", "months"], "civil_month"),
    **dict.fromkeys(["mb", "millibars"], "millibar"),
    **dict.fromkeys(["kts", "[kn_i]"], "knot"),
    **dict.fromkeys(["ppmv", "[ppm]"], "ppm"),
    **dict.fromkeys(["ppbv", "[ppb]"], "ppb"),
    **dict.fromkeys(["octa", "oktas"], "okta"),
    "°": "degree",
    "mm[Hg]": "mmHg",
    "[in_i]": "inch",
    "[in_i'Hg]": "inHg",
    "[ft_i]": "foot",
    "[mi_i]": "mile",
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """A value becomes `value * factor + offset` in `unit`; a difference `value * factor`."""

    unit: str
    factor: Decimal
    offset: Decimal


def conversion(source: str, target: str) -> Conversion:
    """From one unit to another; InvalidInputError of `units` where that is impossible."""
    if not source:
        raise _refused("What has no unit cannot be converted.")
    if source == target:
        return Conversion(target, Decimal(1), Decimal(0))
    for text in (source, target):
        if len(text) > LONGEST:
            raise _refused(f"A unit has at most {LONGEST} characters.")
    return _between(source, target)


@functools.lru_cache(maxsize=512)
def _between(source: str, target: str) -> Conversion:
    (number, unit), (other_number, other_unit) = _parsed(source), _parsed(target)
    # The library takes angles, counts and fractions for the same; their root units differ.
    if _registry().get_root_units(unit)[1] != _registry().get_root_units(other_unit)[1]:
        raise _refused(f"{source} cannot be converted to {target}.")

    def convert(value: Decimal) -> Decimal:
        quantity = _registry().Quantity(value * number, unit).to(other_unit)
        return Decimal(quantity.magnitude) / other_number

    try:
        offset = convert(Decimal(0))
        factor = convert(Decimal(1)) - offset
    except TypeError as error:  # a logarithm has no Decimal
        raise _refused(f"{source} or {target} is not linear.") from error
    if not LEAST <= factor <= MOST:
        raise _refused(f"{source} and {target} are too far apart.")
    return Conversion(target, _rounded(factor), _rounded(offset))


def _rounded(number: Decimal) -> Decimal:
    short = ROUNDED.plus(number).normalize()
    # What is left of 273.15 − 273.15 in another spelling is nothing.
    return Decimal(0) if abs(short) < LEAST / MOST else Decimal(f"{short:f}")


def _parsed(text: str) -> tuple[Decimal, Any]:
    """A number, and the library's unit that it multiplies."""
    terms = _terms(text)
    is_alone = sum(bool(name) for _, name, _ in terms) == 1
    number, unit = Decimal(1), _registry().Unit("")
    for factor, name, power in terms:
        number *= factor
        if name:
            unit *= _unit(name, is_difference=not is_alone or power != 1) ** power
    return number, unit


def _terms(text: str) -> list[tuple[Decimal, str, int]]:
    """Number, name and power of each term; one of number and name says nothing."""
    text = text.strip().translate(SUPERSCRIPTS)
    found: list[tuple[Decimal, str, int]] = []
    place, sign = 0, 1
    while len(found) < MOST_TERMS and (term := TERM.match(text, place)):
        number = Decimal(term["number"] or 1)
        if not number:
            break
        found.append((number**sign, term["name"] or "", sign * int(term["power"] or 1)))
        place = term.end()
        if place == len(text):
            return found
        between = BETWEEN.match(text, place)
        if not between:
            break
        place, sign = between.end(), -1 if between["by"] == "/" else 1
    raise _unknown(text)


def _unit(name: str, *, is_difference: bool) -> Any:
    import pint

    try:
        unit = _registry().parse_units(NAMES.get(name, name))
    except (pint.PintError, AttributeError, ValueError) as error:
        raise _unknown(name) from error
    if is_difference and str(unit) in OFFSET:
        return _registry().Unit(f"delta_{unit}")
    return unit


def _registry() -> Any:
    # Units of two registries do not go together, so two threads must not make one each.
    with LOADING:
        return _loaded_registry()


@functools.cache
def _loaded_registry() -> Any:
    # Half a second, which only those pay who convert.
    import pint

    registry = pint.UnitRegistry(non_int_type=Decimal)
    for definition in DEFINITIONS:
        registry.define(definition)
    return registry


def _unknown(text: str) -> InvalidInputError:
    return _refused(f"{text[:40]!r} is no unit that is known here; write it as CF does: m s-1.")


def _refused(message: str) -> InvalidInputError:
    return InvalidInputError.of("units", message)
