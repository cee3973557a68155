"""Conversions of units against what standards say, not against the library that makes them."""

import math
import threading
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datastream.core.errors import InvalidInputError
from datastream.core.units import Conversion, conversion
from tests.timing import assert_within, seconds_of

# NIST Special Publication 811 (2008), appendix B.8, and section B.6 for the exact ones; the
# International System of Units, 9th edition, for degC, d, h, L; WMO-No. 8, 1.3 for hPa and kt.
PUBLISHED = [
    ("degC", "degF", "1.8", "32"),
    ("K", "degC", "1", "-273.15"),
    ("degC", "K", "1", "273.15"),
    ("degF", "K", str(5 / 9), str(459.67 * 5 / 9)),
    ("inch", "mm", "25.4", "0"),
    ("ft", "m", "0.3048", "0"),
    ("mile", "km", "1.609344", "0"),
    ("nautical_mile", "m", "1852", "0"),
    ("kt", "m s-1", "0.5144444", "0"),
    ("mi h-1", "m s-1", "0.44704", "0"),
    ("km h-1", "m s-1", str(1 / 3.6), "0"),
    ("mbar", "Pa", "100", "0"),
    ("mb", "hPa", "1", "0"),
    ("inHg", "Pa", "3386.389", "0"),
    ("mmHg", "Pa", "133.3224", "0"),
    ("atm", "hPa", "1013.25", "0"),
    ("langley", "J m-2", "41840", "0"),
    ("MJ m-2 d-1", "W m-2", str(1e6 / 86400), "0"),
    ("kg m-2 s-1", "g m-2 d-1", "86400000", "0"),
    ("mm d-1", "inch h-1", str(1 / 25.4 / 24), "0"),
    ("ft3 s-1", "m3 s-1", "0.028316847", "0"),
    ("µm", "mm", "0.001", "0"),
    ("ppm", "%", "0.0001", "0"),
    ("1", "%", "100", "0"),
    ("m3 m-3", "%", "100", "0"),
    ("g kg-1", "1", "0.001", "0"),
    # WMO-No. 306, code table 2700: cloud in eighths.
    ("okta", "%", "12.5", "0"),
    ("degree", "rad", str(math.pi / 180), "0"),
    ("year", "month", "12", "0"),
]
SAME = [
    ["degC", "degrees_Celsius", "deg_C", "Celsius", "celsius", "Cel", "°C", "degree_C"],
    ["degF", "Fahrenheit", "[degF]", "°F"],
    ["K", "kelvin", "Kelvin"],
    ["m s-1", "m/s", "m.s-1", "m s^-1", "m s**-1", "m·s⁻¹", " m  s-1 "],
    ["W m-2", "W/m2", "W.m-2", "W m**-2", "W m⁻²"],
    ["kg m-2 s-1", "kg/m2/s", "kg.m-2.s-1"],
    ["inch", "in", "[in_i]", "inches"],
    ["kt", "knot", "kts", "[kn_i]", "knots"],
    ["µm", "μm", "um", "micrometer"],
    ["degree", "degrees", "deg", "degrees_north", "degree_east", "°"],
    ["hPa", "mbar", "mb", "millibar"],
    ["%", "percent"],
]
INCOMPATIBLE = [
    ("degC", "mm"), ("kg m-2", "mm"), ("kg m-2 s-1", "mm d-1"), ("degree", "%"), ("rad", "1"),
    ("mm year-1", "mm d-1"), ("month", "d"), ("K", "K2"), ("degC", "W m-2"), ("count", "%"),
    ("dB", "%"), ("m", "s"),
]  # fmt: skip
HOSTILE = [
    "", " ", "x" * 65, "m" * 1_000_000, "m**9999999", "m" + "9" * 60, "m99", "9" * 60, "1e999 m",
    "m^m", "m**-", "((((", "__import__('os')", "lambda: 0", "os.system", "{0.__class__}", "%s",
    "m\x00", "m\n/", "m//s", "/m", "m/", "٣ m", "0 m", "-1 m", "NaN", "inf", "nan m", "days since",
    "m s-1 " * 10, "kdegC", "Ym9 Ym9 Ym9", "\ud800", "furlongs per fortnight", "psu", "pH", "DU",
]  # fmt: skip


