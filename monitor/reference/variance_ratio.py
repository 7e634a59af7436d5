"""How much more the means of blocks of records vary than independent records would have them vary, and by chance.

Given a context records differ in how much they vary: nearly all of the lowest values come in a few hours of the day,
and rare values make few pairs. So the ratio of variances is not that of as many blocks of one normal law: its own
variance and skewness, those of sums over the pairs in each block, say how far it reaches by chance (Satterthwaite 1946;
with three moments Imhof 1961).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.reference.quantiles import chi_square

UPPER_AT = 0.05
MOST_DEGREES = 1_000_000
"""A chi-square of more is normal."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Ratio(NamedTuple):
    """Variance of block means times their length, over the variance of records.

    Attributes
    ----------
    size : float
        1 on average where records are independent.
    spread : float
        Its standard deviation then.
    degrees, skewed : int
        Degrees of freedom of the chi-square that varies, or that is skewed, as it is then.
    """

    size: float
    spread: float
    degrees: int
    skewed: int

    def beyond(self, chance: float) -> bool:
        """Return whether it is larger than chance makes it in that share of independent samples."""
        furthest = (chi_square(self.skewed, chance) - self.skewed) / (2 * self.skewed) ** 0.5
        return bool(self.size - 1 > furthest * self.spread)

    @property
    def upper(self) -> float:
        """Upper estimate of what it is in the long run."""
        return self.size * self.degrees / chi_square(self.degrees, 1 - UPPER_AT)


def means(z: Floats, of: Ints) -> Floats:
    """Return the mean of the numbers of each kind; `of` says which kind each is."""
    return np.asarray(np.bincount(of, weights=z) / np.maximum(np.bincount(of), 1))


def moments(z: Floats, contexts: Ints | None) -> tuple[Floats, Floats]:
    """Return the variance and the third moment that each record has in its context; single ones without contexts."""
    rest = z - z.mean()
    square = rest * rest
    third = square * rest
    if contexts is None:
        return np.array([square.mean()]), np.array([third.mean()])
    return means(square, contexts)[contexts], means(third, contexts)[contexts]


def variance_ratio(z: Floats, laws: tuple[Floats, Floats], length: int) -> Ratio:
    """Return the ratio at one length of blocks; `laws` are the records' `moments`."""
    blocks = len(z) // length
    size = float(length * _by_block(z, blocks).var(ddof=1) / z.var())
    own, third = (law if len(law) == 1 else _by_block(law, blocks) for law in laws)
    each = blocks / len(own)
    whole, squares = each * float(own.sum()), each * float((own * own).sum())
    spread = (2 * (length - 1) / length * squares) ** 0.5
    skew = each * float((third * third / 2 + (length - 2) * own * own * own).sum()) * 8 * (length - 1) / length**2
    skewed = 8 * spread**6 / skew**2 if skew > 0 else MOST_DEGREES
    degrees = max(1, round(whole**2 / squares) - 1)
    return Ratio(size, spread / whole, degrees, round(min(MOST_DEGREES, max(1, skewed))))


def _by_block(z: Floats, blocks: int) -> Floats:
    length = len(z) // blocks
    return np.asarray(z[: blocks * length].reshape(blocks, length).mean(axis=1))
