"""The second reading: what was counted, record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins
from monitor.counting.tally import DEAD, RECORDS, Layout
from monitor.reference.contexts import Given
from monitor.reference.joint import Apart
from monitor.reference.scorers import Fitted

Ints = NDArray[np.int64]
Marks = NDArray[np.bool_]


@dataclass
class Counted:
    """Records and their cells.

    Attributes
    ----------
    codes : list of int array (detectors, n)
        Cell of each record for each detector, by block.
    stamps : list of int array (n,)
        Time of each record in milliseconds, by block.
    choosing : list of bool array (n,)
        Which records choose, by block: levels are not counted on them.
    dead : Counter
        Records that could not be used, by reason.
    """

    rows: int = 0
    codes: list[NDArray[np.signedinteger]] = field(default_factory=list)
    stamps: list[Ints] = field(default_factory=list)
    choosing: list[Marks] = field(default_factory=list)
    dead: Counter[str] = field(default_factory=Counter)
    why: str = ""

    def times(self) -> Ints:
        """Return the time of every record, as they came."""
        return np.concatenate(self.stamps)

    def whole(self, layout: Layout) -> Ints:
        """Return how many of all records fell into each cell."""
        counts = np.zeros(layout.total, dtype=np.int64)
        for block in self.codes:
            counts += np.bincount(block.ravel(), minlength=layout.total)
        counts[RECORDS], counts[DEAD] = self.rows, self.dead.total()
        return counts

    def counts(self, layout: Layout, whole: Ints, once: Mapping[int, int]) -> Ints:
        """Return what is accepted: the records per cell, of levels without those that chose them.

        Of levels that a single record had, that record is counted as of a level never seen before, as it was when it
        came: so many as there are of these, so many new ones are to be expected (Good 1953).

        Parameters
        ----------
        once : mapping of int to int
            By the cell of other levels: how many of these are to be counted so.
        """
        counts, levels = whole.copy(), _of_levels(layout)
        for block, choosing in zip(self.codes, self.choosing, strict=True):
            counts -= np.bincount(block[levels][:, choosing].ravel(), minlength=len(counts))
        for position, levels_seen_once in once.items():
            moved = min(levels_seen_once, int(counts[position]))
            counts[position] -= moved
            counts[position + 1] += moved
        return counts

    def in_time(
        self, layout: Layout, order: Ints, apart: Sequence[Apart | Fitted], slot: int, field: int | None
    ) -> Iterator[tuple[int, Ints, Given]]:
        """Yield each detector's position, and the cells and contexts of its records, in the order of time.

        Parameters
        ----------
        order : int array (n,)
            Sorts the records by time.
        apart : sequence of Apart or Fitted
            Detectors behind those of the layout, with the cells of all records, or of the last ones in time alone.
        field : int or None
            Position of the detector whose cells are contexts.
        """
        slots = self.times()[order] // slot * slot
        given = Given(slots, np.zeros_like(slots) if field is None else self._cells(layout, field)[order])
        choosing, levels = np.concatenate(self.choosing)[order], _of_levels(layout)
        for position in range(len(layout.detectors)):
            own = replace(given, choosing=choosing) if position in levels else given
            yield position, self._cells(layout, position)[order], own
        for position, each in enumerate(apart, len(layout.detectors)):
            last = given[len(slots) - len(each.cells) :]
            yield position, each.cells, replace(last, choosing=each.choosing)

    def _cells(self, layout: Layout, position: int) -> Ints:
        whole = np.concatenate([block[position] for block in self.codes]).astype(np.int64)
        cells: Ints = whole - layout.starts[position]
        return cells


def _of_levels(layout: Layout) -> list[int]:
    """Return the positions of the detectors whose bins were chosen by records that are not counted."""
    return [place for place, detector in enumerate(layout.detectors) if isinstance(detector, CategoryBins)]
