"""How far a signal is from what was accepted, in which shape, and where. Evidence says whether; this says how much."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt

from detectors.detector import Signal
from detectors.pair import OTHERWISE, correlation, relation
from monitor.judge.directions import directions
from monitor.judge.fit import fits
from monitor.judge.interval import noise, share_interval, w_interval
from monitor.types import BinShift, Effect

TOLD_BINS = 3
LIKE = 0.7
"""A shift is called by a direction's name when at least this much of it (as a correlation is) points there."""

NEARLY = 0.15
"""Of directions that fit nearly as well the simplest, named first, is meant."""

OF_CORRELATION = 0.45
"""As much of a pair's shift (a correlation) lies between its sides where that of two numbers changed.

Of drawn ones it is 0.47 or more; where one of two numbers spread or narrowed, 0.1 at most; moved, 0.35; both, 0.41.
"""

_SHARE_SHAPES = {
    "missing": "missing",
    "type": "of the wrong type",
    "below": "below the accepted range",
    "above": "above the accepted range",
    "unseen": "in categories never seen before",
    "schema": "with absent or unknown features",
    "late": "too late to count",
    "dead_letters": "unusable",
    "error": "of labelled predictions wrong",
    "conflicts": "of labelled ids",
}

_ANSWER_SHAPES = {
    "shadow.monotone": "of answers go the wrong way",
    "shadow.skew": "of answers differ from the logged predictions",
    "shadow.": "of answers flip",
}


_JOINT_SHAPES = {
    "joint.pair.": {
        "shifted up": "go together more",
        "shifted down": "go together less",
        "heavier lower tail": "combine as they seldom did",
        "changed shape": OTHERWISE,
        "spread out": OTHERWISE,
        "narrowed": OTHERWISE,
    },
    "joint.distance": {
        "shifted up": "farther from usual",
        "shifted down": "nearer to usual",
        "heavier upper tail": "often far from usual",
        "spread out": "often far from usual",
    },
    "joint.residual": {
        "shifted up": "weaker",
        "shifted down": "tighter",
        "heavier upper tail": "broken more often",
        "spread out": "broken more often",
    },
}
"""What directions are called there; what is not named keeps its name."""


def value_effect(
    counts: Sequence[float],
    accepted: Sequence[float],
    design: float,
    beyond: float = 0.0,
    chance: float | None = None,
) -> Effect:
    """Return Cohen's w with its interval, and PSI, of counts against accepted shares; noise is taken off both.

    An alarm says that w is `beyond` the radius of the bets, and is seldom wrong: the interval says no less. What
    `chance` adds to the square of w follows from the counts unless it is given.
    """
    records = sum(counts)
    q = [c / records for c in counts]
    seen = sum((a - p) ** 2 / p for a, p in zip(q, accepted, strict=True))
    w = sqrt(max(0.0, seen - (noise(q, accepted, records / design) if chance is None else chance)))
    low, high = w_interval(q, accepted, records / design)
    by_chance = (len(q) - 1) * design / records if chance is None else chance  # for small shifts psi is w squared
    more = max(0.0, psi(counts, accepted) - by_chance)
    return Effect(w=_round(w), low=_round(max(low, min(beyond, w))), high=_round(max(high, w)), psi=_round(more))


def psi(counts: Sequence[float], accepted: Sequence[float]) -> float:
    """Return the population stability index."""
    return sum((q - p) * log(q / p) for q, p in zip(_shares(counts), accepted, strict=True))


def _shares(counts: Sequence[float]) -> list[float]:
    """Return the share of each bin with half a record added: the logarithm of an empty one would be infinite."""
    whole = sum(counts) + 0.5 * len(counts)
    return [(c + 0.5) / whole for c in counts]


def share_effect(events: float, records: float, accepted: float, design: float) -> Effect:
    """Return percentage points above the accepted share, with the interval."""
    share = events / records
    low, high = share_interval(events / design, records / design)
    return Effect(
        points=_round(100 * (share - accepted)),
        low=_round(100 * (low - accepted)),
        high=_round(100 * (high - accepted)),
    )


