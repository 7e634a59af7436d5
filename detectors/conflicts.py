"""Labels that contradict each other: of one id nobody knows which is right, and somebody may have made them wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.detector import Codes, Counts, Signal
from monitor.formats.batch import Batch

AGREE, DIFFER = 0, 1


@dataclass(frozen=True)
class Conflicts:
    """Cells: the labels of an id agree; they differ.

    A batch is of predictions whose labels agree. Those that differ are not in it, for no label of theirs is used: who
    joins labels to predictions adds them. No reference stores this: what was accepted has none of them.
    """

    kind: ClassVar[str] = "conflicts"

    @property
    def cells(self) -> int:
        return 2

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each record."""
        return np.full(len(batch), AGREE, dtype=np.int64)

    def signals(self, counts: Counts) -> list[Signal]:
        """Return `labels.conflicts`: the share of ids with labels that differ."""
        bins = ("labels that agree", "labels that differ")
        return [Signal("labels.conflicts", "labels", "share", ordered=False, bins=bins, bin_of=(AGREE, DIFFER))]


CONFLICTS = Conflicts()
