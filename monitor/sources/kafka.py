"""Read Kafka topics as a member of a consumer group."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Any

import structlog
from kafka import TopicPartition
from kafka.errors import (
    CorruptRecordError,
    FencedInstanceIdError,
    LogTruncationError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    UnsupportedCodecError,
)

from monitor.errors import SourceError
from monitor.sources.kafka_batches import bound_batches
from monitor.sources.kafka_connecting import OURS, Connecting, check_certificates, in_words, let_go
from monitor.sources.kafka_headers import read_any_header
from monitor.sources.kafka_member import PATIENCE_MS, Member
from monitor.sources.kafka_starts import Start, Starts
from monitor.sources.kafka_watch import PATIENCE, Watch
from monitor.sources.quiet import quiet_kafka
from monitor.types import Partition, RawMessage

LONGEST_WAIT = 1.0
LONGEST_BACKOFF = 5.0

log = structlog.get_logger()


class KafkaReader:
    """A Source over Kafka topics.

    Parameters
    ----------
    connection : mapping
        How to reach the brokers: keyword arguments of kafka-python.
    start : "earliest", "latest" or int
        Where to begin when nothing is remembered or committed; an int is a time in milliseconds since 1970.
    clock : callable
        Seconds, monotonic.

    Attributes
    ----------
    rebuilds : int
        How often the client was thrown away and made anew.
    given : Counter
        How often the group gave each partition to this process.
    """

    stamped = True
    finished = False

    def __init__(
        self,
        connection: Mapping[str, Any],
        *,
        topics: Sequence[str],
        group_id: str,
        group_instance_id: str | None = None,
        start: Start = "earliest",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rebuilds = 0
        self.given: Counter[Partition] = Counter()
        self._settings = {**OURS, **connection, "group_id": group_id, "group_instance_id": group_instance_id}
        self._address = ", ".join(connection["bootstrap_servers"])
        self._topics = tuple(topics)
        self._start = start
        self._clock = clock
        self._remembered: Mapping[Partition, int] = {}
        self._left_at: dict[TopicPartition, int] = {}
        self._held: Set[Partition] = frozenset()
        self._mine: Set[Partition] = frozenset()
        self._member: Member | None = None
        self._connecting: Connecting | None = None
        self._failure = "not connected yet"
        self._next_attempt = 0.0
        self._backoff = 0.0
        self._closed = False

    def open(self, remembered: Mapping[Partition, int]) -> None:
        """Begin to connect. `remembered` is looked up whenever a partition is assigned."""
        quiet_kafka()
        bound_batches()
        check_certificates(self._settings)
        self._remembered = remembered
        self._starts = Starts(self._start, remembered)
        self._watch = Watch(self._clock())
        self._connecting = Connecting(self._settings)

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[RawMessage]]:
        """Return what has come. Raises SourceError where an offset is no longer there."""
        seconds = min(seconds, LONGEST_WAIT)
        member = self._member or self._connect(seconds)
        if member is None or not self._look_after(member):
            return {}
        records: Mapping[Partition, Sequence[RawMessage]] = {}
        try:
            records = member.poll(seconds)
        except Exception as why:  # noqa: BLE001 - which are to be raised is told there
            self._deal_with(why, member)
        if records:
            self._watch.silent_since = None
        if self._member is member and member.settled and self._mine != member.partitions:
            self._left_at.clear()
            self._mine = frozenset(Partition(*partition) for partition in member.partitions)
        return records

    def partitions(self) -> Set[Partition]:
        return self._mine

    def positions(self) -> Mapping[Partition, int]:
        known = self._member.positions() if self._member is not None else {}
        return {Partition(*at): offset for at, offset in known.items() if offset is not None}

    def missing(self) -> Set[Partition]:
        return self._member.known_partitions() - self._mine if self._member is not None else frozenset()

    def at_end(self, partition: Partition) -> bool:
        member = self._member
        if member is None:
            return False
        asked = TopicPartition(*partition)
        ends = member.ends({asked}) or {}
        return asked in ends and member.positions().get(asked) == ends[asked]

    def hold(self, partitions: Set[Partition]) -> None:
        if partitions != self._held:
            self._held = frozenset(partitions)
            if self._member is not None:
                self._member.hold(self._held)

    def lag(self) -> Mapping[Partition, int]:
        return self._member.lag(self._watch.ends) if self._member is not None else {}

    def trouble(self) -> str | None:
        if self._member is None:
            again = math.ceil(self._next_attempt - self._clock())
            when = "trying now" if self._connecting is not None or again < 1 else f"trying again in {again} s"
            return f"Kafka at {self._address}: {self._failure}; {when}"
        if self._watch.silent_since is not None:
            since = self._clock() - self._watch.silent_since
            return f"Kafka at {self._address} has not answered for {since:.0f} s; trying again all the time"
        hindrance = self._member.hindrance()
        return hindrance and f"Kafka at {self._address}: {hindrance}; trying again all the time"

    def commit(
        self, next_offsets: Mapping[Partition, int], words: Mapping[Partition, str] = MappingProxyType({})
    ) -> None:
        if self._member is not None:
            self._member.commit(next_offsets, words)

    def close(self, seconds: float) -> None:
        self._closed = True
        connecting, self._connecting = self._connecting, None
        member, self._member = self._member, None
        if connecting is not None:
            connecting.abandon()
        if member is not None:
            let_go(member.consumer, seconds)

    def _connect(self, seconds: float) -> Member | None:
        if self._closed:
            return None
        if self._connecting is None:
            pause = self._next_attempt - self._clock()
            if pause > 0:
                time.sleep(min(pause, seconds))
                return None
            self._connecting = Connecting(self._settings)
        consumer = self._connecting.wait(seconds)
        if consumer is not None:
            self._connecting = None
            self._watch = Watch(self._clock())
            self._member = Member(consumer, self._topics, self._wanted, self._held, self.given)
            log.info("kafka connected", address=self._address)
        elif self._connecting.failure is not None:
            why, self._connecting = in_words(self._connecting.failure), None
            say = log.debug if self._backoff else log.warning  # that it lasts is said once a minute: SourceTrouble
            self._retry(f"cannot be reached ({why})")
            say("kafka unreachable", address=self._address, why=why, next_attempt_s=self._backoff)
        return self._member

    def _deal_with(self, why: Exception, member: Member) -> None:
        match why:
            case NoOffsetForPartitionError():
                self._place(member, why.args[0])
            case OffsetOutOfRangeError():
                self._refuse_if_gone(member, why.args[0])
            case LogTruncationError():
                positions = member.positions()
                self._refuse_if_gone(member, {at: positions.get(at) for at in why.divergent_offsets})
            case UnsupportedCodecError():
                raise SourceError(f"{why}: install lz4, zstandard or python-snappy beside Seawall") from None
            case FencedInstanceIdError():
                raise self._fenced() from None
            case _:
                # A client in an unknown state is not used again: after some errors kafka-python fetches nothing more,
                # after others its next poll never returns.
                if isinstance(why, CorruptRecordError) and isinstance(why.__context__, UnicodeDecodeError):
                    read_any_header()
                self._rebuild(str(why) or type(why).__name__)

    def _wanted(self, partition: TopicPartition) -> int | None:
        left = self._left_at.get(partition)  # kept: a group that settles may give a partition out twice
        remembered = self._remembered.get(Partition(*partition))
        return remembered if remembered is not None else left

    def _place(self, member: Member, partitions: Set[TopicPartition]) -> None:
        try:
            offsets = self._starts.offsets(member.consumer, partitions)
        except Exception as why:  # noqa: BLE001 - asked again at the next poll
            log.info("start not known yet", why=str(why) or type(why).__name__)
            return
        for partition, offset in offsets.items():
            if partition in member.partitions:
                member.consumer.seek(partition, offset)
                log.info("partition begun", topic=partition.topic, partition=partition.partition, offset=offset)

    def _refuse_if_gone(self, member: Member, offsets: Mapping[TopicPartition, int | None]) -> None:
        """Raise SourceError if the brokers, asked again, confirm it; a leader that lags behind is not believed."""
        try:
            starts = member.consumer.beginning_offsets(list(offsets), timeout_ms=PATIENCE_MS)
        except Exception:  # noqa: BLE001 - asked again at the next poll
            return
        ends = member.ends(set(offsets)) or {}
        for at, offset in offsets.items():
            if offset is not None and at in ends and not starts[at] <= offset <= ends[at]:
                what = "expired" if offset < starts[at] else "are gone: the log was cut, or the topic made anew"
                raise SourceError(
                    f'topic "{at.topic}", partition {at.partition}: reading should go on at offset {offset}, but the '
                    f"log holds {starts[at]} to {ends[at]}. The records in between {what}. "
                    "To forget what was read and begin afresh: seawall state reset"
                )

    def _look_after(self, member: Member) -> bool:
        """Return whether the client can be used."""
        if member.fenced:
            raise self._fenced()
        now = self._clock()
        if self._watch.due(now):
            stuck = self._watch.stuck(member.positions(), self._held, member.ends, now)
            if stuck:
                names = ", ".join(sorted(f"{topic}/{number}" for topic, number in stuck))
                self._rebuild(f"nothing read for {PATIENCE:.0f} s from {names}")
                return False
            if self._watch.silent_since is None:
                self._backoff = 0.0
        return True

    def _fenced(self) -> SourceError:
        name = self._settings["group_instance_id"]
        return SourceError(f'another process reads as group_instance_id "{name}": give each process its own')

    def _rebuild(self, why: str) -> None:
        """Throw the client away; the next polls make a new one, which goes on where this one was."""
        member, self._member = self._member, None
        self.rebuilds += 1
        log.warning("kafka client rebuilt", why=why, rebuilds=self.rebuilds)
        if member is not None:
            self._left_at = {at: offset for at, offset in member.positions().items() if offset is not None}
            let_go(member.consumer, PATIENCE_MS / 1_000)
        self._retry(f"the client stopped working ({why})")

    def _retry(self, failure: str) -> None:
        self._failure = failure
        self._backoff = min(LONGEST_BACKOFF, max(0.5, self._backoff * 2))
        self._next_attempt = self._clock() + self._backoff
