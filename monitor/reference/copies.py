"""Records that equal earlier ones in every feature, more often than chance has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins, NumericBins
from monitor.counting.tally import Layout
from monitor.formats.batch import Batch
from monitor.reference.notes import Note

LEAST = 0.005
"""Share of copies below which nobody need know."""

BEYOND = 3.0
SPARE = 10
"""Copies must be more than `BEYOND` times what chance explains, and `SPARE`."""

PARTS = 16

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Marks = NDArray[np.uint64]


def alike_by_chance(columns: Iterable[Floats], rows: int) -> tuple[tuple[float, float], ...]:
    """Return for each numeric column how many pairs of records agree in it, and how many would if values were smooth.

    Two independent records are equal in all columns at most as often as in any single one, whatever depends on what.
    Smooth values agree as often as their resolution says: within 1/16 of the records, the smallest gap over the width.

    Parameters
    ----------
    columns : iterable of float array
        Finite values, in any order; of the other records it is taken that they agree.
    """
    found = []
    for values in columns:
        ordered = np.sort(values)
        sizes = np.diff(np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])))
        without = (rows - len(ordered)) ** 2 / 2
        smooth = sum(_smooth(part) for part in np.array_split(ordered, PARTS) if len(part))
        found.append((float((sizes * (sizes - 1.0)).sum() / 2) + without, smooth + without))
    return tuple(found)


def _smooth(ordered: Floats) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        gaps = np.diff(ordered)
        gaps, width = gaps[gaps > 0], ordered[-1] - ordered[0]
        share = float(gaps.min() / width) if len(gaps) else 1.0
    return len(ordered) ** 2 / 2 * (share if share == share else 0.0)  # noqa: PLR0124 - not NaN


@dataclass
class Copies:
    """A mark of every record, equal where all features are.

    Parameters
    ----------
    layout : Layout
    """

    layout: Layout
    _marks: list[Marks] = field(default_factory=list)

    def add(self, batch: Batch, codes: Ints) -> None:
        """Mark the records of a batch, whose cells these are. Levels that are pooled in a cell count as equal."""
        mark = np.zeros(len(batch), dtype=np.uint64)
        for row, detector in enumerate(self.layout.detectors):
            if isinstance(detector, NumericBins | CategoryBins) and detector.column.startswith("feature."):
                numbers = batch.numbers.get(detector.column)
                own = codes[row] if numbers is None else (numbers + 0.0).view(np.int64)  # no negative zero
                mark = _mixed(mark ^ own.astype(np.uint64))
        self._marks.append(mark)

    def note(self, alike: Iterable[tuple[float, float]]) -> Note | None:
        """Return what share of records are copies, None where chance explains them; see `alike_by_chance`."""
        marks = np.sort(np.concatenate(self._marks))
        sizes = np.diff(np.flatnonzero(np.concatenate([[True], marks[1:] != marks[:-1], [True]])))
        copies, pairs = len(marks) - len(sizes), float((sizes * (sizes - 1.0)).sum() / 2)
        chance = min((max(smooth, agree - pairs) for agree, smooth in alike), default=np.inf)
        if copies < LEAST * len(marks) or copies <= BEYOND * chance + SPARE:
            return None
        return Note("copies", "", share=round(copies / len(marks), 6))


def _mixed(mark: Marks) -> Marks:
    """Return well mixed bits: splitmix64 (Steele, Lea, Flood 2014)."""
    mark = (mark + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    mark = (mark ^ (mark >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mark ^ (mark >> np.uint64(31))
