"""Numbers that stand for something else, such as -999 for a missing one: frequent, and far from all others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from monitor.reference.infer import MOST_DISCRETE

LEAST, FEWEST = 0.005, 10
"""Share of the values, and their number, from which on one is frequent."""

MOST = 3
"""Of such values at either end."""

BEYOND = 2.0
"""The gap is wider than so many times the range of the other values, but for 1 % of these at either end."""

Floats = NDArray[np.float64]


def sentinels(numbers: Floats) -> Iterator[tuple[float, float]]:
    """Yield frequent values that lie far from all others, and their shares, the lowest first.

    Parameters
    ----------
    numbers : float array (n,)
        Finite values of a column, in any order. Of few different ones each is a level, and nothing is said.
    """
    values, counts = np.unique(numbers, return_counts=True)
    frequent = counts >= max(FEWEST, LEAST * len(numbers))
    low, high = _run(frequent), _run(frequent[::-1])
    others = slice(low, len(values) - high)
    if len(values[others]) <= MOST_DISCRETE:
        return
    ends = np.quantile(np.repeat(values[others], counts[others]), (0.01, 0.99))
    with np.errstate(over="ignore"):
        far = BEYOND * float(ends[1] - ends[0])
        gaps = np.diff(values)
    below = max((at + 1 for at in range(low) if gaps[at] > far), default=0)
    above = max((at + 1 for at in range(high) if gaps[-1 - at] > far), default=0)
    for at in (*range(below), *range(len(values) - above, len(values))):
        yield float(values[at]), float(counts[at] / len(numbers))


def _run(frequent: NDArray[np.bool_]) -> int:
    """Return how many of the first values are frequent, one after the other, of the first few."""
    first = frequent[:MOST]
    return int(np.argmin(first)) if not first.all() else len(first)
