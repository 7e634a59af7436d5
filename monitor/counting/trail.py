"""Where in a partition the judged slots lie: what a retraining must read again, remembered in little room."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

import msgspec

from monitor.types import Partition

MOST = 512
"""Marks of a partition after which those that say little are let go."""

FINENESS = 16
"""Marks lie no closer than a sixteenth of their age: what began a day ago is found to within an hour and a half."""


class Trail(msgspec.Struct):
    """The way through one partition, a mark for each slot at first, fewer and fewer with age.

    Attributes
    ----------
    marks : list of (slot, offset)
        Nothing of this slot or a later one lies before the offset. Both grow from mark to mark.
    end : int
        What is behind the last record of the judged slots.
    """

    marks: list[tuple[int, int]] = msgspec.field(default_factory=list)
    end: int = 0

    def add(self, slot: int, first: int, end: int) -> None:
        """Note a slot, later than all before it, that has been judged: its first offset, and the one behind its last.

        Records out of order may lie before those of earlier slots: then these begin there too.
        """
        begins = slot
        while self.marks and self.marks[-1][1] >= first:
            begins, _ = self.marks.pop()
        self.marks.append((begins, first))
        self.end = max(self.end, end)
        if len(self.marks) > MOST:
            self._thin(slot)

    def first(self, slot: int) -> int:
        """Return an offset before which nothing of the slot or a later one lies: the nearest that is remembered."""
        index = bisect_right(self.marks, slot, key=lambda mark: mark[0])
        return self.marks[max(0, index - 1)][1] if self.marks else self.end

    def _thin(self, now: int) -> None:
        kept = self.marks[:1]
        for mark, after in zip(self.marks[1:], self.marks[2:], strict=False):
            if (after[0] - kept[-1][0]) * FINENESS > now - after[0]:
                kept.append(mark)
        self.marks = [*kept, self.marks[-1]]


def plain(trails: Mapping[Partition, Trail]) -> list[Any]:
    """Return trails as plain values."""
    return [[*partition, trail.end, trail.marks] for partition, trail in trails.items()]


def from_plain(rows: list[Any]) -> dict[Partition, Trail]:
    """Return what `plain` was made of."""
    return {
        Partition(topic, number): Trail([(slot, offset) for slot, offset in marks], end)
        for topic, number, end, marks in rows
    }
