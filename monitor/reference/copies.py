"""Records that equal earlier ones in every feature, more often than chance has it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins, NumericBins
from monitor.counting.tally import Layout
from monitor.formats.batch import Batch
from monitor.reference.infer import MOST_DISCRETE
from monitor.reference.notes import Note

LEAST = 0.005
"""Share of copies below which nobody need know."""

BEYOND = 3.0
SPARE = 10
"""Copies must be more than `BEYOND` times as many pairs that agree as chance explains, and `SPARE`, would make."""

PARTS = 16

FILLED = 0.5
"""Share of a grid from which on a column may repeat because there are no more values."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Marks = NDArray[np.uint64]


@dataclass(frozen=True)
class Alike:
    """In how many pairs of records a numeric column agrees.

    Two independent records are equal in all columns at most as often as in any single one, whatever depends on what.

    Attributes
    ----------
    pairs : float
        That do; of records without a value it is taken that they agree with each other.
    smooth : float
        That would if values were smooth: within 1/16 of the records, as often as the smallest gap over the width.
    scattered : bool
        Whether there are many values, and not most of those that there could be: no ages in whole years.
    """

    pairs: float
    smooth: float
    scattered: bool

    @classmethod
    def of(cls, values: Floats, rows: int) -> Alike:
        """Count the pairs of the finite values of a column, in any order, of so many records."""
        ordered = np.sort(values)
        sizes = _sizes(ordered)
        without = (rows - len(ordered)) ** 2 / 2
        smooth = sum(_smooth(part) for part in np.array_split(ordered, PARTS) if len(part))
        return cls(_pairs(sizes) + without, smooth + without, _scattered(np.unique(ordered)))


def _scattered(values: Floats) -> bool:
    """Return whether more than a few values fill little of a grid as fine as the smallest gap in their middle half."""
    if len(values) <= MOST_DISCRETE:
        return False
    middle = values[len(values) // 4 : -(len(values) // 4)]
    with np.errstate(over="ignore", invalid="ignore"):
        filled = np.diff(middle).min() * (len(middle) - 1) / (middle[-1] - middle[0])
    return bool(filled < FILLED)


def _sizes(ordered: Floats | Marks) -> Ints:
    """Return how often each value comes."""
    return np.diff(np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])))


def _pairs(sizes: Ints) -> float:
    return float((sizes * (sizes - 1.0)).sum() / 2)


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

    def note(self, alike: Mapping[str, Alike], same: Set[str] = frozenset()) -> Note | None:
        """Return what share of records are copies, None where chance explains them.

        Parameters
        ----------
        alike : mapping of str to Alike
            Numeric columns.
        same : set of str
            Those that say what another one does.
        """
        sizes = np.sort(_sizes(np.sort(np.concatenate(self._marks))))
        rows, pairs = int(sizes.sum()), _pairs(sizes)
        often = sizes[: max(1, len(sizes) - 1)]  # without the most frequent one: perhaps all zeros, or nothing known
        copies = int(often.sum()) - len(often)
        chance = min((max(a.smooth, a.pairs - pairs) for a in alike.values()), default=np.inf)
        beyond = copies > int(often.sum()) - _distinct(int(often.sum()), BEYOND * chance + SPARE)
        telling = [a for name, a in alike.items() if name not in same and a.pairs - pairs <= _pairs(often) / BEYOND]
        of_few = copies > rows / 2 and len(telling) > 1
        if copies <= LEAST * rows or not (beyond or of_few) or not all(a.scattered for a in telling):
            return None
        return Note("copies", "", share=round((rows - len(sizes)) / rows, 6))


def _distinct(rows: int, pairs: float) -> float:
    """Return how many different records there are where so many pairs agree, if all were as frequent."""
    if not np.isfinite(pairs):
        return 0.0
    known = rows**2 / 2 / pairs
    return float(-known * np.expm1(-rows / known)) if known > 0 else 0.0


def _mixed(mark: Marks) -> Marks:
    """Return well mixed bits: splitmix64 (Steele, Lea, Flood 2014)."""
    mark = (mark + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    mark = (mark ^ (mark >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mark ^ (mark >> np.uint64(31))
