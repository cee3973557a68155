"""What the products of POWER share: their host, their parameters and their requests."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from connectors.base import Host, Page, Place, Product, Quota, Request, Window
from connectors.providers.nasa.points import (
    BOX_PARAMETERS,
    POINT_PARAMETERS,
    Point,
    box_code,
    check_box,
    check_points,
    in_standard,
    plain,
    points_of,
)
from connectors.providers.nasa.reading import MISSING, Reading, parse_power
from connectors.providers.nasa.variables import RENAMED
from datastream.core.answers import Answer
from datastream.core.errors import InvalidInputError

POWER = Host("NASA_POWER_BASE_URL", "https://power.larc.nasa.gov/")
SHARED_PARAMETERS: Mapping[str, Any] = {
    "parameters": {
        "type": "array",
        "items": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]{0,39}$"},
        "minItems": 1,
        "maxItems": 100,
        "uniqueItems": True,
        "description": "POWER's names of what to ask for: T2M, PRECTOTCORR, ALLSKY_SFC_SW_DWN, ….",
    },
    "community": {
        "enum": ["AG", "RE", "SB"],
        "description": "Whose units: of agriculture (AG, if left out), energy or buildings.",
    },
}
TIME_STANDARD = {
    "enum": ["UTC", "LST"],
    "description": (
        "Whether days are those of UTC or of local solar time. If left out, UTC for daily values "
        "and LST, as POWER itself has it, for months and climatologies."
    ),
}
SITE_PARAMETERS: Mapping[str, Any] = {
    "site_elevation": {
        "type": "number",
        "minimum": -500,
        "maximum": 9000,
        "description": "Metres; adds PSC, the pressure at this elevation.",
    },
    "wind_elevation": {
        "type": "number",
        "minimum": 10,
        "maximum": 300,
        "description": "Metres above the ground; adds WSC, the wind there. With `wind_surface`.",
    },
    "wind_surface": {
        "type": "string",
        "pattern": "^[a-z][a-z0-9_]{1,39}$",
        "description": "POWER's name of a surface, such as vegtype_1. With `wind_elevation`.",
    },
}
USER = "DataStreamPro"


class Power(Product):
    """A product of POWER.

    Attributes
    ----------
    temporal : the part of the path that says how far apart the values are
    at_once : how many parameters one request may have
    """

    host = POWER
    answer_within_s = 120.0
    quota = Quota(per_second=0.5)
    sentinels = MISSING
    lookback_days = 90
    temporal: ClassVar[str]
    space: ClassVar[str]
    at_once: ClassVar[int] = 20
    reading: ClassVar[Reading]

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if old := [name for name in parameters["parameters"] if name in RENAMED]:
            message = f"POWER calls it {RENAMED[old[0]]} now, not {old[0]}."
            raise InvalidInputError.of("parameters", message)
        if ("wind_elevation" in parameters) != ("wind_surface" in parameters):
            raise InvalidInputError.of("wind_surface", "Give `wind_elevation` with it, or neither.")
        return {"community": "AG", "time_standard": self.reading.time_standard, **parameters}

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        """The whole window in one request, but for what the product says in `parts`."""
        groups = self.groups(parameters)
        names = groups[place.variables]
        # The corrections come once, with the first group.
        is_first = place.variables == next(iter(groups))
        return [
            Request(
                f"api/temporal/{self.temporal}/{self.space}",
                {
                    "parameters": ",".join(names),
                    "community": parameters["community"],
                    **self.where(parameters, place),
                    **(corrections(parameters) if is_first else {}),
                    **self.dates(part),
                    "format": "JSON",
                    # With a hyphen: the other spelling is taken for nothing, in silence.
                    "time-standard": parameters["time_standard"],
                    "user": USER,
                },
                place,
                part,
            )
            for part in self.parts(window, names)
        ]

    def groups(self, parameters: Mapping[str, Any]) -> dict[str, list[str]]:
        """The parameters in groups of as many as one request may have, by what they are called."""
        names = parameters["parameters"]
        parts = [names[n : n + self.at_once] for n in range(0, len(names), self.at_once)]
        if len(parts) == 1:
            return {"": names}
        return {group_name(part): part for part in parts}

    def parts(self, window: Window, names: Sequence[str]) -> list[Window]:
        return [window]

    def dates(self, window: Window) -> dict[str, str]:
        """The first and the last day, which is included on the wire."""
        return {"start": f"{window.start:%Y%m%d}", "end": f"{window.last_day:%Y%m%d}"}

    def coded(self, code: str, parameters: Mapping[str, Any]) -> str:
        return in_standard(code, parameters["time_standard"], self.reading.time_standard)

    @abstractmethod
    def where(self, parameters: Mapping[str, Any], place: Place) -> dict[str, str]:
        """The place, as it is named on the wire."""

    def parse(self, request: Request, answer: Answer) -> Page:
        return parse_power(self.reading, request, answer)


class PowerPoint(Power):
    """A product at points; a station is a point, at the elevation of its cell."""

    space = "point"
    span_parameters = frozenset({"start", "end", "points", "latitude", "longitude"})
    parameters = {
        **POINT_PARAMETERS,
        **SHARED_PARAMETERS,
        "time_standard": TIME_STANDARD,
        **SITE_PARAMETERS,
    }
    required: ClassVar[tuple[str, ...]] = ("parameters",)

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        check_points(parameters)
        return super().settle(parameters)

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        groups = self.groups(parameters)
        return [Place(code, group) for code in self.sites(parameters) for group in groups]

    def sites(self, parameters: Mapping[str, Any]) -> dict[str, Point]:
        points = points_of(parameters)
        return {self.coded(code, parameters): point for code, point in points.items()}

    def where(self, parameters: Mapping[str, Any], place: Place) -> dict[str, str]:
        point = self.sites(parameters)[place.station]
        return {"latitude": signed(point.latitude), "longitude": signed(point.longitude)}


class PowerRegion(Power):
    """A product over a box, a parameter a request; a station is a cell of the box."""

    space = "regional"
    at_once = 1
    parameters = {**BOX_PARAMETERS, **SHARED_PARAMETERS, "time_standard": TIME_STANDARD}
    required: ClassVar[tuple[str, ...]] = (*BOX_PARAMETERS, "parameters")

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        check_box(parameters)
        return super().settle(parameters)

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        code = self.coded(box_code(parameters), parameters)
        return [Place(code, group) for group in self.groups(parameters)]

    def where(self, parameters: Mapping[str, Any], place: Place) -> dict[str, str]:
        return {name.replace("_", "-"): signed(parameters[name]) for name in BOX_PARAMETERS}


def corrections(parameters: Mapping[str, Any]) -> dict[str, str]:
    given = {name: parameters[name] for name in SITE_PARAMETERS if name in parameters}
    return {
        name.replace("_", "-"): value if isinstance(value, str) else f"{value:g}"
        for name, value in given.items()
    }


def group_name(names: Sequence[str]) -> str:
    more = len(names) - 1
    return f"{names[0]} and {more} more" if more else names[0]


def signed(degrees: float) -> str:
    return ("-" if round(degrees, 4) < 0 else "") + plain(abs(degrees))
