"""Trend of a series: Theil–Sen line, Mann–Kendall test, least squares, and trends by season."""

from typing import Any

import numpy as np

from analyses.methods.calendar import YEAR, not_complete, years_since
from analyses.methods.least_squares import least_squares
from analyses.methods.mann_kendall import Autocorrelation
from analyses.methods.rain import amount_interval
from analyses.methods.results import extent, head, per, plain, timestamps_of
from analyses.methods.schemas import CONFIDENCE, MIN_COVERAGE
from analyses.methods.seasonal_trend import By, seasonal_trend, years_of
from analyses.methods.slopes import Floats, Sen
from analyses.methods.trend_line import fit, significance, slopes
from analyses.methods.trend_sample import Sample, reason_against, sample_of, warning_about
from analyses.methods.words import change
from analyses.registry import Analysis, Explanation, analyses
from datasets.series import Series


@np.errstate(over="ignore", invalid="ignore")
def trend(
    series: Series,
    *,
    step: str = "auto",
    by: By = "none",
    min_coverage: float = 0.8,
    confidence: float = 0.95,
    autocorrelation: Autocorrelation = "yue_wang",
) -> dict[str, Any]:
    """Find how a series changes with time, and how sure that is.

    Parameters
    ----------
    series : in its unit; slopes are in that unit per year of 365.2425 days and per decade
    step : "raw" values, means of each "month" or "year", or "auto": years where 10 are complete
    by : also the trend of each "season" (DJF, MAM, JJA, SON) or "month", and of all together
    min_coverage : 0 to 1
        A period with a smaller share of its expected values is left out, and so is one that the
        series does not reach the end of.
    confidence : 0.5 to 0.999
        Of all intervals, and of the limit above which a correlation of neighbours counts.
    autocorrelation : how dependence is allowed for
        By the variance of Kendall's S, which is never made smaller, or by whitening the values.

    Returns
    -------
    dict
        Values stand at their real times; nothing is filled.
        With fewer than three values, or equal ones, numbers are None and `reason` says why.

    References
    ----------
    Theil 1950; Sen 1968; Mann 1945; Kendall 1975; Hamed and Rao 1998; Yue and Wang 2004; von Storch
    1995; Yue et al. 2002; Hirsch et al. 1982; Hirsch and Slack 1984; Newey and West 1987.
    """
    sample = sample_of(series, step, min_coverage=min_coverage)
    result = heading(series, sample) | {"confidence": confidence, "seasonal": None}
    if by != "none":
        result["seasonal"] = seasonal_trend(
            series,
            by,
            min_coverage=min_coverage,
            confidence=confidence,
            autocorrelation=autocorrelation,
        )
    reason = reason_against(sample)
    if reason:
        return plain(result | NOTHING | {"reason": reason})
    origin = sample.timestamps[0]
    x, y = years_since(sample.timestamps, origin), sample.values
    found = fit(x, y, confidence=confidence, autocorrelation=autocorrelation)
    at_origin = {"intercept": found.line.intercept, "intercept_at": timestamps_of(origin)[0]}
    return plain(
        result
        | {
            "theil_sen": slopes(found.line, found.wide) | at_origin,
            "mann_kendall": significance(found) | {"autocorrelation": autocorrelation},
            "least_squares": least_squares(x, y, confidence=confidence),
            "line": drawn_line(sample, x, found.wide),
            "band": drawn_band(sample, x, found.wide),
            "warning": warning_about(sample.years),
            "reason": None,
        }
    )


NOTHING: dict[str, Any] = {
    "theil_sen": None,
    "mann_kendall": None,
    "least_squares": None,
    "line": None,
    "band": None,
    "warning": None,
}


def heading(series: Series, sample: Sample) -> dict[str, Any]:
    """`n` counts what the line is fitted to, `n_values` the values in it."""
    used = series.timestamps[sample.used]
    counts = {"n": int(sample.values.size), "n_values": int(used.size)}
    about = {
        "step": sample.step,
        "years": round(sample.years, 4),
        "units": {
            "per_decade": per(series.unit, "decade"),
            "per_year": per(series.unit, "year"),
            "corrected_per_decade": per(series.unit, "decade"),
            "corrected_per_year": per(series.unit, "year"),
            "intercept": series.unit,
            "line": series.unit,
            "band": series.unit,
            "years": "year",
            "mann_kendall": "1",
            "homogeneity": "1",
            "r_squared": "1",
            "p": "1",
            "hac_p": "1",
            "hac_lags": "1",
            "lag_1_autocorrelation": "1",
            "durbin_watson": "1",
        },
    }
    return head(series) | counts | extent(used) | about | amount_interval(series, sample.step)


