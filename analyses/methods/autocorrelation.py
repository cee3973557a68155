"""How values are like those before them, and what follows from it."""

import numpy as np

from analyses.methods.slopes import Floats


def lag_1(centred: Floats) -> float:
    """Correlation of neighbours, of values about their mean that are not all equal."""
    # In units of the largest, whose square neither vanishes nor overflows.
    scaled = centred / np.abs(centred).max()
    return float(scaled[1:] @ scaled[:-1]) / float(scaled @ scaled)


def autocorrelations(values: Floats) -> Floats:
    """Correlation with itself at lags 0 to n − 1, each sum divided by n; by Fourier transform."""
    centred = values - values.mean()
    length = 2 ** int(2 * values.size - 1).bit_length()
    spectrum = np.fft.rfft(centred, length)
    products = np.fft.irfft(np.abs(spectrum) ** 2, length)[: values.size]
    return np.asarray(products / products[0])


def sample_size_factor(rho: Floats, n: int) -> float:
    """N over its effective size for correlations at lags 1, 2, … (Matalas and Langbein 1962)."""
    lags = np.arange(1, rho.size + 1)
    return 1 + 2 * float((1 - lags / n) @ rho)


def red_noise(turns: Floats, *, r: float) -> Floats:
    """Power of first-order autoregression, its mean over all frequencies being 1.

    Torrence and Compo 1998, doi:10.1175/1520-0477(1998)079<0061:APGTWA>2.0.CO;2, equation 16.

    Parameters
    ----------
    turns : radians from one value to the next
    r : lag-1 correlation
    """
    return np.asarray((1 - r**2) / (1 + r**2 - 2 * r * np.cos(turns)))
