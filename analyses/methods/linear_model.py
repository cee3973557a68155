"""Least squares on several terms, with errors of its coefficients and a look at what it leaves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyses.methods.slopes import Floats

# An eigenvalue of the correlations of the terms below this is rounding.
SINGULAR = 1e-10
EXACT = 1e-12
LARGEST = 1e150  # the square of which is a number
MOST_INFLUENTIAL = 5
ERRORS = ("standard_error", "t", "p", "lower", "upper")
TESTED = (*ERRORS, *(f"hac_{name}" for name in ERRORS))
INTERCEPT = {"name": "intercept", "kind": "intercept", "series": None}
NOTHING: dict[str, Any] = {"terms": [], "fit": None, "diagnostics": None, "influence": []}


@dataclass(frozen=True, slots=True)
class Term:
    """A column of numbers and what is said of it in the results."""

    name: str
    facts: dict[str, Any]
    values: Floats


@dataclass(frozen=True, slots=True)
class Scaled:
    """Values about their means, in standard deviations: least squares on them lose no digits."""

    y: Floats
    columns: Floats
    y_mean: float
    y_std: float
    means: Floats
    stds: Floats

    @property
    def correlations(self) -> Floats:
        return np.asarray(self.columns.T @ self.columns / self.y.size)

    @property
    def back(self) -> Floats:
        """What leads from the coefficients of scaled values to those of the values."""
        ratios = self.y_std / self.stds
        matrix = np.diag([self.y_std, *ratios])
        matrix[0, 1:] = -ratios * self.means
        return matrix


def scaled(y: Floats, terms: Sequence[Term]) -> Scaled:
    columns = np.column_stack([one.values for one in terms])
    means, stds = columns.mean(axis=0), columns.std(axis=0)
    mean, std = float(y.mean()), float(y.std())
    return Scaled((y - mean) / std, (columns - means) / stds, mean, std, means, stds)


def reason_against(y: Floats, terms: Sequence[Term]) -> str | None:
    """Why no line can be fitted, if so."""
    least = len(terms) + 2
    if y.size < least:
        what = f"{len(terms)} term{'s' if len(terms) > 1 else ''} and an intercept"
        return f"With {what} at least {least} common times are needed, and there are {y.size}."
    if any(np.abs(one).max() > LARGEST for one in (y, *(term.values for term in terms))):
        return "The values are too large to compute with."
    if not is_spread(y):
        return "All values of the first series are equal at the common times."
    for one in terms:
        if not is_spread(one.values):
            return f"All values of {one.name} are equal at the common times."
    return reason_of_collinearity(terms, scaled(y, terms))


def is_spread(values: Floats) -> bool:
    """Whether they differ by more than rounding, and by enough that its square is a number."""
    spread = float(np.ptp(values))
    return spread > max(EXACT * float(np.abs(values).max()), 1 / LARGEST)


def reason_of_collinearity(terms: Sequence[Term], found: Scaled) -> str | None:
    values, vectors = np.linalg.eigh(found.correlations)
    if values[0] > SINGULAR * values[-1]:
        return None
    # What has a weight in the sum that is nothing takes part in it.
    names = [
        one.name for one, weight in zip(terms, vectors[:, 0], strict=True) if abs(weight) > 0.1
    ]
    told = f"{', '.join(names[:-1])} and {names[-1]}"
    return f"Each of {told} follows from the others; leave one of them out."


def least_squares(
    y: Floats, terms: Sequence[Term], *, unit: str, confidence: float, hac_lags: int
) -> dict[str, Any]:
    """Fit a sum of terms and an intercept.

    Parameters
    ----------
    y : shape (n,), in order of time
    terms : not collinear, n at least their number and two
    unit : of y
    hac_lags : lags of the errors that do not take neighbours for independent (Newey and West 1987)
    """
    import statsmodels.api as sm

    given = scaled(y, terms)
    fit = sm.OLS(given.y, sm.add_constant(given.columns, has_constant="add")).fit()
    is_exact = float(fit.ssr) <= EXACT**2 * y.size
    robust = fit.get_robustcov_results(cov_type="HAC", maxlags=hac_lags, use_correction=True)
    facts = [INTERCEPT | {"unit": unit}, *(one.facts for one in terms)]
    rows = coefficients(fit, robust, given, confidence)
    if is_exact:
        rows = [one | dict.fromkeys(TESTED) for one in rows]
    return {
        "terms": [one | row for one, row in zip(facts, rows, strict=True)],
        "fit": quality(fit, given.y_std, is_exact=is_exact),
        "diagnostics": None if is_exact else diagnostics(fit, given),
        "influence": [] if is_exact else influence(fit, given.y_std),
        "reason": "The fit is exact, so there is nothing to test." if is_exact else None,
    }


def coefficients(fit: Any, robust: Any, given: Scaled, confidence: float) -> list[dict[str, Any]]:
    """Of the intercept and each term, in the units of the values."""
    values = given.back @ fit.params
    values[0] += given.y_mean
    plain, hac = (
        tests(values, given.back @ one.cov_params() @ given.back.T, one.df_resid, confidence)
        for one in (fit, robust)
    )
    inflation = [None, *np.diag(np.linalg.inv(given.correlations))]
    standardised = [None, *fit.params[1:]]
    return [
        {"coefficient": float(values[place])}
        | plain[place]
        | {f"hac_{name}": value for name, value in hac[place].items()}
        | {"standardised": standardised[place], "vif": inflation[place]}
        for place in range(values.size)
    ]


def tests(
    coefficients: Floats, covariance: Floats, df: float, confidence: float
) -> list[dict[str, float]]:
    """Student's t of each coefficient against zero, and its interval."""
    from scipy.stats import t as student

    reach = float(student.ppf((1 + confidence) / 2, df))
    found = []
    for value, error in zip(coefficients, np.sqrt(np.diag(covariance)), strict=True):
        t = float(value / error) if error > 0 else math.inf
        found.append(
            {
                "standard_error": float(error),
                "t": t,
                "p": 2 * float(student.sf(abs(t), df)),
                "lower": float(value - reach * error),
                "upper": float(value + reach * error),
            }
        )
    return found


