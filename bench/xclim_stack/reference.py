"""Climate and drought indices by xclim: `FOLDER` holds `input.npz` and gets `output.npz`.

The input: `what` is computed ("indices", "season", "drought", "evapotranspiration"), `start` (the
first day), `base` (first and last year), `latitude`; `tmax`, `tmin` and `precipitation` of each
day, or for droughts `totals` (of precipitation) and `balance` of each month; NaN where missing. It
prints the seconds that computing took, without those of loading libraries; `repeats` times, so that
what is compiled at first use does not count.
"""

import json
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr

warnings.simplefilter("ignore")

import xclim.indices as xci  # noqa: E402
from lmoments3 import distr  # noqa: E402
from xclim.core.calendar import percentile_doy  # noqa: E402

Array = xr.DataArray
Named = Iterator[tuple[str, Array]]
MONTHLY = {
    "TXx": lambda x, freq: xci.tx_max(x.tmax, freq=freq),
    "TXn": lambda x, freq: xci.tx_min(x.tmax, freq=freq),
    "TNx": lambda x, freq: xci.tn_max(x.tmin, freq=freq),
    "TNn": lambda x, freq: xci.tn_min(x.tmin, freq=freq),
    "DTR": lambda x, freq: xci.daily_temperature_range(x.tmin, x.tmax, freq=freq),
    "Rx1day": lambda x, freq: xci.max_1day_precipitation_amount(x.rain, freq=freq),
    "Rx5day": lambda x, freq: xci.max_n_day_precipitation_amount(x.rain, window=5, freq=freq),
    "TN10p": lambda x, freq: xci.tn10p(x.tmin, x.limit("tmin", 10), freq=freq, bootstrap=x.some),
    "TN90p": lambda x, freq: xci.tn90p(x.tmin, x.limit("tmin", 90), freq=freq, bootstrap=x.some),
    "TX10p": lambda x, freq: xci.tx10p(x.tmax, x.limit("tmax", 10), freq=freq, bootstrap=x.some),
    "TX90p": lambda x, freq: xci.tx90p(x.tmax, x.limit("tmax", 90), freq=freq, bootstrap=x.some),
}


class Given:
    """The series of a station as xclim takes them."""

    def __init__(self, folder: Path) -> None:
        with np.load(folder / "input.npz") as kept:
            self.kept = {name: kept[name] for name in kept.files}
        self.first, self.last = (str(year) for year in self.kept["base"])
        self.some = True  # some years are outside the base period, so it can be resampled
        self.limits: dict[tuple[str, int], Array] = {}

    @property
    def tmax(self) -> Array:
        return self.array("tmax", "degC")

    @property
    def tmin(self) -> Array:
        return self.array("tmin", "degC")

    @property
    def rain(self) -> Array:
        return self.array("precipitation", "mm/d")

    def array(self, name: str, unit: str, step: str = "D") -> Array:
        values = self.kept[name]
        start = np.datetime64(str(self.kept["start"]), step)
        times = (start + np.arange(values.size)).astype("datetime64[ns]")
        return Array(values, coords={"time": times}, dims="time", attrs={"units": unit})

    def of_base(self, series: Array) -> Array:
        return series.sel(time=slice(self.first, self.last))

    @property
    def tmean(self) -> Array:
        return ((self.tmax + self.tmin) / 2).assign_attrs(units="degC")

    def limit(self, name: str, percent: int) -> Array:
        if (name, percent) not in self.limits:
            series = self.of_base(getattr(self, name))
            found = percentile_doy(series, window=5, per=percent).sel(percentiles=percent)
            self.limits[name, percent] = found
        return self.limits[name, percent]


def annual(x: Given) -> Named:
    for name, compute in MONTHLY.items():
        yield name, compute(x, "YS")
    yield "FD", xci.frost_days(x.tmin)
    yield "SU", xci.tx_days_above(x.tmax, thresh="25 degC")
    yield "ID", xci.ice_days(x.tmax)
    yield "TR", xci.tn_days_above(x.tmin, thresh="20 degC")
    yield "WSDI", xci.warm_spell_duration_index(x.tmax, x.limit("tmax", 90), window=6)
    yield "CSDI", xci.cold_spell_duration_index(x.tmin, x.limit("tmin", 10), window=6)
    yield from season(x)
    yield "GDDgrow", xci.growing_degree_days(x.tmean, thresh="10 degC")
    yield "HDDheat", xci.heating_degree_days(x.tmean, thresh="18 degC")
    yield "CDDcold", xci.cooling_degree_days(x.tmean, thresh="18 degC")
    yield from annual_rain(x)


