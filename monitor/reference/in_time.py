"""What the times of accepted records tell: dependence of each on those before it, cycles, and what moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.detector import Counts, Signal
from monitor.counting.tally import Layout
from monitor.reference.contexts import CYCLES, FINER, Contexts, Given, names_of
from monitor.reference.cycles import best_of, cycles_of
from monitor.reference.dependence import Dependence
from monitor.reference.movement import followed
from monitor.reference.notes import Note
from monitor.reference.shifts import Shifts

GROUPS = ("quality", "features", "predictions", "joint", "anomalies")
"""What may be judged given the hour; labels may come by a clock of their own."""

Ints = NDArray[np.int64]


@dataclass
class InTime:
    """What is found, detector by detector.

    Parameters
    ----------
    layout : Layout
    counts : int array (layout.total,)
        Reference records per cell.
    allowed : tuple of str
        Cycles that may be used; a single one, or a column of levels, is used for every signal.
    rows : int or None
        Where records have no times, how many there are: they are called by their numbers.

    Attributes
    ----------
    within : dict of str to float
        How far the law of a signal moves within a context (Cohen's w), where it does.
    notes : list of Note
        Signals with a cycle that has too few records to compare like with like.
    """

    layout: Layout
    counts: Counts
    allowed: tuple[str, ...]
    rows: int | None = None
    dependence: Dependence = field(default_factory=Dependence)
    within: dict[str, float] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    _by: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, Ints] = field(default_factory=dict)

    @property
    def field(self) -> int | None:
        """The position of the detector whose cells are contexts, None where these are none but in time."""
        return next((place for by in self.allowed if (place := self.layout.place_of(by)) is not None), None)

    def look(self, parts: Iterable[tuple[int, Ints, Given]]) -> None:
        """Look at detectors: the position of each, its records' cells and contexts, in the order of time."""
        self.shifts = Shifts(len(self.layout.signals(self.counts)))
        for position, cells, given in parts:
            detector, start = self.layout.detectors[position], self.layout.starts[position]
            counts = self.counts[start : start + detector.cells]
            signals = detector.signals(counts)
            judged = [s for s in signals if s.group in GROUPS and getattr(detector, "column", None) not in self.allowed]
            for signal in judged:
                bins = np.array(signal.bin_of)[cells]
                bins, slots = bins[bins >= 0], given.slots[bins >= 0]
                if by := self._cycle(signal, bins, slots):
                    self._by[signal.name] = self._followed(signal, bins, slots, by) if by in CYCLES else by
            for by in sorted({self._by[s.name] for s in judged if s.name in self._by}):
                self._count(by, position, cells, given)
            self.dependence.look(signals, cells, given, self._by, self.within)
            marks = given.slots if self.rows is None else np.arange(self.rows - len(cells), self.rows)
            self.shifts.look(signals, cells, given, self._by, marks)

    def _cycle(self, signal: Signal, bins: Ints, slots: Ints) -> str | None:
        """Return the context of a signal; where it has a cycle that is not its context, that is noted."""
        if self.field is None and len(self.allowed) < 2:
            return next(iter(self.allowed), None)
        found = cycles_of(signal, bins, slots) if self.rows is None else {}
        if self.field is not None:
            if found:
                self.notes.append(Note("aside", signal.name, CYCLES[max(found, key=found.__getitem__)].called))
            return self.allowed[0]
        by = best_of(signal, found, slots, self.allowed)
        sparse = [name for name in found if name in self.allowed]
        if by is None and sparse:
            self.notes.append(Note("cycle", signal.name, CYCLES[sparse[0]].called))
        return by

    def _followed(self, signal: Signal, bins: Ints, slots: Ints, by: str) -> str:
        """Return the cycle that follows best how a signal moves, and note what it leaves of that."""
        finer = FINER.get(by) if FINER.get(by) in self.allowed else None
        found, off = followed(signal, bins, slots, by, finer)
        if off:
            self.within[signal.name] = round(off, 4)
        return found

    def _count(self, by: str, position: int, cells: Ints, given: Given) -> None:
        """Count what each context holds; cells whose records were said to be of another kind are shared out alike."""
        start, width, size = self.layout.starts[position], self.layout.detectors[position].cells, len(self._names(by))
        at, counted = given.at(by) * width + cells, given.counted
        here, choosing = (
            np.bincount(at[own], minlength=size * width).reshape(size, width) for own in (counted, ~counted)
        )
        for cell in np.flatnonzero(here.sum(axis=0) > self.counts[start : start + width]).tolist():
            moved = here[:, cell] - here[:, cell] * self.counts[start + cell] // here[:, cell].sum()
            here[:, cell] -= moved
            here[:, cell + 1] += moved
        if by in CYCLES:
            here, choosing = CYCLES[by].reaching(here), CYCLES[by].reaching(choosing)
        self._counts.setdefault(by, np.zeros((2, size, self.layout.total), dtype=np.int64))
        self._counts[by][:, :, start : start + width] = here, choosing

    def _names(self, by: str) -> tuple[str, ...]:
        return names_of(by, self.layout)

    @property
    def contexts(self) -> tuple[Contexts, ...]:
        """What was accepted in each context that was found, or asked for."""
        signals = {by: tuple(sorted(s for s, own in self._by.items() if own == by)) for by in self._counts}
        found = [(by, *self._counts[by]) for by in sorted(self._counts)]
        return tuple(
            Contexts(by, self._names(by), signals[by], counts, choosing if choosing.any() else None)
            for by, counts, choosing in found
        )
