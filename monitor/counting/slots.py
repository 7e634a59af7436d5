"""Slots of one partition while they are open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from monitor.counting.seen import Seen
from monitor.counting.tally import DETAIL, IDS, Tally
from monitor.formats.half import Half
from monitor.types import Partition

if TYPE_CHECKING:
    from monitor.counting.fold import Position

ID_BYTES = 130
"""What an id takes."""


@dataclass
class OpenSlot:
    """A slot not yet judged: where it began, its tallies and ids by model, and halves that came in time.

    Attributes
    ----------
    end : int
        The offset behind its last record.
    size : int
        What the halves take, in ids.
    waiting : int
        How many of its halves wait for their others: until there are none, where it began is not forgotten.
    """

    began: Position
    end: int = 0
    tallies: dict[int, Tally] = field(default_factory=dict)
    seen: dict[int, Seen] = field(default_factory=dict)
    halves: list[Waiting] = field(default_factory=list)
    size: int = 0
    waiting: int = 0

    def keep(self, one: Waiting) -> None:
        """Keep a half until the slot is closed everywhere."""
        self.halves.append(one)
        self.size += 2 + (len(one.half.id) + len(one.half.body)) // ID_BYTES

    @property
    def held(self) -> int:
        """How many records it holds something of: an id, what sequential detectors keep; halves by their size."""
        kept = (max(len(self.seen.get(index, ())), tally.kept) for index, tally in self.tallies.items())
        return sum(kept) + self.size

    def shed(self, what: frozenset[str]) -> None:
        """Let go of what is not kept at present."""
        if what >= DETAIL:
            for tally in self.tallies.values():
                tally.shed_detail()
        if what >= IDS:
            self.seen.clear()

    def empty(self) -> OpenSlot:
        """Forget all but where it began."""
        self.tallies, self.seen, self.halves, self.size = {}, {}, [], 0
        return self


class Waiting(NamedTuple):
    """One half that was read in time: when it happened in milliseconds, where it stands, and its slot there."""

    time: int
    partition: Partition
    offset: int
    half: Half
    slot: OpenSlot
