"""Columns that cannot be watched, because what comes next is never like what came before."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

ENOUGH = 100
"""Fewer values say nothing about growth or repetition."""

BLOCKS = 10
LOOKED_AT = 200
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?([T ].*)?|\d{4}/\d\d?/\d\d?( .*)?|\d\d?[./]\d\d?[./]\d{2,4}( .*)?", re.ASCII)


def grows(numbers: NDArray[np.float64]) -> bool:
    """Return whether values move one way all the time, as counters and clocks do.

    Every tenth of them must lie beyond the one before, by the quartiles: several processes may count, each a little
    behind another.

    Parameters
    ----------
    numbers : float array (n,)
        Finite values in order of arrival.
    """
    if len(numbers) < ENOUGH:
        return False
    ends = [np.quantile(block, (0.25, 0.75)) for block in np.array_split(numbers, BLOCKS)]
    low, high = np.array(ends).T
    return bool(np.all(low[1:] > high[:-1]) or np.all(high[1:] < low[:-1]))


def never_repeats(numbers: NDArray[np.float64]) -> bool:
    """Return whether whole numbers never repeat although chance would have them do so: somebody numbered something.

    Of n numbers drawn evenly from R, n^2 / 2R pairs agree on average, and more where they are drawn unevenly. None at
    all where five are expected has a chance below e^-5.
    """
    if len(numbers) < ENOUGH or len(np.unique(numbers)) < len(numbers) or np.any(numbers != np.rint(numbers)):
        return False
    reach = float(numbers.max()) - float(numbers.min()) + 1
    return reach < len(numbers) ** 2 / 10


def dates(texts: Mapping[str, int]) -> bool:
    """Return whether all of the most frequent texts are dates: tomorrow's would never have been seen before."""
    return bool(texts) and all(_DATE.fullmatch(text.strip()) for text in _frequent(texts))


def numbers_as_text(texts: Mapping[str, int]) -> bool:
    """Return whether all of the most frequent texts spell numbers."""
    return bool(texts) and all(map(_spells_a_number, _frequent(texts)))


def _frequent(texts: Mapping[str, int]) -> list[str]:
    return sorted(texts, key=lambda text: (-texts[text], text))[:LOOKED_AT]


def _spells_a_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
