"""What the times of accepted records tell: dependence of each on those before it, and cycles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.detector import Counts, Detector
from monitor.counting.tally import Layout
from monitor.reference.contexts import CYCLES, Contexts
from monitor.reference.cycles import cycle_of
from monitor.reference.dependence import Dependence

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
    cycles : tuple of str
        Cycles that may be used; a single one is used for every signal.
    """

    layout: Layout
    counts: Counts
    cycles: tuple[str, ...]
    dependence: Dependence = field(default_factory=Dependence)
    _cycles: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, Ints] = field(default_factory=dict)

    def look(self, parts: Iterable[tuple[int, Ints, Ints]]) -> None:
        """Look at detectors: the position of each, its records' cells and their slots' beginnings, in order of time."""
        for position, cells, slots in parts:
            detector, start = self.layout.detectors[position], self.layout.starts[position]
            counts = self.counts[start : start + detector.cells]
            signals = [s for s in detector.signals(counts) if s.group in GROUPS]
            for signal in signals:
                bins = np.array(signal.bin_of)[cells]
                if cycle := cycle_of(signal, bins[bins >= 0], slots[bins >= 0], self.cycles):
                    self._cycles[signal.name] = cycle
            for cycle in sorted({self._cycles[s.name] for s in signals if s.name in self._cycles}):
                self._count(cycle, detector, start, cells, slots)
            self.dependence.look(detector.signals(counts), cells, slots, self._cycles)

    def _count(self, cycle: str, detector: Detector, start: int, cells: Ints, slots: Ints) -> None:
        """Count what each context holds; cells whose records were said to be of another kind are shared out alike."""
        size, width = len(CYCLES[cycle].names), detector.cells
        here = np.bincount(CYCLES[cycle].at(slots) * width + cells, minlength=size * width).reshape(size, width)
        for cell in np.flatnonzero(here.sum(axis=0) > self.counts[start : start + width]).tolist():
            moved = here[:, cell] - here[:, cell] * self.counts[start + cell] // here[:, cell].sum()
            here[:, cell] -= moved
            here[:, cell + 1] += moved
        self._counts.setdefault(cycle, np.zeros((size, self.layout.total), dtype=np.int64))
        self._counts[cycle][:, start : start + width] = here

    @property
    def contexts(self) -> tuple[Contexts, ...]:
        """What was accepted in each context of the cycles that were found."""
        signals = {cycle: tuple(sorted(s for s, c in self._cycles.items() if c == cycle)) for cycle in self._counts}
        return tuple(Contexts(cycle, signals[cycle], self._counts[cycle]) for cycle in sorted(self._counts))
