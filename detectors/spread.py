"""Mean and standard deviation of any finite numbers, however large or small."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WILD = 1_000.0
"""Where the standard deviation is so many times the usual distance from the median, few values make it."""

Floats = NDArray[np.float64]


def moments(values: Floats) -> tuple[float, float]:
    """Return mean and standard deviation of finite values, 0 and 0 where there are none.

    Squares leave the range of floats long before their numbers do: then they are taken in units of the largest.
    """
    if not len(values):
        return 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        mean, spread = float(values.mean()), float(values.std())
    if np.isfinite(mean) and np.isfinite(spread) and (spread or values.min() == values.max()):
        return mean, spread
    largest = float(np.abs(values).max())
    scaled = values / largest
    return float(scaled.mean()) * largest, float(scaled.std()) * largest


def middle_and_spread(values: Floats) -> tuple[float, float]:
    """Return mean and standard deviation of finite values, or of a column with a sentinel what is usual in it.

    A few values that stand for something else (the largest float, 999999999) make all others one by their standard
    deviation. Then it is the median, and the median distance from it among the values that differ from it.
    """
    mean, spread = moments(values)
    ordered = np.sort(values)
    median = float(ordered[len(ordered) // 2]) if len(ordered) else 0.0
    with np.errstate(over="ignore"):
        away = np.sort(np.abs(ordered - median))
    away = away[away > 0]
    usual = float(away[len(away) // 2]) if len(away) else 0.0
    return (mean, spread) if spread <= WILD * usual else (median, usual)