@pytest.mark.parametrize(("source", "target", "factor", "offset"), PUBLISHED)
def test_what_is_published_is_what_is_computed(
    source: str, target: str, factor: str, offset: str
) -> None:
    made = conversion(source, target)
    assert made.unit == target
    assert float(made.factor) == pytest.approx(float(factor), rel=2e-7)
    assert float(made.offset) == pytest.approx(float(offset), rel=2e-7)


def test_what_is_exact_by_definition_is_exact() -> None:
    assert conversion("degC", "degF") == Conversion("degF", Decimal("1.8"), Decimal(32))
    assert conversion("K", "degC") == Conversion("degC", Decimal(1), Decimal("-273.15"))
    assert conversion("inch", "mm").factor == Decimal("25.4")
    assert conversion("ft", "m").factor == Decimal("0.3048")
    # Eighteen digits of 3600/1852, which is not.
    assert str(conversion("m s-1", "kt").factor) == "1.94384449244060475"


def test_differences_of_temperatures_have_no_offset() -> None:
    assert conversion("W m-2 K-1", "W m-2 degC-1").factor == 1
    per_degree = conversion("mm degF-1", "mm K-1")
    assert (per_degree.factor, per_degree.offset) == (Decimal("1.8"), Decimal(0))


def test_a_number_before_a_unit_multiplies_it() -> None:
    assert conversion("0.1 degC", "degF") == Conversion("degF", Decimal("0.18"), Decimal(32))
    assert conversion("degF", "0.1 degF").factor == 10
    assert conversion("0.01 inch", "mm").factor == Decimal("0.254")


@pytest.mark.parametrize("spellings", SAME, ids=[one[0] for one in SAME])
def test_spellings_of_udunits_and_ucum_are_understood(spellings: list[str]) -> None:
    for one in spellings:
        made = conversion(spellings[0], one)
        assert (made.factor, made.offset) == (Decimal(1), Decimal(0)), one


@pytest.mark.parametrize(("source", "target"), INCOMPATIBLE)
def test_what_has_another_dimension_is_refused_both_ways(source: str, target: str) -> None:
    for one, other in ((source, target), (target, source)):
        with pytest.raises(InvalidInputError) as refused:
            conversion(one, other)
        assert list(refused.value.details) == ["units"]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_text_is_refused_at_once(number: int) -> None:
    conversion("m", "km")  # the library is there
    for source, target in (("m", HOSTILE[number]), (HOSTILE[number], "m")):
        with pytest.raises(InvalidInputError) as refused:
            conversion(source, target)
        assert len(refused.value.details["units"][0]) < 200

        def refuse(source: str = source, target: str = target) -> None:
            with pytest.raises(InvalidInputError):
                conversion(source, target)

        assert_within(0.1, lambda: seconds_of(refuse))


def test_the_unit_that_is_there_already_may_be_unknown() -> None:
    assert conversion("psu", "psu") == Conversion("psu", Decimal(1), Decimal(0))


FAMILIES = [
    ["degC", "degF", "K", "0.1 degC"],
    ["mm", "inch", "m", "ft", "µm", "km"],
    ["m s-1", "kt", "km h-1", "mi h-1", "ft s-1"],
    ["hPa", "Pa", "inHg", "mmHg", "atm"],
    ["W m-2", "MJ m-2 d-1", "langley h-1"],
]


@given(
    st.sampled_from(FAMILIES).flatmap(lambda one: st.tuples(*[st.sampled_from(one)] * 3)),
    st.floats(-1e4, 1e4, allow_nan=False),
)
def test_units_there_and_back_and_round_about_change_nothing(
    units: tuple[str, str, str], value: float
) -> None:
    def through(*names: str) -> float:
        now = Decimal(value)
        for source, target in pairwise(names):
            made = conversion(source, target)
            now = now * made.factor + made.offset
        return float(now)

    first, second, third = units
    assert through(first, second, first) == pytest.approx(value, rel=1e-9, abs=1e-7)
    assert through(first, second, third) == pytest.approx(through(first, third), rel=1e-9, abs=1e-7)


def test_many_threads_that_convert_first_share_one_library() -> None:
    found: list[Decimal] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(conversion(f"{n} m", "km").factor))
        for n in range(1, 9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [Decimal(n) / 1000 for n in range(1, 9)]
