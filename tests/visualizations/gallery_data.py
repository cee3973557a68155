"""What the gallery draws: real series and stations, and made-up ones that are hard to draw."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.series import Series, StationValue, StationValues
from tests.visualizations.samples import ROLES, series
from visualizations.registry import Facts, Kind

Floats = NDArray[np.float64]
HOSTILE = "</script><script>alert(1)</script> ]]> '+alert(1)+' {{7*7}} <!DOCTYPE x>"
MADE_UP = Facts(place="Nowhere", source="made-up values", license="CC0")
SEATTLE = Facts(place="Seattle", source="NOAA NCEI, from vega_datasets", license="public domain")
PACIFIC = Facts(place="Niño 1+2", source="NOAA, from statsmodels", license="public domain")
US = Facts(
    place="Airports of the United States",
    source="places from vega_datasets, made-up values",
    license="public domain",
)


@dataclass(frozen=True)
class Sample:
    """Values to draw in one row of the gallery; `make` gives as many series as are wanted."""

    name: str
    make: Callable[[int], list[Series]]
    facts: Facts = MADE_UP
    stations: StationValues | None = None
    facts_of_stations: Facts = MADE_UP
    # Then there is no direction of the wind in it.
    is_real: bool = False


def subject(sample: Sample, kind: Kind) -> list[Series]:
    """A series for each option that names one, of what such a thing is."""
    found = sample.make(max(len(kind.named_by), 1))
    rng = np.random.default_rng(3)
    for place, name in enumerate(kind.named_by):
        if name in ROLES:
            unit, make = ROLES[name]
            before = found[place].values
            values = make(rng, before.size)
            if before.size > 1 and np.ptp(before) == 0:
                values = np.full(before.size, values[0])
            found[place] = changed(found[place], unit=unit, values=values)
    return found


def changed(one: Series, **facts: Any) -> Series:
    known = {name: getattr(one, name) for name in Series.__dataclass_fields__}
    return Series(**known | facts)


def made_up(
    values: Floats, start: str = "2001-01-01", **facts: str
) -> Callable[[int], list[Series]]:
    """As many series as are wanted, each a little unlike the one before; equal ones stay equal."""

    def make(count: int) -> list[Series]:
        rng = np.random.default_rng(8)
        varies = bool(values.size > 1 and np.nanmin(values) < np.nanmax(values))
        found = []
        for number in range(count):
            own: dict[str, Any] = {"variable": f"T{number + 1}"} | facts
            noise = rng.normal(0, 2 * number, values.size) if varies else 0.0
            found.append(series(values * (1 - 0.2 * number) + noise, start, "D", **own))
        return found

    return make


def yearly_wave(days: int, seed: int = 1) -> Floats:
    rng, at = np.random.default_rng(seed), np.arange(days)
    wave = 10 - 9 * np.cos(2 * np.pi * (at - 15) / 365.25) + at / 36525 * 1.5
    found: Floats = wave + rng.normal(0, 3, days)
    return found


def seattle(count: int) -> list[Series]:
    import vega_datasets

    table = vega_datasets.data.seattle_weather()
    told = (
        ("temp_max", "degC", "air_temperature"),
        ("precipitation", "mm", "precipitation_amount"),
        ("temp_min", "degC", "air_temperature"),
    )
    return [
        series(table[name], "2012-01-01", "D", variable=name, unit=unit, standard_name=standard,
               station="SEA", station_name="Seattle")
        for name, unit, standard in told[:count]
    ]  # fmt: skip


def pacific(count: int) -> list[Series]:
    """Sea surface temperature, and the same of years before."""
    from statsmodels.datasets import elnino

    values = elnino.load_pandas().data.iloc[:, 1:].to_numpy(float).ravel()
    told = {"station": "1+2", "standard_name": "sea_surface_temperature"}
    return [
        series(values, f"{1950 + number}-01", "M", variable=f"sst{number or ''}", **told)
        for number in range(count)
    ]


def places(most: int) -> StationValues:
    """Airports between Canada and Mexico, with a temperature made up for their latitude."""
    import vega_datasets

    table = vega_datasets.data.airports().query("longitude > -130 and longitude < -60")
    rng = np.random.default_rng(4)
    at = np.datetime64("2020-01-01T12", "us")
    columns = (table[name].head(most) for name in ("iata", "name", "latitude", "longitude"))
    found = [
        StationValue(code, name, y, x, 30 - 0.6 * abs(y - 15) + rng.normal(), at, 1)
        for code, name, y, x in zip(*columns, strict=True)
    ]
    return StationValues("T", "degC", "air_temperature", tuple(found))


def spots(*found: tuple[float | None, float | None, float | None], word: str = "") -> StationValues:
    at = np.datetime64("2020-01-01T12", "us")
    stations = tuple(
        StationValue(f"S{n}", word or f"Station {n}", a, b, v, None if v is None else at, 1)
        for n, (a, b, v) in enumerate(found)
    )
    return StationValues(word or "T", word or "degC", "", stations)


def samples() -> list[Sample]:
    four = yearly_wave(4 * 365)
    gappy = yearly_wave(6 * 365)
    gappy[np.random.default_rng(2).uniform(size=gappy.size) < 0.1] = np.nan
    gappy[500:650] = np.nan
    north = ((60.4, 5.3, 7.6), (59.9, 10.7, -1.5), (63.4, 10.4, None), (69.6, 18.9, -3.1))
    rng = np.random.default_rng(5)
    many = [
        (float(a), float(b), float(a)) for a, b in rng.uniform((-80, -180), (84, 180), (9000, 2))
    ]
    hostile = Facts(title=HOSTILE, place=HOSTILE, source=HOSTILE, license="CC BY 4.0")
    named = {"variable": HOSTILE, "unit": HOSTILE, "station": HOSTILE, "station_name": HOSTILE}
    return [
        Sample("real days", seattle, SEATTLE, places(9000), US, is_real=True),
        Sample("real months", pacific, PACIFIC, places(30), US, is_real=True),
        Sample("four years", made_up(four), stations=spots(*north)),
        Sample("short", made_up(four[:10]), stations=spots(north[0])),
        Sample("long", made_up(yearly_wave(36_525), "1920-01-01"), stations=spots(*many)),
        Sample("gappy", made_up(gappy), stations=spots(*north[2:], (None, None, 1.0))),
        Sample("one value", made_up(four[:1]), stations=spots((-17.0, 179.0, 1.0))),
        Sample("constant", made_up(np.full(6 * 365, 3.0)), stations=spots((1.0, 1.0, 3.0),
                                                                        (3.0, 9.0, 3.0))),
        Sample("empty", made_up(four[:0]), stations=spots()),
        Sample("hostile", made_up(four, **named), hostile, spots(north[0], word=HOSTILE), hostile),
    ]  # fmt: skip
