"""Which columns of a reference depend on each other, the strongest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from detectors.joint import Seen
from detectors.pair import CLEAR
from monitor.reference.quantiles import chi_square

BY_CHANCE = 0.01
"""Probability that any of the pairs, were all independent, would count as clear."""

MOST_TEXTUAL = 20
"""Columns of levels that are compared with all others."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Dependent:
    """Two columns by their positions, and how strongly they depend on each other.

    Attributes
    ----------
    strength : float
        A correlation's size, 0 to 1: of normal scores, of a number with levels (the correlation ratio), or for levels
        what a normal variable of the same chi-square has.
    clear : bool
        Whether it is more than chance, and worth speaking of.
    of_numbers : bool
        Whether both are ordered.
    of_output : bool
        Whether one is the prediction.
    """

    first: int
    second: int
    strength: float
    clear: bool
    of_numbers: bool
    of_output: bool


def dependent(seen: Sequence[Seen]) -> list[Dependent]:
    """Return pairs of columns, the strongest first.

    Of ordered features all, where these are so few that all may be watched; else those that are clear.
    """
    ordered = [at for at, one in enumerate(seen) if one.signal.ordered]
    textual = [at for at, one in enumerate(seen) if not one.signal.ordered][:MOST_TEXTUAL]
    count = len(ordered) * (len(ordered) - 1) // 2 + len(textual) * len(ordered) + len(textual) ** 2 // 2
    tail = BY_CHANCE / max(1, count)
    found = [*_numbers(seen, ordered, tail), *_levels(seen, ordered, textual, tail)]
    return sorted(found, key=lambda d: (-round(d.strength, 3), d.first, d.second))


def _numbers(seen: Sequence[Seen], ordered: Sequence[int], tail: float) -> Iterator[Dependent]:
    """Yield pairs of ordered columns by the correlation of their normal scores."""
    if len(ordered) < 2:
        return
    z, there = _scores(seen, ordered)
    few = len(ordered) * (len(ordered) - 1) // 2 <= ALL_OF
    found: list[tuple[int, int, float, bool]] = []
    for at in range(0, len(ordered), BLOCK):
        both = np.maximum(there[at : at + BLOCK] @ there.T, 1)
        size = np.abs((z[at : at + BLOCK] @ z.T) / both)
        clear = (size >= CLEAR) & (size * size * both > chi_square(1, tail))
        later = np.arange(len(ordered)) > at + np.arange(len(size))[:, None]
        rows = np.argwhere(later & (clear | few))
        strongest = np.argsort(-size[tuple(rows.T)], kind="stable")[:MOST_FOUND]
        found += [(at + i, j, float(size[i, j]), bool(clear[i, j])) for i, j in rows[strongest].tolist()]
    for i, j, strength, sure in found:
        yield _pair(seen, ordered[i], ordered[j], min(1.0, strength), clear=sure)


BLOCK = 500
"""Columns that are compared with all others at once, and of the pairs so found the strongest are kept."""

MOST_FOUND = 2_000

ALL_OF = 15
"""Pairs that may all be watched, of features and an output."""


def _levels(seen: Sequence[Seen], ordered: Sequence[int], textual: Sequence[int], tail: float) -> Iterator[Dependent]:
    """Yield clear pairs of which at least one is compared as levels."""
    z, there = _scores(seen, ordered)
    for position, at in enumerate(textual):
        one = seen[at]
        levels = len(one.signal.bins)
        inside = (one.bins[None] == np.arange(levels)[:, None]).astype(np.float32)
        of_level, held = inside @ z.T, inside @ there.T
        between = (of_level * of_level / np.maximum(held, 1)).sum(axis=0)
        degrees = levels - 1
        for other, score, whole in zip(ordered, between.tolist(), held.sum(axis=0).tolist(), strict=True):
            if score > chi_square(degrees, tail):
                yield from _clear(seen, at, other, (score - degrees) / max(1.0, whole))
        for other in textual[position + 1 :]:
            chi, degrees, whole = _chi_square(one, seen[other])
            if degrees and chi > chi_square(degrees, tail):
                beyond = (chi - degrees) / whole
                yield from _clear(seen, at, other, beyond / (1 + beyond))


def _clear(seen: Sequence[Seen], first: int, second: int, squared: float) -> Iterator[Dependent]:
    """Yield the pair if it is worth speaking of, given its strength squared."""
    if squared >= CLEAR * CLEAR:
        low, high = sorted((first, second))
        yield _pair(seen, low, high, min(1.0, sqrt(squared)), clear=True)


def _pair(seen: Sequence[Seen], first: int, second: int, strength: float, *, clear: bool) -> Dependent:
    both = (seen[first], seen[second])
    return Dependent(
        first,
        second,
        strength,
        clear,
        all(one.signal.ordered for one in both),
        any(one.column == "prediction" for one in both),
    )


def _scores(seen: Sequence[Seen], ordered: Sequence[int]) -> tuple[Floats, Floats]:
    """Return the normal scores of ordered columns, 0 where there is none, and where there is one: (columns, n)."""
    rows = len(seen[0].bins) if seen else 0
    z, there = np.zeros((2, len(ordered), rows), dtype=np.float32)
    for row, at in enumerate(ordered):
        there[row] = seen[at].bins >= 0
        z[row] = seen[at].scores[seen[at].bins] * there[row]
    return z, there


def _chi_square(first: Seen, second: Seen) -> tuple[float, int, int]:
    """Return chi-square of two columns of levels, its degrees of freedom, and the records that have both."""
    shape = (len(first.signal.bins), len(second.signal.bins))
    both = (first.bins >= 0) & (second.bins >= 0)
    table = np.bincount(first.bins[both] * shape[1] + second.bins[both], minlength=shape[0] * shape[1]).reshape(shape)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    chance = np.multiply.outer(rows, columns) / max(1, table.sum())
    there = chance > 0
    chi = float(((table - chance)[there] ** 2 / chance[there]).sum())
    return chi, (int((rows > 0).sum()) - 1) * (int((columns > 0).sum()) - 1), int(both.sum())
