"""Read Kafka topics as one of several processes of a group: what must move with a partition is in the commits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from typing import Any, NamedTuple

import structlog
from kafka import TopicPartition

from monitor.sources.kafka import KafkaReader
from monitor.sources.kafka_member import PATIENCE_MS, Member
from monitor.sources.kafka_starts import SharedStarts, Starts
from monitor.types import Partition

log = structlog.get_logger()


class Committed(NamedTuple):
    """What the group knows of a partition: the next offset, and the words of who committed it."""

    offset: int
    words: str


class SharedReader(KafkaReader):
    """A Source whose partitions come and go. Others read the rest; where to read on is what the group committed."""

    _starts: Starts

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._counts: dict[str, int] = {}
        self._told: dict[TopicPartition, int] = {}

    def open(self, remembered: Mapping[Partition, int]) -> None:
        super().open(remembered)
        self._starts = SharedStarts(self._start, remembered)

    def missing(self) -> Set[Partition]:
        return frozenset()

    def _wanted(self, partition: TopicPartition) -> int | None:
        return None  # what this process remembers of it may be older than what another has committed

    def counts(self) -> Mapping[str, int]:
        """Return how many partitions each topic has, as the brokers last told; topics they told of."""
        known = self._member.known_partitions() if self._member is not None else set()
        self._counts |= Counter(partition.topic for partition in known)
        return self._counts

    def committed(self, partition: Partition) -> Committed | None:
        """Return what the group committed for a partition, None where it never did.

        Raises
        ------
        OSError
            Where the brokers do not say at present.
        """
        if self._member is None:
            raise OSError(None, "no connection")
        try:
            found = self._member.consumer.committed(TopicPartition(*partition), metadata=True, timeout_ms=PATIENCE_MS)
        except Exception as why:
            raise OSError(None, str(why) or type(why).__name__) from why
        return Committed(found.offset, found.metadata or "") if found is not None and found.offset >= 0 else None

    def go_to(self, partition: Partition, offset: int) -> None:
        """Read a partition on from there, if it is still ours."""
        at = TopicPartition(*partition)
        if self._member is not None and at in self._member.partitions:
            self._member.consumer.seek(at, offset)
            self._told[at] = self.given[partition]

    def _place(self, member: Member, partitions: Set[TopicPartition]) -> None:
        super()._place(member, partitions)
        self._told |= {at: self.given[Partition(*at)] for at in partitions}

    def _refuse_if_gone(self, member: Member, offsets: Mapping[TopicPartition, int | None]) -> None:
        """Raise SourceError as any reader, but where nobody has said yet where to go on: that will be said."""
        told = {at: offset for at, offset in offsets.items() if self._told.get(at) == self.given[Partition(*at)]}
        if told:
            super()._refuse_if_gone(member, told)

    def span(self, partition: Partition) -> tuple[int, int]:
        """Return where a partition begins and ends. Raises OSError where the brokers do not say at present."""
        at = TopicPartition(*partition)
        if self._member is None:
            raise OSError(None, "no connection")
        try:
            begins = self._member.consumer.beginning_offsets([at], timeout_ms=PATIENCE_MS)
            ends = self._member.consumer.end_offsets([at], timeout_ms=PATIENCE_MS)
        except Exception as why:
            raise OSError(None, str(why) or type(why).__name__) from why
        return begins[at], ends[at]