def drawn_line(sample: Sample, x: Floats, line: Sen) -> list[list[Any]]:
    ends = timestamps_of(sample.timestamps[[0, -1]])
    return [[t, line.intercept + line.slope * at] for t, at in zip(ends, x[[0, -1]], strict=True)]


def drawn_band(sample: Sample, x: Floats, line: Sen) -> list[list[Any]]:
    """Timestamp, lower, upper: the interval of the slope, through the point of medians."""
    middle = float(np.median(x))
    level = line.intercept + line.slope * middle
    turn = sample.timestamps[0] + np.timedelta64(round(middle * YEAR), "us")
    stamps = timestamps_of(np.array([sample.timestamps[0], turn, sample.timestamps[-1]]))
    band = []
    for stamp, at in zip(stamps, (x[0], middle, x[-1]), strict=True):
        edges = sorted(level + slope * (at - middle) for slope in (line.lower, line.upper))
        band.append([stamp, *edges])
    return band


def explain(  # noqa: PLR0913 - these are the parameters of the analysis
    series: Series,
    path: tuple[str | int, ...],
    *,
    step: str = "auto",
    by: By = "none",
    min_coverage: float = 0.8,
    confidence: float = 0.95,
    autocorrelation: Autocorrelation = "yue_wang",
) -> Explanation:
    """The values in complete periods, of one season or month where the path leads to one."""
    if path[:1] != ("seasonal",) or by == "none":
        sample = sample_of(series, step, min_coverage=min_coverage)
        return Explanation(np.where(sample.used, 0, 1), ("", not_complete(sample.step)))
    years = years_of(series, by, min_coverage=min_coverage)
    codes = np.where(years.used, 0, 1)
    if path[1:2] == ("seasons",) and len(path) > 2:
        codes = np.where(years.places == path[2], codes, 2)
    return Explanation(codes, ("", not_complete(by), f"It is in another {by}."))


analyses.add(
    Analysis(
        name="trend",
        title="Trend",
        description=(
            "Theil–Sen slope with its interval, Mann–Kendall test corrected for autocorrelation, "
            "and least squares for comparison, on values or on means of months or years; the "
            "seasonal Kendall test and slope, and the trend of each season or month."
        ),
        parameters={
            "step": {
                "type": "string",
                "enum": ["auto", "raw", "month", "year"],
                "default": "auto",
                "description": "What the line is fitted to; auto takes means of years where at "
                "least 10 years are complete, else the values.",
            },
            "by": {
                "type": "string",
                "enum": ["none", "season", "month"],
                "default": "none",
                "description": "Also the trend of each season (DJF, MAM, JJA, SON) or month, and "
                "the seasonal Kendall test and slope of all together.",
            },
            "min_coverage": MIN_COVERAGE
            | {
                "description": "Smallest share of its expected values with which a month, "
                "season or year counts."
            },
            "confidence": CONFIDENCE,
            "autocorrelation": {
                "type": "string",
                "enum": [
                    "hamed_rao",
                    "yue_wang",
                    "pre_whitening",
                    "trend_free_pre_whitening",
                    "none",
                ],
                "default": "yue_wang",
                "description": "How dependent values are allowed for: by a larger variance of the "
                "test, or by taking the likeness of neighbours from the values.",
            },
        },
        missing=(
            "Nothing is filled. A month, season or year with less than `min_coverage` of its "
            "expected values is left out, and so is one that the series does not reach the end of."
        ),
        references=(
            "Theil 1950, Proc. Kon. Ned. Akad. v. Wetensch. A 53, 386–392",
            "Sen 1968, doi:10.1080/01621459.1968.10480934",
            "Mann 1945, doi:10.2307/1907187",
            "Kendall 1975, Rank Correlation Methods, Griffin, London",
            "Hamed and Rao 1998, doi:10.1016/S0022-1694(97)00125-X",
            "Yue and Wang 2004, doi:10.1023/B:WARM.0000043140.61082.60",
            "von Storch 1995, doi:10.1007/978-3-662-03167-4_2 (pre-whitening)",
            "Yue et al. 2002, doi:10.1002/hyp.1095 (trend-free pre-whitening)",
            "Hirsch, Slack and Smith 1982, doi:10.1029/WR018i001p00107 (seasonal test and slope)",
            "Hirsch and Slack 1984, doi:10.1029/WR020i006p00727 (covariances of seasons)",
            "Wang and Swail 2001, doi:10.1175/1520-0442(2001)014<2204:COEWHI>2.0.CO;2",
            "van Belle and Hughes 1984, doi:10.1029/WR020i001p00127 (whether seasons agree)",
            "Newey and West 1987, doi:10.2307/1913610; 1994, doi:10.2307/2297912 (HAC errors)",
        ),
        version=2,
        compute=trend,
        says=change.trend,
        explain=explain,
        libraries=("numpy", "scipy"),
    )
)
