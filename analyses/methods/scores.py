"""How well one series follows another that is taken for the truth."""

import math
from typing import Any

import numpy as np

from analyses.methods.coefficients import Asked, coefficient
from analyses.methods.slopes import Floats

OF_UNIT = ("mean", "reference_mean", "bias", "mae", "rmse", "centred_rmse", "std", "reference_std")
PURE = (
    "normalised_std", "normalised_centred_rmse", "r", "r_p", "r_n_eff", "taylor_skill",
    "taylor_skill_4", "nse", "kge", "kge_alpha", "kge_beta",
)  # fmt: skip
Numbers = dict[str, Any]
LEAST_RATIO = 1e-100  # of standard deviations, whose square is a number


def scores(x: Floats, y: Floats) -> Numbers:
    """Score a series against another, in order of time.

    Parameters
    ----------
    x, y : shape (n,), in one unit
        y is taken for the truth; differences are x minus y.

    Returns
    -------
    dict
        Of `OF_UNIT` and `PURE`, `n` and `reason`. Standard deviations are those with n, so that
        centred_rmse² = std² + reference_std² − 2 · std · reference_std · r (Taylor 2001, doi:
        10.1029/2000JD900719, equation 1).
    """
    found: Numbers = {"n": int(x.size)} | dict.fromkeys((*OF_UNIT, *PURE)) | {"reason": None}
    if x.size == 0:
        return found | {"reason": "There are no pairs."}
    # In shares of the largest, so that no square vanishes or overflows.
    share = max(float(np.abs(x).max()), float(np.abs(y).max())) or 1.0
    found |= differences(x / share, y / share)
    found |= agreement(x, y, found)
    return found | {name: found[name] * share for name in OF_UNIT}


def differences(x: Floats, y: Floats) -> Numbers:
    mean, reference_mean = float(np.mean(x)), float(np.mean(y))
    error = x - y
    return {
        "mean": mean,
        "reference_mean": reference_mean,
        "bias": mean - reference_mean,
        "mae": float(np.mean(np.abs(error))),
        "rmse": root_mean_square(error),
        "centred_rmse": root_mean_square((x - mean) - (y - reference_mean)),
        "std": root_mean_square(x - mean),
        "reference_std": root_mean_square(y - reference_mean),
    }


def root_mean_square(values: Floats) -> float:
    return math.sqrt(float(values @ values) / values.size)


def agreement(x: Floats, y: Floats, known: Numbers) -> Numbers:
    """What compares the spread of both, so that neither may be constant."""
    one = coefficient(x, y, Asked())
    if one.r is None:
        return {"reason": one.reason}
    spreads = sorted((known["std"], known["reference_std"]))
    if spreads[0] <= LEAST_RATIO * spreads[1]:
        return {"reason": "The spread of one series is nothing beside that of the other."}
    ratio = known["std"] / known["reference_std"]
    spread = (ratio + 1 / ratio) ** 2
    beta = known["mean"] / known["reference_mean"] if known["reference_mean"] else None
    return {
        "normalised_std": ratio,
        "normalised_centred_rmse": known["centred_rmse"] / known["reference_std"],
        "r": one.r,
        "r_p": one.p,
        "r_n_eff": one.n_eff,
        # Taylor 2001, equations 4 and 5, with a highest possible correlation of 1.
        "taylor_skill": 2 * (1 + one.r) / spread,
        "taylor_skill_4": (1 + one.r) ** 4 / (4 * spread),
        "nse": 1 - (known["rmse"] / known["reference_std"]) ** 2,
        "kge": None if beta is None else 1 - math.hypot(one.r - 1, ratio - 1, beta - 1),
        "kge_alpha": ratio,
        "kge_beta": beta,
        "reason": one.reason,
    }
