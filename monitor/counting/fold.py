"""One partition's records folded into slots, in offset order, by pure code.

The result depends on the records and the logged decisions alone: not on how they are cut into blocks, nor on what
other partitions do. A slot closes when the clock passes its end plus the allowed lateness; a record of a closed
slot is late: it adds one to `late` of the slot in which it came, that of the clock, and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from numpy.typing import NDArray

from monitor.counting.seen import Seen
from monitor.counting.slots import OpenSlot, Waiting
from monitor.counting.tally import DEAD as DEAD_CELL
from monitor.counting.tally import IDS, LATE, Layout, Tally
from monitor.formats.batch import DEAD, Batch, Decoded
from monitor.types import Partition

NEVER = -(1 << 62)
"""Before any clock, any slot, any offset."""

NOWHERE = Partition("", 0)

Ints = NDArray[np.int64]


@dataclass
class Position:
    """Where to read on, and what the fold knew there. All that is remembered of a partition.

    Attributes
    ----------
    offset : int
        Next offset to fold.
    clock : int
        Largest clock time seen, in milliseconds.
    closed : int
        Slots up to this one are closed.
    """

    offset: int
    clock: int = NEVER
    closed: int = NEVER


@dataclass
class Folded:
    """What one block added, by model: counts for the metrics, and which of its records counted.

    Attributes
    ----------
    done : int
        Next offset whose effects outside (dead letters, verdicts) were not made before this block was read.
    fresh : dict of int to list of int array
        Positions in the model's batch of the records that counted: neither late nor duplicates.
    """

    done: int = 0
    counted: dict[int, int] = field(default_factory=dict)
    late: dict[int, int] = field(default_factory=dict)
    duplicates: dict[int, int] = field(default_factory=dict)
    fresh: dict[int, list[Ints]] = field(default_factory=dict)


class Fold:
    """The state of one partition.

    Parameters
    ----------
    slot, lateness : int
        Milliseconds.
    layouts : sequence of Layout
        One per watched model.
    at : Position
        Where to begin, and what was known there.
    partition : Partition
        Whose records these are.
    decisions : list of (offset, slot)
        Logged decisions: before this offset is read, slots up to this one are closed (an idle partition, one that
        rejoined). Each is taken as soon as everything before its offset is folded.
    """

    def __init__(
        self,
        slot: int,
        lateness: int,
        layouts: Sequence[Layout],
        at: Position,
        decisions: Sequence[tuple[int, int]] = (),
        *,
        partition: Partition = NOWHERE,
    ) -> None:
        self.slot = slot
        self.lateness = lateness
        self.layouts = layouts
        self.next = Position(at.offset, at.clock, at.closed)
        self.partition = partition
        self.slots: dict[int, OpenSlot] = {}
        self._judged: list[OpenSlot] = []
        self.decisions = list(decisions)
        self.begin(at.offset)

    def begin(self, offset: int) -> None:
        """Note the next offset, before anything is folded; what was decided before it is taken."""
        self.next.offset = offset
        for _, through in (d for d in self.decisions if d[0] <= offset):
            self._close(through)
        self.decisions = [d for d in self.decisions if d[0] > offset]

    def fold(self, decoded: Decoded) -> Folded:
        """Count a block, whose offsets begin at or after `next.offset`."""
        folded = Folded()
        codes = [
            layout.codes(batch) if batch else None for layout, batch in zip(self.layouts, decoded.batches, strict=True)
        ]
        start = 0
        for offset, through in sorted(d for d in self.decisions if d[0] > self.next.offset):
            stop = int(np.searchsorted(decoded.offsets, offset))
            self._fold_rows(decoded, codes, start, stop, folded)
            if stop < len(decoded.offsets) or offset == self.next.offset:
                self._close(through)
            start = stop
        self._fold_rows(decoded, codes, start, len(decoded.offsets), folded)
        return folded

    def decide(self, through: int) -> None:
        """Close slots up to `through` before the next offset, and remember the decision if it changes anything."""
        if through > self.next.closed:
            self.decisions.append((self.next.offset, through))
            self._close(through)

    def close_all(self) -> None:
        """Close every slot that has been opened: the partition is idle, or its file ended."""
        self.decide(max(self.slots, default=self.next.closed))

    def forget(self, through: int) -> None:
        """Drop slots up to `through`: they are judged. Of those with halves that wait, where they began is kept."""
        for slot in [s for s in self.slots if s <= through]:
            self._judged.append(self.slots.pop(slot).empty())
        self._judged = [judged for judged in self._judged if judged.waiting]
        if self.decisions:  # else where to resume need not be sought among all that is open
            resume = self.resume().offset
            self.decisions = [d for d in self.decisions if d[0] > resume]

    def resume(self) -> Position:
        """Return where a restart must read on so that every slot not yet judged is counted whole."""
        kept = [*self.slots.values(), *(judged for judged in self._judged if judged.waiting)]
        return min((slot.began for slot in kept), key=lambda p: p.offset, default=self.next)

    def halves(self, slots: Collection[int]) -> list[Waiting]:
        """Return the halves of these slots that were in time."""
        return [one for slot in slots if slot in self.slots for one in self.slots[slot].halves]

    @property
    def held(self) -> int:
        """How many records the open slots hold something of."""
        return sum(slot.held for slot in self.slots.values())

    def _close(self, through: int) -> None:
        self.next.closed = max(self.next.closed, through)

    def _fold_rows(self, decoded: Decoded, codes: Sequence[Ints | None], start: int, stop: int, folded: Folded) -> None:
        if start == stop:
            return
        rows = slice(start, stop)
        times, model, offsets = decoded.times[rows], decoded.model[rows], decoded.offsets[rows]
        timed = (model != DEAD) & (decoded.clocks[rows] >= 0)
        clock = np.maximum(np.maximum.accumulate(np.where(timed, decoded.clocks[rows], NEVER)), self.next.clock)
        passed = np.where(clock > NEVER, (clock - self.lateness) // self.slot - 1, NEVER)
        closed = np.maximum(passed, self.next.closed)
        slot = times // self.slot
        late = (slot <= closed) & (model >= 0)
        # Not the oldest open slot: at a start and behind a gap in time it has no record but the late ones.
        target = np.where(late | (model == DEAD), np.maximum(clock // self.slot, closed + 1), slot)
        history = _History(self.next, offsets, clock, closed)
        placed = (model >= 0) | ((model == DEAD) & (closed > NEVER))  # before there is a clock there is no slot
        for s in _distinct(target[placed]):
            here = np.flatnonzero(placed & (target == s))
            if s not in self.slots:
                self.slots[s] = OpenSlot(history.before(int(here[0])))
            self.slots[s].end = int(offsets[here[-1]]) + 1
        self._count_dead(target[placed & (model == DEAD)])
        for index, batch in enumerate(decoded.batches):
            counted = codes[index]
            if batch is not None and counted is not None:
                chosen = np.flatnonzero((batch.rows >= start) & (batch.rows < stop))
                at = batch.rows[chosen] - start
                rows_of = _Rows(index, batch, counted, chosen, target[at], late[at])
                self._count(rows_of, decoded.ids, folded)
        self._keep_halves(decoded, rows, target, late, folded)
        self.next = Position(int(offsets[-1]) + 1, int(clock[-1]), int(closed[-1]))

    def _count(self, rows: _Rows, ids: Sequence[str | float | None], folded: Folded) -> None:
        """Count one model's records of a block."""
        index = rows.model
        for s in _distinct(rows.target):
            here = rows.target == s
            tally = self._tally(s, index)
            too_late = int(np.count_nonzero(here & rows.late))
            tally.cells[LATE] += too_late
            positions = rows.chosen[here & ~rows.late]
            fresh = self._fresh(self.slots[s], rows, ids, positions)
            tally += self.layouts[index].count(rows.batch, rows.codes, fresh)
            folded.fresh.setdefault(index, []).append(fresh)
            for total, added in (
                (folded.late, too_late),
                (folded.counted, len(fresh)),
                (folded.duplicates, len(positions) - len(fresh)),
            ):
                total[index] = total.get(index, 0) + added

    def _fresh(self, slot: OpenSlot, rows: _Rows, ids: Sequence[str | float | None], positions: Ints) -> Ints:
        """Return the positions whose id the slot has not met yet; all of them where memory is too short to know."""
        if self.layouts[rows.model].shed >= IDS:
            return positions
        here = ids if len(positions) == len(ids) else [ids[row] for row in rows.batch.rows[positions].tolist()]
        return positions[slot.seen.setdefault(rows.model, Seen()).add(here)]

    def _keep_halves(
        self, decoded: Decoded, rows: slice, target: Ints, late: NDArray[np.bool_], folded: Folded
    ) -> None:
        """Keep halves for when their slots are closed everywhere. A late one adds its records to `late`, no more."""
        for row, half in decoded.halves.items():
            if not rows.start <= row < rows.stop:
                continue
            at, model = row - rows.start, half.model
            if late[at]:
                self._tally(int(target[at]), model).cells[LATE] += half.rows
                folded.late[model] = folded.late.get(model, 0) + half.rows
            else:
                slot = self.slots[int(target[at])]
                slot.keep(Waiting(int(decoded.times[row]), self.partition, int(decoded.offsets[row]), half, slot))

    def _count_dead(self, target: Ints) -> None:
        for s in _distinct(target):
            for index in range(len(self.layouts)):
                self._tally(s, index).cells[DEAD_CELL] += np.count_nonzero(target == s)

    def _tally(self, slot: int, index: int) -> Tally:
        tallies = self.slots[slot].tallies
        if index not in tallies:
            tallies[index] = self.layouts[index].empty()
        return tallies[index]


