"""GeoMet's fields as variables: their units become those of CF, their flags become grades."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import Flag, SchemaDriftError, Variable
from connectors.columns import SUSPECT, Column, grades
from connectors.providers.climatedata_ca.features import Features

# CF's name of precipitation.
LWE = "lwe_thickness_of_precipitation_amount"
# From GeoMet's unit to ours.
TENS_OF_DEGREES = 10.0
CM_TO_MM = 10.0
KM_TO_M = 1000.0
KPA_TO_HPA = 10.0
KMH_TO_MS = 1 / 3.6
# What multiplies a decimal has as many digits as it had; a float shows more.
DIGITS = 9

MISSING = 9
FLAGS: Mapping[str, Flag] = {
    "T": Flag("Trace: too little to measure; the value is 0."),
    "M": Flag("Missing.", MISSING),
    "E": Flag("Estimated.", 3),
    "A": Flag("Accumulated: of several days together.", 3),
    "C": Flag("Precipitation occurred, its amount is uncertain.", 2),
    "L": Flag("Precipitation may or may not have occurred.", 2),
    "F": Flag("Accumulated and estimated.", 3),
    "N": Flag("Missing, but known to be above 0 degC.", MISSING),
    "Y": Flag("Missing, but known to be below 0 degC.", MISSING),
    "S": Flag("Occurred more than once."),
    "B": Flag("Occurred more than once, and is estimated.", 3),
    "D": Flag("Subject to further quality control.", 3),
    "^": Flag("Incomplete.", 3),
    "I": Flag("Incomplete.", 3),
}
SENTINELS = (-9999.9, -9999.0)
# Of a direction, whose north is 36: there is no wind that comes from anywhere.
CALM = 0.0
# A month is published with whatever days it has; of fewer than these it says little.
ENOUGH_DAYS = 25


@dataclass(frozen=True, slots=True)
class Field:
    """A property, and the variable that it becomes.

    Attributes
    ----------
    factor : from GeoMet's unit to the variable's
    flag : the property that holds its flag, if any
    days : the property that counts the days behind it, if any
    unit : the property that names its unit, if any, and `says` what it must hold
    """

    name: str
    variable: Variable
    factor: float = 1.0
    flag: str = ""
    days: str = ""
    unit: str = ""
    says: str = ""

    @property
    def names(self) -> list[str]:
        return [name for name in (self.name, self.flag, self.days, self.unit) if name]


# Name, factor, unit, CF standard name, cell method, least and greatest possible value, description
Row = tuple[str, float, str, str, str, float | None, float | None, str]


def field_of(row: Row, interval: str, *, flag: str = "", days: str = "") -> Field:
    """A property that becomes the variable of its own name."""
    name, factor, unit, standard_name, cell_method, low, high, description = row
    variable = Variable(
        name,
        unit,
        standard_name,
        cell_method,
        interval=interval,
        valid_min=low,
        valid_max=high,
        description=f"{description}.",
    )
    return Field(name, variable, factor, flag=flag, days=days)


def read_field(features: Features, field: Field) -> Column:
    """One variable of all features, in its own unit, with what is said of it."""
    _refuse_other_unit(features, field)
    is_direction = field.variable.standard_name == "wind_from_direction"
    values = features.numbers(field.name, (*SENTINELS, CALM) if is_direction else SENTINELS)
    said = {}
    nothing = pa.scalar(None, pa.string())
    if field.flag:
        flags = features.texts(field.flag)
        missing = pa.array([text for text, flag in FLAGS.items() if flag.quality == MISSING])
        values = pc.if_else(pc.is_in(flags, missing), pa.scalar(None, pa.float64()), values)
        flags = pc.if_else(values.is_valid(), flags, nothing)
        said = {
            "flags": flags,
            "quality": grades(flags, {text: flag.quality for text, flag in FLAGS.items()}),
        }
    if field.days:
        days = features.numbers(field.days, SENTINELS)
        is_poor = pc.and_(pc.less(days, ENOUGH_DAYS), values.is_valid())
        said = {"quality": pc.if_else(is_poor, SUSPECT, nothing)}
    return Column(field.variable, converted(values, field.factor), said)


def converted(values: pa.Array, factor: float) -> pa.Array:
    if factor == 1.0:
        return values
    return pc.round(pc.multiply(values, factor), DIGITS)


def _refuse_other_unit(features: Features, field: Field) -> None:
    if not field.unit:
        return
    said = set(features.texts(field.unit).unique().to_pylist()) - {None, field.says}
    if said:
        raise SchemaDriftError(f"{field.name} is in {min(said)}, not in {field.says}.")
