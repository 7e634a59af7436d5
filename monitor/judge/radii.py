"""How far the reference's own draw may lie from its law: radii of bets that hold together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import acos, exp, pi, sqrt
from statistics import NormalDist

from monitor.reference.quantiles import normal


def together(tables: Sequence[Sequence[float]], accepted: Sequence[float], miss: float) -> float:
    """Return z such that all of these tables' errors stay below z standard deviations but with probability `miss`.

    The error of a table r is sqrt(m) (E_P[r] - E_p[r]) / sd(r): for a reference of m records a standard normal
    variable, correlated between tables as they are. Along the great circles from each table to the next it is a
    normal process of variance 1, and it exceeds z only where it begins above or crosses upwards, which happens
    length / (2 pi) exp(-z^2 / 2) times on average (Rice 1944; Adler & Taylor 2007, eq. 11.1.6). Tables that are
    alike cost little so. Bonferroni's bound is taken where it is the smaller.
    """
    if len(tables) == 1:
        return normal(miss)
    units = [_unit(table, accepted) for table in tables]
    length = sum(acos(min(1.0, max(-1.0, _product(a, b)))) for a, b in pairwise(units))
    low, high = normal(miss), normal(miss / len(tables))
    for _ in range(40):
        middle = (low + high) / 2
        exceeded = NormalDist().cdf(-middle) + length / (2 * pi) * exp(-middle * middle / 2)
        low, high = (middle, high) if exceeded > miss else (low, middle)
    return high


def skewed(z: float, size: float, skewness: float) -> float:
    """Return the radius of a bet of this skewness where accepted, of a reference worth `size` records.

    The normal quantile alone is too small for skewed bets: it holds ten times as seldom as it should for a level
    with 50 reference records. The second term of Cornish and Fisher's expansion gives its Clopper-Pearson bound.
    """
    return (z + max(0.0, skewness) * (z * z + 2) / (3 * sqrt(size))) / sqrt(size)


def moments(table: Sequence[float], accepted: Sequence[float]) -> tuple[float, float]:
    """Return the standard deviation and the skewness of a table with accepted mean 1."""
    squares = [p * (v - 1) * (v - 1) for p, v in zip(accepted, table, strict=True)]
    variance = sum(squares)
    third = sum([s * (v - 1) for s, v in zip(squares, table, strict=True)])
    return sqrt(variance), third / variance**1.5


def _unit(table: Sequence[float], accepted: Sequence[float]) -> list[float]:
    """Return a table as a unit vector, so that products are correlations."""
    found = [sqrt(p) * (v - 1) for p, v in zip(accepted, table, strict=True)]
    size = sqrt(_product(found, found))
    return [v / size for v in found]


def _product(a: Sequence[float], b: Sequence[float]) -> float:
    return sum([v * u for v, u in zip(a, b, strict=True)])