def alike(one: Effect, other: Effect) -> bool:
    """Return whether of two sizes neither is more than twice the other, as far as their intervals say.

    A second alarm begins where chance had it that the shift seems large: intervals that just lie apart say little.
    """
    return not (_twice(one, other) or _twice(other, one))


def _twice(one: Effect, other: Effect) -> bool:
    return one.low is not None and other.high is not None and one.low > 2 * other.high


def value_shape(signal: Signal, counts: Sequence[float], accepted: list[float]) -> str:
    """Return the name of the direction that the shift points in.

    Of few records, too: how well a direction fits is a matter of likelihoods (see `fits`).
    """
    found = directions(signal, accepted)
    along = list(zip(fits(counts, accepted, [d.score for d in found]), (d.name for d in found), strict=True))
    best = max((fit for fit, _ in along), default=0.0)
    plain = "changed shape" if signal.ordered else "changed mix"
    shape = next((name for fit, name in along if fit >= max(LIKE, best - NEARLY)), plain)
    return _joint_shape(signal, shape, _shares(counts), accepted) if signal.group == "joint" else shape


def _joint_shape(signal: Signal, shape: str, shares: Sequence[float], accepted: Sequence[float]) -> str:
    """Return in words of its own what a signal of several columns did."""
    if signal.sides:
        ratio = [q / p for q, p in zip(shares, accepted, strict=True)]
        of_it = abs(_correlation(ratio, signal.sides, accepted)) >= OF_CORRELATION
        return relation(*(correlation(law, signal.sides) for law in (accepted, shares))) if of_it else OTHERWISE
    kind = next((kind for kind in _JOINT_SHAPES if signal.name.startswith(kind)), "")
    return _JOINT_SHAPES.get(kind, {}).get(shape, shape)


def _correlation(a: Sequence[float], b: Sequence[float], weights: Sequence[float]) -> float:
    """Return the correlation of two scores over bins of these weights, which add to 1."""
    mean_a = sum(w * x for w, x in zip(weights, a, strict=True))
    mean_b = sum(w * y for w, y in zip(weights, b, strict=True))
    both = sum(w * (x - mean_a) * (y - mean_b) for w, x, y in zip(weights, a, b, strict=True))
    squares = [sum(w * (x - m) ** 2 for w, x in zip(weights, v, strict=True)) for v, m in ((a, mean_a), (b, mean_b))]
    size = sqrt(squares[0] * squares[1])
    return both / size if size > 0 else 0.0


def share_shape(name: str) -> str:
    """Return what the records of a share signal are."""
    if name.startswith("shadow."):
        return next(shape for beginning, shape in _ANSWER_SHAPES.items() if name.startswith(beginning))
    what = name.split(".")[1] if "." in name else name
    return _SHARE_SHAPES.get(what, "failing")


def moved_bins(labels: Sequence[str], counts: Sequence[float], accepted: Sequence[float]) -> list[BinShift]:
    """Return the bins, those that carry the most evidence first."""
    records = sum(counts)
    shifts = []
    for label, count, p in zip(labels, counts, accepted, strict=True):
        observed = count / records
        weight = abs(observed - p) * abs(log(max(observed, 0.5 / records) / max(p, 0.5 / records)))
        shifts.append((-weight, BinShift(label, _round(p), _round(observed))))
    return [shift for _, shift in sorted(shifts, key=lambda s: s[0])]


def told_bins(signal: Signal, shape: str, counts: Sequence[float], accepted: Sequence[float]) -> tuple[BinShift, ...]:
    """Return the bins that carry the most evidence as they are told.

    Of ordered ones those that grew come first: where values went to says more than where they came from. Of levels
    the first is the one that the shape names, else what moved most, be it gone.
    """
    moved = moved_bins(signal.bins, counts, accepted)
    if signal.ordered:
        return tuple(sorted(moved[:TOLD_BINS], key=lambda b: b.observed <= b.expected))
    return tuple(sorted(moved, key=lambda b: shape not in (f"more of {b.bin}", f"less of {b.bin}"))[:TOLD_BINS])


def _round(value: float) -> float:
    return round(value, 4)
