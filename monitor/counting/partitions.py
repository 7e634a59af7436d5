"""All partitions this process reads: which slots they have closed, who is idle, who runs ahead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.counting.fold import NEVER, Fold, Folded, Position, ready
from monitor.counting.pairing import Pairing
from monitor.counting.tally import Layout, Tally
from monitor.counting.trail import Trail
from monitor.formats.batch import DEAD, Decoded
from monitor.types import Partition

MOST_HELD = 200_000
"""Records of open slots of which something is kept: with more, a partition a slot ahead waits for the slowest."""


@dataclass(frozen=True)
class Timing:
    """Milliseconds of the configuration's times."""

    slot: int
    lateness: int
    max_ahead: int


@dataclass
class Remembered:
    """What a snapshot holds of one partition.

    Attributes
    ----------
    at : Position
        Where to read on.
    decisions : list of (offset, slot)
        Logged decisions that are taken again on the way.
    done : int
        Next offset whose effects outside (dead letters, verdicts) are not yet made.
    published : int
        Last slot that was handed over to who judges; where that is this process itself, nobody needs to know.
    rest : Position or None
        Where to go on instead, once nothing is left of what was open: of an idle partition, all of it handed over.
    """

    at: Position
    decisions: list[tuple[int, int]] = field(default_factory=list)
    done: int = 0
    published: int = NEVER
    rest: Position | None = None