def quality(fit: Any, y_std: float, *, is_exact: bool) -> dict[str, Any]:
    """How much of the series it tells; criteria as of values in their unit."""
    # The likelihood is a density, so it has the unit in it.
    shift = 2 * fit.nobs * math.log(y_std)
    found = {
        "n": int(fit.nobs),
        "df_model": int(fit.df_model),
        "df_residual": int(fit.df_resid),
        "r_squared": fit.rsquared,
        "adjusted_r_squared": fit.rsquared_adj,
        "residual_std": math.sqrt(fit.mse_resid) * y_std,
    }
    if is_exact:
        return found | dict.fromkeys(("f", "f_p", "aic", "bic"))
    return found | {
        "f": fit.fvalue,
        "f_p": fit.f_pvalue,
        "aic": fit.aic + shift,
        "bic": fit.bic + shift,
    }


def diagnostics(fit: Any, given: Scaled) -> dict[str, Any]:
    """Whether residuals are independent, equally spread and normal, and terms no copies."""
    from statsmodels.stats.diagnostic import het_breuschpagan
    from statsmodels.stats.stattools import durbin_watson, jarque_bera

    lm, lm_p, f, f_p = het_breuschpagan(fit.resid, fit.model.exog)
    jb, jb_p, skewness, kurtosis = jarque_bera(fit.resid)
    eigenvalues = np.linalg.eigvalsh(given.correlations)
    return {
        "durbin_watson": durbin_watson(fit.resid),
        "lag_1_autocorrelation": float(fit.resid[1:] @ fit.resid[:-1]) / float(fit.ssr),
        "breusch_pagan": {"lm": lm, "p": lm_p, "f": f, "f_p": f_p},
        "jarque_bera": {"statistic": jb, "p": jb_p, "skewness": skewness, "kurtosis": kurtosis - 3},
        "condition_number": math.sqrt(eigenvalues[-1] / eigenvalues[0]),
    }


def influence(fit: Any, y_std: float) -> list[dict[str, Any]]:
    """The times that move the coefficients most, with their places, the strongest first."""
    found = fit.get_influence()
    distances = np.nan_to_num(found.cooks_distance[0], nan=-1.0, posinf=-1.0)
    places = np.argsort(-distances, kind="stable")[:MOST_INFLUENTIAL]
    return [
        {
            "place": int(place),
            "cooks_distance": float(distances[place]),
            "leverage": float(found.hat_matrix_diag[place]),
            "residual": float(fit.resid[place]) * y_std,
            "studentised": float(found.resid_studentized_internal[place]),
        }
        for place in places
        if distances[place] >= 0
    ]
