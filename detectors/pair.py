"""How two columns go together: whether high goes with high, or a level with a level, as often as was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import pi, sin
from typing import ClassVar, Self

import numpy as np

from detectors.detector import Codes, Counts, Signal, fingerprint, merged
from detectors.joint import Floats, Ints, Joint, Seen, quantile_fractions
from monitor.formats.batch import Batch

CLEAR = 0.2
"""A correlation below this is none that people would speak of."""

OTHERWISE = "combine otherwise"
"""What is true of every pair that moved, whatever its columns did alone."""

LEVEL_BINS = 8
"""Bins of a number beside which levels are counted."""

SMOOTHED = 2.0
"""Records by which a combination is taken to be as frequent as chance has it, so that a single one says little."""


@dataclass(frozen=True)
class Pair(Joint):
    """Cells: ranges of what a record says of the two columns, lowest first; at last, records that lack either.

    Of two numbers that is the product of their normal scores, whose mean is their correlation: positive where both are
    high or both low. Else it is how many times as frequent as by chance the combination of their bins is.

    Parameters
    ----------
    edges : tuple of float
        Where each range but the first begins.
    sides : tuple of float
        Of two numbers: the mean sign of the product in each range.
    fingerprint : str
        Digest of the table.
    table : int array (cells of the first column, cells of the second)
    """

    edges: tuple[float, ...]
    sides: tuple[float, ...]
    fingerprint: str
    table: Ints = field(compare=False, repr=False)
    kind: ClassVar[str] = "pair"
    arrays: ClassVar[tuple[str, ...]] = ("table",)

    @classmethod
    def fit(cls, first: Seen, second: Seen, counted: int) -> Self:
        """Return the pair of two columns; `counted` records will say how often each range comes."""
        numbers = first.signal.ordered and second.signal.ordered
        values = np.multiply.outer(first.scores, second.scores) if numbers else lift(first, second)
        both = (first.bins >= 0) & (second.bins >= 0)
        seen = values[first.bins[both], second.bins[both]]
        found = np.quantile(seen, quantile_fractions(counted)) if len(seen) else np.empty(0)
        edges = np.unique(np.round(np.append(found, 0.0) if numbers else found, 2) + 0.0)
        cells = edges.searchsorted(values, side="right")
        of_seen = edges.searchsorted(seen, side="right")
        held = np.maximum(np.bincount(of_seen, minlength=len(edges) + 1), 1)
        sides = np.bincount(of_seen, weights=np.sign(seen), minlength=len(edges) + 1) / held
        outside = len(edges) + 1
        rows = np.array([first.per_cell(column, elsewhere=outside) for column in cells.T]).T
        table = np.array([second.per_cell(row, elsewhere=outside) for row in rows])
        kept = tuple(np.round(sides, 4).tolist()) if numbers else ()
        return cls((first.column, second.column), tuple(edges.tolist()), kept, fingerprint(table), table)

    @property
    def name(self) -> str:
        """The signal's name."""
        return "joint.pair." + "+".join(column.removeprefix("feature.") for column in self.columns)

    @property
    def words(self) -> str:
        """What the pair is called: `income and amount`."""
        return " and ".join(column.removeprefix("feature.") for column in self.columns)

    @property
    def cells(self) -> int:
        return len(self.edges) + 2

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each record."""
        first, second = (batch.cells[column] for column in self.columns)
        cells: Codes = self.table.ravel().take(first * self.table.shape[1] + second)
        return cells

    def signals(self, counts: Counts) -> list[Signal]:
        """Return the signal, where two ranges are thick enough."""
        held = [int(c) for c in counts[:-1]]
        bins = merged(held, ordered=True)
        if bins[-1] == 0:
            return []
        starts = [self.edges[bins.index(b) - 1] for b in range(1, bins[-1] + 1)]
        labels = _of_products(starts) if self.sides else _of_lifts(starts)
        weighed = np.bincount(bins, np.multiply(held, self.sides or 0.0)) / np.bincount(bins, held)
        sides = tuple(weighed.tolist()) if self.sides else ()
        return [self.signal(self.name, labels, bins, ordered=True, sides=sides)]


def lift(first: Seen, second: Seen) -> Floats:
    """Return how many times as frequent as by chance each combination of bins is."""
    shape = (len(first.signal.bins), len(second.signal.bins))
    both = (first.bins >= 0) & (second.bins >= 0)
    counts = np.bincount(first.bins[both] * shape[1] + second.bins[both], minlength=shape[0] * shape[1]).reshape(shape)
    chance = np.multiply.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(1, counts.sum())
    lifts: Floats = (counts + SMOOTHED) / (chance + SMOOTHED)
    return lifts


def correlation(shares: Sequence[float], sides: Sequence[float]) -> float:
    """Return the correlation that two normal variables have whose product is of these signs.

    What lies on one side of both medians says it whatever the tails do (Sheppard 1899; Blomqvist 1950).
    """
    return sin(pi / 2 * sum(share * side for share, side in zip(shares, sides, strict=True)))


def relation(accepted: float, now: float) -> str:
    """Return in words what became of the correlation of two numbers; where that is not clear, no more than it moved.

    >>> relation(0.7, 0.1), relation(0.7, -0.7), relation(-0.6, -0.4), relation(0.0, 0.5)
    ('no longer move together', 'now move oppositely', 'move oppositely less', 'now move together')
    """
    way, other = ("together", "oppositely") if accepted > 0 else ("oppositely", "together")
    if abs(now - accepted) < CLEAR / 2 or max(abs(accepted), abs(now)) < CLEAR:
        return OTHERWISE
    if abs(accepted) < CLEAR:
        return f"now move {'together' if now > accepted else 'oppositely'}"
    if abs(now) < abs(accepted) / 3:
        return f"no longer move {way}"
    if accepted * now < 0:
        return f"now move {other}"
    return f"move {way} {'more' if abs(now) > abs(accepted) else 'less'}"


def _of_products(starts: list[float]) -> tuple[str, ...]:
    """Return the names of ranges of a product: how far to opposite sides, or how far to one."""
    names = []
    for low, high in pairwise((None, *starts, None)):
        if high is not None and high <= 0:
            span = f"{abs(high):g} or more" if low is None else f"{abs(high):g}–{-low:g}"
            names.append(f"opposite by {span}")
        elif low is not None and low >= 0:
            span = f"{low:g} or more" if high is None else f"{low:g}–{high:g}"
            names.append(f"alike by {span}")
        else:
            names.append("in between")
    return tuple(names)


def _of_lifts(starts: list[float]) -> tuple[str, ...]:
    """Return the names of ranges of how frequent a combination is."""
    ends = [f"{start:g}" for start in starts]
    spans = [f"below {ends[0]}", *(f"{a}–{b}" for a, b in pairwise(ends)), f"from {ends[-1]}"]
    return tuple(f"combinations {span} × chance" for span in spans)
