"""Tallies of all partitions merged into slots, in the order of the log they were handed over in.

Like the counting itself this is a fold by pure code: what is judged, and where in the log, depends on the log alone. So
whoever reads it again from `resume` decides everything again, identically.

A tally holds all of its slot from the first record on, as far as it was read. Of two of one slot and partition the one
that reaches further holds the other: it takes its place, whoever wrote it and in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.counting.fold import NEVER
from monitor.counting.handover import Counted, Marker, tally_of
from monitor.counting.markers import Markers
from monitor.counting.tally import DEAD, LATE, RECORDS, Layout, Tally
from monitor.types import Partition


class Part(NamedTuple):
    """What was taken of one slot of one partition: all before `end`, so many records (late ones too), dead letters."""

    end: int
    records: int
    dead: int


@dataclass(frozen=True)
class Reached:
    """How far a log of tallies was read, and what was known there.

    Attributes
    ----------
    offset : int
        Next offset to read.
    closed : int
        Slots up to this one are merged.
    markers : dict of Partition to Marker
        The newest of each partition.
    taken : dict of Partition to dict of int to Part
        By slot what came behind the partition's marker: it may come again after a crash, or more of it.
    """

    offset: int = 0
    closed: int = NEVER
    markers: dict[Partition, Marker] = field(default_factory=dict)
    taken: dict[Partition, dict[int, Part]] = field(default_factory=dict)


class Merged(NamedTuple):
    """A slot that every partition has closed.

    Attributes
    ----------
    spans : dict of Partition to (first, end)
        Where its records lie.
    """

    slot: int
    tally: Tally
    spans: dict[Partition, tuple[int, int]]


@dataclass
class _Open:
    """A slot not yet closed: what no longer changes in one tally, what may be replaced by more of it apart."""

    began: Reached
    tally: Tally
    parts: dict[Partition, Tally] = field(default_factory=dict)
    spans: dict[Partition, tuple[int, int]] = field(default_factory=dict)

    def settle(self, partition: Partition) -> None:
        """Note that no more of a partition comes."""
        if (part := self.parts.pop(partition, None)) is not None:
            self.tally += part


_NOTHING = Part(NEVER, 0, 0)


class Merging:
    """The slots of one model.

    Parameters
    ----------
    topics : collection of str
        The topics whose partitions are all waited for; for those of another, read before, nobody waits.
    counting : str
        The digest that tallies must have; those of another are passed over.
    at : Reached
        Where to begin, and what was known there.
    judged : int
        Last slot that was judged; nothing up to it is given out again.
    """

    def __init__(
        self, model: str, layout: Layout, topics: Collection[str], counting: str, *, at: Reached, judged: int = NEVER
    ) -> None:
        self.model = model
        self.layout = layout
        self.counting = counting
        self.next = at.offset
        self.closed = at.closed
        self.judged = judged
        self._markers = Markers(topics, at.markers)
        self.taken = {partition: dict(parts) for partition, parts in at.taken.items()}
        self._slots: dict[int, _Open] = {}

    def take(self, offset: int, message: Counted | Marker) -> Iterator[Merged]:
        """Read the message at an offset; yield the slots that it closes, in order, which thereby are judged."""
        if offset < self.next:
            return
        if message.counting == self.counting:
            if isinstance(message, Marker):
                yield from self._mark(message)
            elif message.model == self.model:
                self._add(offset, message)
        self.next = offset + 1

    def pass_over(self, offset: int) -> None:
        """Note that the message at an offset was read, and is of a stream that others merge."""
        self.next = max(self.next, offset + 1)

    def resume(self) -> Reached:
        """Return where a restart must read on so that every slot not yet judged is merged whole."""
        begun = [one.began for one in self._slots.values()]
        return min(begun, key=lambda at: at.offset) if begun else self._here(self.next)

    @property
    def topics(self) -> Collection[str]:
        """The topics whose partitions are all waited for."""
        return self._markers.topics

    @property
    def awaited(self) -> list[Partition]:
        """The partitions that hold up the others: those furthest behind, or of which nothing is known yet."""
        return self._markers.awaited

    @property
    def uncounted(self) -> list[Partition]:
        """The partitions that nobody counts."""
        return self._markers.uncounted

    @property
    def silent(self) -> bool:
        """Whether every partition is idle."""
        return self._markers.silent

    @property
    def markers(self) -> dict[Partition, Marker]:
        """The newest marker of each partition."""
        return self._markers.newest

    def _add(self, offset: int, message: Counted) -> None:
        """Take a tally in place of what it continues. What comes when its slot was judged is late in the next."""
        where, slot = message.where, message.slot
        marker = self.markers.get(where)
        parts = self.taken.setdefault(where, {})
        known = parts.get(slot, _NOTHING)
        if message.end <= known.end or (marker is not None and slot <= marker.through):
            return
        tally = tally_of(message, self.layout)
        one = self._opened(max(slot, self.closed + 1), offset)  # before it is noted: a restart must take it again
        cells = tally.cells.tolist()
        parts[slot] = part = Part(message.end, cells[RECORDS] + cells[LATE], cells[DEAD])
        if slot > self.closed:
            one.parts[where] = tally
        else:
            one.tally.cells[LATE] += part.records - known.records
            one.tally.cells[DEAD] += part.dead - known.dead
        first, end = one.spans.get(where, (message.first, message.end))
        one.spans[where] = min(first, message.first), max(end, message.end)

    def _opened(self, slot: int, offset: int) -> _Open:
        if slot not in self._slots:
            self._slots[slot] = _Open(self._here(offset), self.layout.empty())
        return self._slots[slot]

    def _here(self, offset: int) -> Reached:
        taken = {partition: dict(parts) for partition, parts in self.taken.items() if parts}
        return Reached(offset, self.closed, dict(self.markers), taken)

    def _mark(self, marker: Marker) -> Iterator[Merged]:
        if not self._markers.take(marker):
            return
        parts = self.taken.get(marker.where, {})
        for slot in [slot for slot in parts if slot <= marker.through]:
            del parts[slot]
            if slot in self._slots:
                self._slots[slot].settle(marker.where)
        if self._markers.complete:
            closed = self._markers.closed
            self.closed = max(self.closed, max(self._slots, default=NEVER) if closed is None else closed)
            yield from self._close()

    def _close(self) -> Iterator[Merged]:
        for slot in sorted(slot for slot in self._slots if slot <= self.closed):
            one = self._slots.pop(slot)
            for partition in list(one.parts):
                one.settle(partition)
            if slot > self.judged:
                self.judged = slot
                yield Merged(slot, one.tally, one.spans)