class Partitions:
    """The folds of every partition, and the slots they have closed together.

    Parameters
    ----------
    layouts : sequence of Layout
        One per watched model.
    judged : int
        Last slot that was judged; nothing up to it is judged again.
    pairing : Pairing or None
        What joins halves of records, where there are any.

    Attributes
    ----------
    floor : int
        Last slot that a stream joined to this one has judged: what an idle partition brings later comes behind it.
    wanted : dict
        Next offset to read of each partition: where the source goes on when a partition comes back to it.
    trails : dict or None
        By partition where the judged slots lie; None, as at first, where nobody needs to know.
    """

    def __init__(
        self, timing: Timing, layouts: Sequence[Layout], judged: int = NEVER, pairing: Pairing | None = None
    ) -> None:
        self.timing = timing
        self.layouts = layouts
        self.judged = judged
        self.floor = NEVER
        self.pairing = pairing or Pairing(timing.slot, 0, lambda _: ({}, ()))
        self.folds: dict[Partition, Fold] = {}
        self.idle: set[Partition] = set()
        self.done: dict[Partition, int] = {}
        self.wanted: dict[Partition, int] = {}
        self.trails: dict[Partition, Trail] | None = None
        self._begun: dict[Partition, int] = {}
        self._read: dict[Partition, float] = {}

    def add(self, partition: Partition, now: float, remembered: Remembered | None = None) -> None:
        """Begin a partition, or go on with one that was remembered.

        It may be new, or have been idle: what it has not read yet comes behind what was judged without it.
        """
        remembered = remembered or Remembered(Position(-1))
        judged = max(self.judged, self.floor)
        decisions = list(dict.fromkeys([*remembered.decisions, *[(remembered.done, judged)] * (judged > NEVER)]))
        timing, at = self.timing, remembered.at
        self.folds[partition] = Fold(timing.slot, timing.lateness, self.layouts, at, decisions, partition=partition)
        self.done[partition] = remembered.done
        if remembered.at.offset >= 0:
            self.wanted[partition] = remembered.at.offset
        self._read[partition] = now

    @property
    def unread(self) -> list[Partition]:
        """Those of which nothing was read or remembered, nor noted where reading begins."""
        return [partition for partition, fold in self.folds.items() if fold.next.offset < 0]

    def begin(self, partition: Partition, offset: int) -> None:
        """Note where an unread partition begins: a restart goes on there, whatever is there by then."""
        self.folds[partition].begin(offset)
        self.wanted[partition] = self.done[partition] = offset

    def fold(self, partition: Partition, decoded: Decoded, now: float) -> Folded:
        """Count a block of one partition. An idle one rejoins: what the others have judged meanwhile is closed.

        What moves no clock (dead letters, other models' records without a time) neither wakes a partition nor keeps
        it awake: one that holds nothing else would hold up all the others.
        """
        fold = self.folds[partition]
        usable = bool(((decoded.model != DEAD) & (decoded.clocks >= 0)).any())
        if partition in self.idle:
            fold.decide(max(self.judged, self.floor))
            if usable:
                self.idle.remove(partition)
        folded = fold.fold(decoded)
        self.pairing.readmit(partition, fold.halves([slot for slot in fold.slots if slot <= self.judged]))
        folded.done = self.done[partition]
        fold.forget(self.judged)
        self.wanted[partition] = fold.next.offset
        self.done[partition] = max(self.done[partition], fold.next.offset)
        if usable:
            self._read[partition] = now
        if fold.next.clock > NEVER:
            self._begun.setdefault(partition, fold.next.clock)
        return folded

    def quiet_since(self, partition: Partition) -> float:
        """Return when something usable was last read from the partition, or when it was begun."""
        return self._read[partition]

    def close_idle(self, partition: Partition) -> None:
        """Close what the partition has open: it no longer holds up the others."""
        self.folds[partition].close_all()
        self.idle.add(partition)

    @property
    def silent(self) -> bool:
        """Whether every partition is idle; at a start none is known yet."""
        return bool(self.folds) and self.idle >= self.folds.keys()

    def close_all(self) -> None:
        """Close every slot of every partition: the source has ended."""
        for partition in self.folds:
            self.close_idle(partition)

    def shed(self, what: frozenset[str]) -> None:
        """Keep no more of this from now on, and let go of what open slots have of it: memory is short."""
        for layout in self.layouts:
            layout.shed = what
        for slot in (slot for fold in self.folds.values() for slot in fold.slots.values()):
            slot.shed(what)

    def ahead(self) -> set[Partition]:
        """Return the partitions too far ahead of the slowest that is awake, so that open slots stay few and small."""
        held = sum(fold.held for fold in self.folds.values())
        allowed = self.timing.max_ahead if held <= MOST_HELD else self.timing.slot
        awake = {p: fold.next.clock for p, fold in self.folds.items() if p not in self.idle}
        slowest = min(awake.values(), default=NEVER)
        if slowest > NEVER:
            return {p for p, clock in awake.items() if clock > slowest + allowed}
        return {p for p, clock in awake.items() if clock > self._begun.get(p, clock) + allowed}

    def closed(self) -> Iterator[tuple[int, dict[int, Tally]]]:
        """Yield every slot that all partitions have closed, in order, with its tallies by model; then forget it.

        Where none of them brings anything more, no half waits any longer.
        """
        through = ready(self.folds, self.idle)  # type: ignore[arg-type]
        for slot in sorted({s for fold in self.folds.values() for s in fold.slots if s <= through}):
            opened = {p: fold.slots[slot] for p, fold in sorted(self.folds.items()) if slot in fold.slots}
            if self.trails is not None:
                for partition, one in opened.items():
                    self.trails.setdefault(partition, Trail()).add(slot, one.began.offset, one.end)
            halves = [half for one in opened.values() for half in one.halves]
            merged = self._merged([*(one.tallies for one in opened.values()), self.pairing.join(slot, halves)])
            self._forget(slot)
            yield slot, merged
        if self.silent:
            self.pairing.give_up()
            self._forget(self.judged)

    def _forget(self, slot: int) -> None:
        self.judged = slot
        for fold in self.folds.values():
            fold.forget(slot)

    def _merged(self, parts: Iterable[Mapping[int, Tally]]) -> dict[int, Tally]:
        merged: dict[int, Tally] = {}
        for part in parts:
            for index, tally in part.items():
                merged.setdefault(index, self.layouts[index].empty())
                merged[index] += tally
        return merged

    def remembered(self) -> dict[Partition, Remembered]:
        """Return what a snapshot needs of every partition."""
        return {partition: self._remember(partition) for partition in self.folds}

    def _remember(self, partition: Partition) -> Remembered:
        fold = self.folds[partition]
        at = fold.resume()
        return Remembered(Position(at.offset, at.clock, at.closed), list(fold.decisions), self.done[partition])


def plain(remembered: Mapping[Partition, Remembered]) -> list[Any]:
    """Return remembered partitions as plain values."""
    return [[*p, r.at.offset, r.at.clock, r.at.closed, r.decisions, r.done] for p, r in remembered.items()]


def from_plain(rows: list[Any]) -> dict[Partition, Remembered]:
    """Return what `plain` was made of."""
    return {
        Partition(topic, number): Remembered(Position(offset, clock, closed), [(o, s) for o, s in decisions], done)
        for topic, number, offset, clock, closed, decisions, done in rows
    }
