"""Counts of one model in one slot. They add, in any order, to the same integers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.categorical import CategoryBins
from detectors.detector import Counts, Detector, Signal, share
from detectors.joint import Joint
from detectors.numeric import NumericBins, Together
from detectors.sequential import Rows, Sequential, taken
from monitor.formats.batch import Batch

RECORDS, LATE, DEAD = 0, 1, 2
"""The first cells of every tally: records counted, records too late, records that could not be used."""

FLOW_CELLS = 3
"""So many of them."""

FLOW_SIGNALS = (
    share("quality.late", FLOW_CELLS, LATE, outside=(DEAD,), bins=("in time", "too late")),
    share("quality.dead_letters", FLOW_CELLS, DEAD, outside=(LATE,), bins=("usable", "unusable")),
)
DETAIL, IDS = frozenset({"detail"}), frozenset({"ids"})
"""What is not kept where memory runs short: names, rows and counts by level; which ids a slot has met."""

NAMES_KEPT = 256
VERSIONS_TOLD = 16
LONGEST_NAME = 64
LONGEST_VERSION = 128

_Name = TypeVar("_Name", str, tuple[str, str])


@dataclass
class Tally:
    """Counts of one model, reference and slot.

    Attributes
    ----------
    cells : int array (total,)
        Laid out by `Layout`.
    versions : dict
        Records per model version.
    names : dict
        What a person would ask about a signal, by (signal, name): how features differ from the schema, which levels
        were never seen before (of features whose values may be shown). Of these and of the versions the `NAMES_KEPT`
        first in alphabetical order are kept: that is bounded and still adds exactly.
    rows : list of Rows
        What sequential detectors asked for, in the order in which it was added; empty where there are none.
    given : int array (C, total) or None
        The cells once more, by the level of the field that is a context; None where there is none, or no records.
    """

    cells: Counts
    versions: dict[str, int] = field(default_factory=dict)
    names: dict[tuple[str, str], int] = field(default_factory=dict)
    rows: list[Rows] = field(default_factory=list)
    given: Counts | None = None

    @property
    def leading_versions(self) -> dict[str, int]:
        """What a slot is said to be of: its most frequent versions, those of 1 % of the records at least."""
        most = sorted(self.versions.items(), key=lambda item: (-item[1], item[0]))[:VERSIONS_TOLD]
        return {version: count for version, count in most if 100 * count >= sum(self.versions.values())}

    def __iadd__(self, other: Tally) -> Self:
        self.cells += other.cells
        self.versions = _first(Counter(self.versions) + Counter(other.versions))
        self.names = _first(Counter(self.names) + Counter(other.names))
        self.rows += other.rows
        if other.given is not None:
            self.given = other.given if self.given is None else self.given + other.given
        return self

    def shed_detail(self) -> None:
        """Let go of all but what is counted."""
        self.names, self.rows, self.given = {}, [], None

    @property
    def kept(self) -> int:
        """How many records sequential detectors keep."""
        return sum(map(len, self.rows))


def _first(counts: Counter[_Name]) -> dict[_Name, int]:
    return dict(sorted(counts.items())[:NAMES_KEPT])


def _rows_of(columns: Set[str], detectors: Sequence[Detector]) -> dict[str, int]:
    """Return by column which detector sorts its values into cells."""
    bins = {d.column: row for row, d in enumerate(detectors) if isinstance(d, NumericBins | CategoryBins)}
    return {column: bins[column] for column in sorted(columns)}


class Layout:
    """Where each detector's cells stand in a tally.

    Attributes
    ----------
    total : int
        Length of a tally.
    detectors : tuple of Detector
    starts : tuple of int
        First cell of each detector.
    shed : frozenset of str
        What is not kept at present: `DETAIL`, `IDS`.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self.detectors = tuple(detectors)
        self.shed: frozenset[str] = frozenset()
        starts = [FLOW_CELLS]
        for detector in self.detectors:
            starts.append(starts[-1] + detector.cells)
        self.starts = tuple(starts[:-1])
        self.total = starts[-1]
        self._offsets = np.array(self.starts, dtype=np.int64).reshape(-1, 1)
        numeric = {row: d for row, d in enumerate(self.detectors) if isinstance(d, NumericBins)}
        self._numeric = list(numeric)
        self._together = Together(list(numeric.values()))
        self._shown: list[tuple[int, int, str]] = []
        self._joint = {row: d for row, d in enumerate(self.detectors) if isinstance(d, Joint)}
        self._single = [row for row in range(len(self.detectors)) if row not in numeric and row not in self._joint]
        self._looked_at = _rows_of({c for joint in self._joint.values() for c in joint.columns}, self.detectors)
        self._sequential: tuple[Sequential, ...] = ()
        self._context: int | None = None

    def watching(self, features: Set[str], sequential: Sequence[Sequential] = (), context: str | None = None) -> Layout:
        """Return the same layout, whose tallies hold more.

        Parameters
        ----------
        features : set of str
            Features of which levels that were never seen before are named.
        sequential : sequence of Sequential
            Detectors for which something of each record is kept.
        context : str or None
            Column of levels by which records are counted once more.
        """
        layout = Layout(self.detectors)
        layout._sequential = tuple(sequential)
        layout._context = self.place_of(context) if context else None
        layout._shown = [
            (row, self.starts[row] + detector.unseen, detector.column)
            for row, detector in enumerate(self.detectors)
            if isinstance(detector, CategoryBins) and detector.column.removeprefix("feature.") in features
        ]
        return layout

    def place_of(self, column: str) -> int | None:
        """Return the position of the detector that compares a column as levels, None where there is none."""
        return next(
            (i for i, d in enumerate(self.detectors) if isinstance(d, CategoryBins) and d.column == column), None
        )

    def codes(self, batch: Batch) -> NDArray[np.int64]:
        """Return the cell of each record for each detector, shape (detectors, n)."""
        codes = np.empty((len(self.detectors), len(batch)), dtype=np.int64)
        if self._numeric:
            codes[self._numeric] = self._together.bin(batch)
        for row in self._single:
            codes[row] = self.detectors[row].bin(batch)
        seen = Batch(batch.rows, cells={column: codes[row] for column, row in self._looked_at.items()})
        for row, joint in self._joint.items():
            codes[row] = joint.bin(seen)
        codes += self._offsets
        return codes

    def empty(self) -> Tally:
        """Return a tally of nothing."""
        return Tally(np.zeros(self.total, dtype=np.int64))

    def by_level(self) -> Counts:
        """Return the counts of nothing by the level of the field that is a context, shape (C, total).

        Raises ValueError where there is no such field.
        """
        if self._context is None:
            raise ValueError("counts by level, and no context is a field")
        return np.zeros((self.detectors[self._context].cells, self.total), dtype=np.int64)

    def count(self, batch: Batch, codes: NDArray[np.int64], positions: NDArray[np.int64]) -> Tally:
        """Return the tally of the batch's records at these positions."""
        chosen = codes if len(positions) == len(batch) else codes[:, positions]
        cells = np.bincount(chosen.ravel(), minlength=self.total)
        cells[RECORDS] = len(positions)
        given = batch.versions if len(positions) == len(batch) else [batch.versions[p] for p in positions.tolist()]
        versions: Counter[str] = Counter()
        for version, count in Counter(given).items():
            if version is not None:
                versions[str(version)[:LONGEST_VERSION]] += count  # 7 and "7" are one version
        if self.shed >= DETAIL:
            return Tally(cells, _first(versions))
        rows = [taken(self._sequential, batch, positions)] if self._sequential and len(positions) else []
        return Tally(cells, _first(versions), _first(self._names(batch, chosen, positions)), rows, self._given(chosen))

    def _given(self, chosen: NDArray[np.int64]) -> Counts | None:
        if self._context is None:
            return None
        levels = self.detectors[self._context].cells
        at = chosen + self.total * (chosen[self._context] - self.starts[self._context])
        return np.bincount(at.ravel(), minlength=levels * self.total).reshape(levels, self.total)

    def _names(self, batch: Batch, chosen: NDArray[np.int64], positions: NDArray[np.int64]) -> Counter[tuple[str, str]]:
        names: Counter[tuple[str, str]] = Counter()
        if batch.deviations:
            for position in positions.tolist():
                names.update(("quality.schema", how) for how in batch.deviations.get(position, ()))
        for row, cell, column in self._shown:
            signal = column.replace("feature.", "quality.unseen.", 1)
            for position in positions[chosen[row] == cell].tolist():
                names[signal, str(batch.texts[column][position])[:LONGEST_NAME]] += 1
        return names

    def signals(self, counts: Counts) -> list[tuple[Signal, int]]:
        """Return every signal with the first cell of what it gathers, given the reference's counts."""
        found = [(signal, 0) for signal in FLOW_SIGNALS]
        for detector, start in zip(self.detectors, self.starts, strict=True):
            found += [(signal, start) for signal in detector.signals(counts[start : start + detector.cells])]
        return found