@dataclass
class _Rows:
    """One model's records of a block: positions in its batch, each with its slot and whether it is late."""

    model: int
    batch: Batch
    codes: Ints
    chosen: Ints
    target: Ints
    late: NDArray[np.bool_]


class _History:
    """What was known before each row of a block."""

    def __init__(self, begin: Position, offsets: Ints, clock: Ints, closed: Ints) -> None:
        self.begin, self.offsets, self.clock, self.closed = begin, offsets, clock, closed

    def before(self, row: int) -> Position:
        """Return the state before the row's message; the first row of a message of several counts."""
        offset = int(self.offsets[row])
        first = int(np.searchsorted(self.offsets, offset))
        if first == 0:
            return Position(offset, self.begin.clock, self.begin.closed)
        return Position(offset, int(self.clock[first - 1]), int(self.closed[first - 1]))


def _distinct(slots: Ints) -> list[int]:
    """Return the slots that occur, in order; almost always there is one, and np.unique is slow to say so."""
    if len(slots) and slots.min() == slots.max():
        return [int(slots[0])]
    return cast("list[int]", np.unique(slots).tolist())


def ready(folds: Mapping[object, Fold], idle: set[object]) -> int:
    """Return the last slot that every partition has closed; idle partitions hold nobody up."""
    awake = [fold.next.closed for key, fold in folds.items() if key not in idle]
    if awake:
        return min(awake)
    return max((fold.next.closed for fold in folds.values()), default=NEVER)