def season(x: Given) -> Named:
    south = float(x.kept["latitude"]) < 0
    middle, freq = ("01-01", "YS-JUL") if south else ("07-01", "YS")
    yield "GSL", xci.growing_season_length(x.tmean, mid_date=middle, freq=freq, op=">")


def annual_rain(x: Given) -> Named:
    yield "SDII", xci.daily_pr_intensity(x.rain)
    for name, least in (("R10mm", 10), ("R20mm", 20), ("Rnnmm", 25)):
        yield name, xci.wetdays(x.rain, thresh=f"{least} mm/d")
    yield "CDD", xci.maximum_consecutive_dry_days(x.rain)
    yield "CWD", xci.maximum_consecutive_wet_days(x.rain)
    yield "PRCPTOT", xci.prcptot(x.rain, thresh="1 mm/d")
    base = x.of_base(x.rain)
    wet = base.where(base >= 1)
    # A share of the total of days with more than 1 mm; the ETCCDI wants millimetres.
    total = x.rain.where(x.rain > 1).resample(time="YS").sum()
    for name, part in (("R95pTOT", 0.95), ("R99pTOT", 0.99)):
        limit = wet.quantile(part, method="median_unbiased").assign_attrs(units="mm/d")
        yield name, xci.fraction_over_precip_thresh(x.rain, limit).fillna(0) * total


def indices(x: Given) -> Named:
    yield from annual(x)
    for name, compute in MONTHLY.items():
        yield f"{name}.monthly", compute(x, "MS")


def drought(x: Given) -> Named:
    """Of sums by month, so that only the standardizing is compared."""
    calibration = {"cal_start": f"{x.first}-01-01", "cal_end": f"{x.last}-12-31"}
    ways = {
        "gamma.app": ("gamma", "APP", {"floc": 0}),
        "gamma.ml": ("gamma", "ML", {"floc": 0}),
        "gamma.lmoments": (distr.gam, "PWM", {"floc": 0}),
        "pearson3.lmoments": (distr.pe3, "PWM", {}),
        "log_logistic.lmoments": (distr.glo, "PWM", {}),
    }
    totals, balance = (x.array(name, "mm/d", step="M") for name in ("totals", "balance"))
    for months in (1, 3, 12, 24):
        for name, (dist, method, more) in ways.items():
            options = {"window": months, "dist": dist, "method": method, "fitkwargs": more}
            yield (
                f"spi.{name}.{months}",
                xci.stats.standardized_index(
                    totals, freq=None, zero_inflated=True, **options, **calibration
                ),
            )
            if not name.startswith("gamma"):
                yield (
                    f"spei.{name}.{months}",
                    xci.stats.standardized_index(
                        balance, freq=None, zero_inflated=False, **options, **calibration
                    ),
                )


def evapotranspiration(x: Given) -> Named:
    """In mm by month; xclim's Thornthwaite leaves out that months are not all 30 days long."""
    place = Array(float(x.kept["latitude"]), attrs={"units": "degrees_north"})
    options = {"tasmin": x.tmin, "tasmax": x.tmax, "lat": place}
    monthly = 86400 * xci.potential_evapotranspiration(method="TW48", **options)
    yield "thornthwaite", monthly * monthly.time.dt.days_in_month
    daily = 86400 * xci.potential_evapotranspiration(method="HG85", **options)
    yield "hargreaves", daily.resample(time="MS").sum()


KINDS = {
    "indices": indices,
    "season": season,
    "drought": drought,
    "evapotranspiration": evapotranspiration,
}


def main(folder: Path) -> None:
    x = Given(folder)
    compute = KINDS[str(x.kept["what"])]
    spent = []
    for _ in range(int(x.kept["repeats"])):
        x.limits.clear()
        started = time.perf_counter()
        found = {name: one.values for name, one in compute(x)}
        spent.append(time.perf_counter() - started)
    np.savez(folder / "output.npz", **found)
    sys.stdout.write(json.dumps({"seconds": spent}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
