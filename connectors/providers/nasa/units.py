"""POWER's units in the spelling of CF."""

import re

from connectors.base import SchemaDriftError

SYMBOLS = {
    "1": "1", "dimensionless": "1", "unitless": "1", "%": "%",
    "c": "degC", "k": "K", "degrees": "degree", "degree": "degree",
    "m": "m", "cm": "cm", "mm": "mm", "g": "g", "kg": "kg",
    "pa": "Pa", "hpa": "hPa", "kpa": "kPa",
    "w": "W", "mj": "MJ", "wh": "W h", "w-hr": "W h", "kwh": "kW h", "kw-hr": "kW h",
    "s": "s", "hr": "h", "hour": "h", "day": "d", "days": "d",
}  # fmt: skip
# The UV index is the irradiance that burns, in W m-2, times 40: a number.
WHOLE = {"w m-2 x 40": "1", "g kg-1": "g kg-1"}
FACTOR = re.compile(r"(?P<symbol>%|1|[a-z][a-z-]*)\^?(?P<power>[0-9]?)")


def cf_unit(text: str) -> str:
    """`MJ/m^2/day` as `MJ m-2 d-1`.

    Raises
    ------
    SchemaDriftError
        It is no unit that POWER is known to write.
    """
    told = " ".join(text.lower().split())
    if told in WHOLE:
        return WHOLE[told]
    above, *below = told.split("/")
    return " ".join([_factor(above, text), *(_factor(part, text, "-") for part in below)])


def _factor(part: str, text: str, sign: str = "") -> str:
    found = FACTOR.fullmatch(part.strip())
    symbol = SYMBOLS.get(found["symbol"]) if found else None
    if found is None or symbol is None or (sign and " " in symbol):
        raise SchemaDriftError(f"NASA POWER answered in an unknown unit, {text[:60]!r}.")
    power = found["power"] or ("1" if sign else "")
    return f"{symbol}{sign}{power}" if power else symbol
