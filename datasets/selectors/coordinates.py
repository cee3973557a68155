"""Where stations are as a caller may know it, in SQL; `places.shown` is the same in Python."""

from decimal import Decimal

from django.db.models import DecimalField, F, FloatField, Func, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

Box = tuple[float, float, float, float]


def shown(name: str, step: float | None) -> Combinable:
    """A coordinate of a station on the step that a view allows."""
    if step is None:
        return F(name)
    # The database's own for floats: the framework's takes decimals, and turns halves otherwise.
    steps = Func(F(name) / Value(step), function="round", output_field=FloatField())
    # In decimals: 3 times 0.1 is not 0.3 otherwise.
    exact = Cast(steps, DecimalField(max_digits=20, decimal_places=10))
    return Cast(exact * Value(Decimal(str(step))), FloatField())


def inside(box: Box, step: float | None) -> Q:
    """Whether a station lies in a box, by its coordinates as they are shown."""
    west, south, east, north = box
    latitude, longitude = (shown(name, step) for name in ("latitude", "longitude"))
    eastwards = Q(GreaterThanOrEqual(longitude, west))
    westwards = Q(LessThanOrEqual(longitude, east))
    between = eastwards & westwards if west <= east else eastwards | westwards
    return Q(GreaterThanOrEqual(latitude, south)) & Q(LessThanOrEqual(latitude, north)) & between
