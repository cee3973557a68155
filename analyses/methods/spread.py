"""How far values spread, told by medians, which a few that are far out do not move."""

import numpy as np

from analyses.methods.slopes import Floats

# What makes the median absolute deviation of normal values their standard deviation.
MAD_TO_STD = 1.482602218505602


def robust_spread(values: Floats, middle: float) -> float:
    """Median distance from the middle, scaled to the standard deviation of normal values."""
    return MAD_TO_STD * float(np.median(np.abs(values - middle)))
