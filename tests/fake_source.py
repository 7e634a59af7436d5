"""A Source that does what a test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from monitor.types import Message, Partition


@dataclass
class FakeSource:
    """Returns at the next poll what stands in `arriving`, and answers every question with its attribute."""

    there: Set[Partition] = frozenset()
    arriving: dict[Partition, list[Message]] = field(default_factory=dict)
    elsewhere: Set[Partition] = frozenset()
    at: Mapping[Partition, int] = field(default_factory=dict)
    ended: bool = False
    behind: Mapping[Partition, int] = field(default_factory=dict)
    words: str | None = None
    stamped: bool = True
    finished: bool = False
    held: Set[Partition] = frozenset()
    polls: int = 0
    closed: bool = False
    committed: Mapping[Partition, int] = field(default_factory=dict)

    def open(self, remembered: Mapping[Partition, int]) -> None:
        """Nothing is behind this source."""

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[Message]]:
        self.polls += 1
        arrived, self.arriving = self.arriving, {}
        return arrived

    def partitions(self) -> Set[Partition]:
        return self.there

    def positions(self) -> Mapping[Partition, int]:
        return self.at

    def missing(self) -> Set[Partition]:
        return self.elsewhere

    def at_end(self, partition: Partition) -> bool:
        return self.ended

    def hold(self, partitions: Set[Partition]) -> None:
        self.held = partitions

    def lag(self) -> Mapping[Partition, int]:
        return self.behind

    def trouble(self) -> str | None:
        return self.words

    def commit(self, next_offsets: Mapping[Partition, int]) -> None:
        self.committed = next_offsets

    def close(self, seconds: float) -> None:
        self.closed = True
