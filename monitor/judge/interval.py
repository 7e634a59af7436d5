"""Confidence sequences of effect sizes: each holds at every number of records at once, so at any moment of stopping.

The records that are counted must begin at a moment that they did not choose themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import lgamma, log, log1p, sqrt

MISS = 0.05
"""Probability that the size is ever outside."""

PRIOR = 100.0
"""Records near which the sequences are tightest."""

_HALVINGS = 60


def radius(deviation: float, records: float, miss: float = MISS) -> float:
    """Return half the width of a confidence sequence for a mean.

    Robbins' normal mixture (Howard, Ramdas, McAuliffe, Sekhon 2021, eq. 3.7).
    """
    whole = records + PRIOR
    return deviation * sqrt(whole * log(whole / (PRIOR * miss * miss))) / records


def w_interval(q: Sequence[float], accepted: Sequence[float], records: float) -> tuple[float, float]:
    """Return between which values Cohen's w of the law lies about the accepted shares.

    Of shares q that are seen, q - p = (law - p) + noise, so seen = w^2 + 2 w x + y: x is the noise along the shift,
    a mean in one direction, and y its square in all of them. x stays within Robbins' bound, y between 0 and that of
    the same mixture in all directions at once (the method of mixtures, de la Pena, Lai, Shao 2009, section 14.2).

    Parameters
    ----------
    q, accepted : sequences of float (K,)
    records : float
        That q is made of, divided by the design effect.
    """
    seen = sum((a - p) ** 2 / p for a, p in zip(q, accepted, strict=True))
    noises = [max(a * (1 - a), p * (1 - p)) / p for a, p in zip(q, accepted, strict=True)]  # of an empty bin too
    total, squares = sum(noises), sum(v * v for v in noises)
    whole = records + PRIOR
    most = whole / records * (2 * squares / total * log(2 / MISS) + total * log(whole / PRIOR)) / records
    x = radius(_deviation(q, accepted, seen, records), records)
    low = sqrt(x * x + max(0.0, seen - most)) - x
    return max(0.0, low), min(sqrt(x * x + seen) + x, sqrt(1 / min(accepted) - 1))


def noise(q: Sequence[float], accepted: Sequence[float], records: float) -> float:
    """Return by how much the square of w that is seen exceeds that of the law on average."""
    return sum(a * (1 - a) / p for a, p in zip(q, accepted, strict=True)) / records


def _deviation(q: Sequence[float], accepted: Sequence[float], seen: float, records: float) -> float:
    """Return the standard deviation of a record along the shift that is seen."""
    if seen == 0.0:
        return 1.0
    g = [(a / p - 1) / sqrt(seen) for a, p in zip(q, accepted, strict=True)]
    mean = sum(a * v for a, v in zip(q, g, strict=True))
    variance = sum(a * (v - mean) ** 2 for a, v in zip(q, g, strict=True))
    least = (max(g) - min(g)) ** 2 / (records + 1)  # that no record lay elsewhere does not show that none ever will
    return sqrt(max(variance, least))


def share_interval(events: float, records: float) -> tuple[float, float]:
    """Return between which values a share lies: exact, the beta mixture of likelihood ratios (Robbins 1970).

    With a prior of half an event and half another, a share p is outside where the mixture's likelihood is more than
    1 / MISS times its own; it is, at any moment, with probability MISS at most (Ville's inequality).
    """
    others = records - events
    prior = 2 * lgamma(0.5)
    needed = lgamma(events + 0.5) + lgamma(others + 0.5) - lgamma(records + 1) - prior + log(MISS)

    def inside(p: float) -> bool:
        return (events * log(p) if events else 0.0) + (others * log1p(-p) if others else 0.0) >= needed

    seen = events / records
    low = _edge(inside, seen, 0.0) if events else 0.0
    return low, (_edge(inside, seen, 1.0) if others else 1.0)


def _edge(inside: Callable[[float], bool], within: float, beyond: float) -> float:
    for _ in range(_HALVINGS):
        middle = (within + beyond) / 2
        if middle in (0.0, 1.0) or not inside(middle):
            beyond = middle
        else:
            within = middle
    return beyond
