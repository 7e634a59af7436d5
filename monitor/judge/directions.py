"""Directions in which the distribution of a signal's bins may move, and how strongly each is bet on.

What is likely gets more of the mixture and of the probability that the promise may fail: both costs are logarithms.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from detectors.detector import Signal

TILTS = (0.08, 0.15, 0.28, 0.5, 1.0)
"""Strengths of exponential tilts of a score of variance 1. A stake off by a third loses a ninth of its growth."""

MOVED = (0.02, 0.06)
"""Shares of all records that move into a bin or level. A tilt of a rare one's indicator would stake far too much."""

GONE = (0.4, 0.8)
"""Shares of a level that go."""

MOST_BETS = 68
"""Most fixed bets of one signal."""

FEW = 8
"""Up to so many ordered bins each may be a value of its own; where there are more, a new mode may lie across two."""

_MORE, _LESS, _END, _WITHIN = 2.0, 1.0, 0.5, 1.0


class Direction(NamedTuple):
    """One way to move.

    Attributes
    ----------
    name : str
    score : list of float
        Over the bins, with mean 0 and variance 1 where accepted.
    strengths : tuple of float
        In increasing order.
    weight : float
        Of those of one signal they add to 1.
    linear : bool
        Whether it is bet on as 1 + strength x score, not as an exponential tilt.
    """

    name: str
    score: list[float]
    strengths: tuple[float, ...]
    weight: float
    linear: bool


def directions(signal: Signal, accepted: list[float]) -> list[Direction]:
    """Return the directions of a signal: of ordered bins those of normal scores, then single bins; of levels each."""
    if len(accepted) < 2:
        return []
    found = [*(_ordered(signal, accepted) if signal.ordered else _levels(signal, accepted))]
    whole = sum(d.weight for d in found)
    return [d._replace(weight=d.weight / whole) for d in found]


def score_of(name: str, signal: Signal, accepted: list[float]) -> list[float] | None:
    """Return the score of one direction, None where a signal has no such."""
    if len(accepted) < 2:
        return None
    found = _ordered(signal, accepted) if signal.ordered else _levels(signal, accepted)
    return next((d.score for d in found if d.name == name), None)


def heaviest(signal: Signal, accepted: list[float]) -> float:
    """Return the weight of the direction that has most."""
    return max((d.weight for d in directions(signal, accepted)), default=1.0)


def _ordered(signal: Signal, accepted: list[float]) -> Iterator[Direction]:
    """Yield up and down, spread and narrow, either tail, both with a peak, then more of few bins.

    Of what is unusual, only more of it.
    """
    below = [sum(accepted[:k]) for k in range(len(accepted))]
    z = [NormalDist().inv_cdf(b + p / 2) for b, p in zip(below, accepted, strict=True)]
    lower_tail = [max(0.0, -v - 1) for v in z]
    if signal.unusual:
        scores = [("more unusual records", [-v for v in z], 1.0), ("more very unusual records", lower_tail, 1.0)]
        yield from _tilts(scores, accepted)
        return
    scores = [("shifted up", z, 3.0), ("shifted down", [-v for v in z], 3.0)]
    if len(z) > 2:
        scores += [("spread out", [v * v for v in z], 2.0), ("narrowed", [-v * v for v in z], 2.0)]
        scores += [("heavier upper tail", [max(0.0, v - 1) for v in z], 1.0), ("heavier lower tail", lower_tail, 1.0)]
    if len(z) > FEW:
        scores.append(("heavier tails", [v**4 - 6 * v * v for v in z], 1.0))
    yield from _tilts(scores, accepted)
    if len(z) > 2:
        yield from (d for d in _somewhere(signal, accepted) if d.score)


def _tilts(scores: list[tuple[str, list[float], float]], accepted: list[float]) -> Iterator[Direction]:
    """Yield those of named and weighted scores that are not constant."""
    for name, g, weight in scores:
        if standard := _standardised(g, accepted):
            yield Direction(name, standard, TILTS, weight, linear=False)


def _somewhere(signal: Signal, accepted: list[float]) -> Iterator[Direction]:
    """Yield more of either outer bin, and of each inner one; where bins are many, of each two neighbours within."""
    labels, last = signal.bins, len(accepted) - 1
    for k in (0, last):
        yield _more(labels[k], (k,), accepted, MOVED[:1], _END)
    width = 1 if len(accepted) <= FEW else 2
    for k in range(1, last + 1 - width):
        bins = tuple(range(k, k + width))
        name = " or ".join(labels[b] for b in bins)
        yield _more(name, bins, accepted, (sum(MOVED) / 2,), _WITHIN / last)


def _levels(signal: Signal, accepted: list[float]) -> list[Direction]:
    """Return more of each level, and less, with fewer strengths where there are many, and while there is room."""
    count = len(accepted)
    moved = MOVED if count * (len(MOVED) + 1) <= MOST_BETS else (sum(MOVED) / 2,)
    more = [
        _more(label, (k,), accepted, moved, _MORE / count)
        for k, label in enumerate(signal.bins[: MOST_BETS // len(moved)])
    ]
    more = [d for d in more if d.score]
    room = MOST_BETS - len(more) * len(moved)
    gone = GONE if count * len(GONE) <= room else (sum(GONE) / 2,)
    less = [_less(d, gone, _LESS / count) for d in more[: room // len(gone)]]
    return more + less


def _more(
    name: str, bins: tuple[int, ...], accepted: list[float], moved: tuple[float, ...], weight: float
) -> Direction:
    """Return the direction in which a share of all records moves into these bins."""
    score = _standardised([1.0 if k in bins else 0.0 for k in range(len(accepted))], accepted)
    p = sum(accepted[k] for k in bins)
    strengths = tuple(m / sqrt(p * (1 - p)) for m in moved) if score else ()
    return Direction(f"more of {name}", score, strengths, weight, linear=True)


def _less(more: Direction, gone: tuple[float, ...], weight: float) -> Direction:
    """Return the direction in which a share of a level's records goes."""
    strengths = tuple(share / max(more.score) for share in gone)
    return Direction(more.name.replace("more", "less", 1), [-v for v in more.score], strengths, weight, linear=True)


def _standardised(g: list[float], accepted: list[float]) -> list[float]:
    """Return the score with mean 0 and variance 1, or nothing where it is constant."""
    mean = sum(p * v for p, v in zip(accepted, g, strict=True))
    variance = sum(p * (v - mean) ** 2 for p, v in zip(accepted, g, strict=True))
    return [(v - mean) / sqrt(variance) for v in g] if variance > 1e-12 else []
