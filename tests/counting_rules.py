"""The rules of counting, written down a second time: record by record, nothing forgotten, no numpy.

What the monitor counts is held against this. It knows partitions' logs and the logged decisions, and neither blocks
nor kills.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.formats.batch import DEAD, IGNORED


@dataclass(frozen=True)
class Row:
    """One record: whose it is, when it happened, what it says; or half of one: `half` says which."""

    model: int
    time: int
    clock: int
    id: int | None = None
    mark: int = 0
    half: str | None = None


@dataclass(frozen=True)
class Post:
    """One message of a log; it may hold several records."""

    offset: int
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Decision:
    """Before this offset, slots up to `through` are closed; None stands for all that have been opened."""

    offset: int
    through: int | None


@dataclass
class Count:
    """What one model has in one slot."""

    records: int = 0
    late: int = 0
    dead: int = 0
    marks: Counter[int] = field(default_factory=Counter)
    kept: list[Row] = field(default_factory=list)


Slots = dict[int, dict[int, Count]]


class Counting:
    """One partition while its log is read.

    Attributes
    ----------
    clock, decided : int
        -1 before there is any: times and slots are never negative.
    halves : list of Row
        Halves that came in time, in order.
    """

    def __init__(self, slot: int, lateness: int, models: int) -> None:
        self.slot, self.lateness, self.models = slot, lateness, models
        self.found: Slots = {}
        self.clock = self.decided = -1
        self.halves: list[tuple[int, Row]] = []
        self._seen: set[tuple[int, int, int]] = set()

    def decide(self, through: int | None) -> None:
        self.decided = max(self.decided, max(self.found, default=-1) if through is None else through)

    def closed(self, number: int) -> bool:
        passed = self.clock >= 0 and self.clock >= (number + 1) * self.slot + self.lateness
        return passed or number <= self.decided

    def first_open(self) -> int:
        number = max(self.decided + 1, (self.clock - self.lateness) // self.slot - 1)  # all before it are closed
        while self.closed(number):
            number += 1
        return number

    def read(self, row: Row, offset: int = 0) -> None:
        if row.model == DEAD:
            self._count_dead()
            return
        self.clock = max(self.clock, row.clock)
        if row.model == IGNORED:
            return
        place = row.time // self.slot
        if self.closed(place):
            self._at(max(self.clock // self.slot, self.first_open()), row.model).late += 1
            return
        here = self._at(place, row.model)
        if row.half is not None:
            self.halves.append((offset, row))
            return
        if row.id is None or (place, row.model, row.id) not in self._seen:
            here.records += 1
            here.marks[row.mark] += 1
            here.kept.append(row)
        if row.id is not None:
            self._seen.add((place, row.model, row.id))

    def _count_dead(self) -> None:
        if self.clock >= 0 or self.decided >= 0:
            for model in range(self.models):
                self._at(max(self.clock // self.slot, self.first_open()), model).dead += 1

    def _at(self, number: int, model: int) -> Count:
        return self.found.setdefault(number, {}).setdefault(model, Count())


def count(log: Sequence[Post], decisions: Sequence[Decision], *, slot: int, lateness: int, models: int) -> Slots:
    """Return what one partition's log counts, by slot and model."""
    return counted(log, decisions, slot=slot, lateness=lateness, models=models).found


def counted(log: Sequence[Post], decisions: Sequence[Decision], *, slot: int, lateness: int, models: int) -> Counting:
    """Return one partition's log, counted."""
    counting = Counting(slot, lateness, models)
    waiting = list(decisions)
    for post in log:
        while waiting and waiting[0].offset <= post.offset:
            counting.decide(waiting.pop(0).through)
        for row in post.rows:
            counting.read(row, post.offset)
    return counting


def add(whole: Slots, part: Slots) -> None:
    """Add one partition's counts to those of others."""
    for number, by_model in part.items():
        for model, one in by_model.items():
            into = whole.setdefault(number, {}).setdefault(model, Count())
            into.records += one.records
            into.late += one.late
            into.dead += one.dead
            into.marks += one.marks
            into.kept += one.kept
