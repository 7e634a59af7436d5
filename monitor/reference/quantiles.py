"""The three quantiles that honest radii need, exact and without a statistics package in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import erfc, exp, lgamma, log, sqrt
from statistics import NormalDist

_EXACT_UP_TO = 200
_FEW_EVENTS = 2_000
_NEGLIGIBLE = 1e-17


def normal(upper: float) -> float:
    """Return z with P(Z > z) = upper."""
    return -NormalDist().inv_cdf(upper)


@lru_cache(1_000)
def chi_square(degrees: int, upper: float) -> float:
    """Return x with P(chi-square with that many degrees of freedom > x) = upper.

    Closed sums up to 200 degrees (Abramowitz & Stegun 26.4.4-5); above, the Wilson-Hilferty cube, whose error
    there is below one part in a thousand.
    """
    if degrees > _EXACT_UP_TO:
        spread = 2 / (9 * degrees)
        cube = 1 - spread + normal(upper) * sqrt(spread)
        return float(degrees * cube**3)
    return _decreasing(lambda x: _chi_square_tail(degrees, x) - upper, 0.0, degrees + 60.0 - 4 * log(upper))


def _chi_square_tail(degrees: int, x: float) -> float:
    if x <= 0:
        return 1.0
    half = x / 2
    if degrees % 2 == 0:
        return sum(exp(i * log(half) - half - lgamma(i + 1)) for i in range(degrees // 2))
    terms = (exp((i + 0.5) * log(half) - half - lgamma(i + 1.5)) for i in range(degrees // 2))
    return erfc(sqrt(half)) + sum(terms)


def share_at_most(events: int, of: float, upper: float) -> float:
    """Return the Clopper-Pearson upper bound of a share: P(Binomial(of, p) <= events) = upper.

    `of` may be a fraction (a sample shrunk by dependence): the bound is then that of the whole number below.
    """
    trials = int(of)
    if events >= trials:
        return 1.0
    return _decreasing(lambda p: _binomial_tail(events, trials, p) - upper, 0.0, 1.0)


def _binomial_tail(events: int, trials: int, share: float) -> float:
    """Return P(Binomial <= events); of many events, 1 where it is about a half or more."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    if events > _FEW_EVENTS:
        return _tail_of_many(events, trials, share) if events < trials * share else 1.0
    term = trials * log(1 - share)
    odds = log(share) - log(1 - share)
    total = exp(term)
    for i in range(events):
        term += odds + log(trials - i) - log(i + 1)
        total += exp(term)
    return total


def _tail_of_many(events: int, trials: int, share: float) -> float:
    """Return P(Binomial <= events), fewer than expected: from the largest term down, as far as terms matter."""
    term = lgamma(trials + 1) - lgamma(events + 1) - lgamma(trials - events + 1)
    term += events * log(share) + (trials - events) * log(1 - share)
    total = last = exp(term)
    odds = (1 - share) / share
    for i in range(events, 0, -1):
        last *= odds * i / (trials - i + 1)
        total += last
        if last <= _NEGLIGIBLE * total:
            break
    return total


def _decreasing(f: Callable[[float], float], low: float, high: float) -> float:
    """Return where a decreasing function crosses zero, from above."""
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if f(middle) > 0 else (low, middle)
    return high
