"""Logarithms of many numbers that are the same on every processor: numpy's own pick their kernels by its features."""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

_TERMS = 12
_LOG_2 = log(2.0)


def logarithms(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return natural logarithms of positive numbers, elementwise.

    With x = m 2^e and m in [.5, 1), log m = -2 (s + s^3 / 3 + ...), s = (1 - m) / (1 + m) at most 1/3: additions,
    products and one quotient, which IEEE 754 rounds alike everywhere. Twelve terms leave less than 10^-12.
    """
    m, e = np.frexp(x)
    s = (1.0 - m) / (1.0 + m)
    square = s * s
    total = np.full_like(s, 1.0 / (2 * _TERMS - 1))
    for odd in range(2 * _TERMS - 3, 0, -2):
        total = total * square + 1.0 / odd
    found: NDArray[np.float64] = e * _LOG_2 - 2.0 * s * total
    return found
