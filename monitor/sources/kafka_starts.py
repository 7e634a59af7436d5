"""Where to begin reading a partition of which nothing is remembered or committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

from monitor.types import Partition

PATIENCE_MS = 2_000

Start = Literal["earliest", "latest"] | int


class Starts:
    """`start` holds for the partitions that a topic has when it is first read; those added later begin at earliest.

    Parameters
    ----------
    start : "earliest", "latest" or int
        An int is a time, in milliseconds since 1970.
    remembered : mapping
        A topic with a partition in here has been read before.
    """

    def __init__(self, start: Start, remembered: Mapping[Partition, int]) -> None:
        self._start = start
        self._read_before = {partition.topic for partition in remembered}
        self._offsets: dict[TopicPartition, int] = {}

    def offsets(self, consumer: KafkaConsumer, wanted: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return where to begin. Asks the brokers; raises what kafka-python raises when they do not answer."""
        wanted = set(wanted)
        if self._start != "earliest":
            for topic in {partition.topic for partition in wanted} - self._read_before:
                self._first_time(consumer, topic)
                self._read_before.add(topic)
        known = {partition: self._offsets[partition] for partition in wanted if partition in self._offsets}
        begins: dict[TopicPartition, int]
        begins = consumer.beginning_offsets(list(wanted - known.keys()), timeout_ms=PATIENCE_MS)
        return begins | known

    def _first_time(self, consumer: KafkaConsumer, topic: str) -> None:
        numbers = consumer._cluster.partitions_for_topic(topic) or ()  # noqa: SLF001 - the public one may wait for ever
        there = [TopicPartition(topic, number) for number in sorted(numbers)]
        if any(consumer.committed(partition, timeout_ms=PATIENCE_MS) is not None for partition in there):
            return
        ends = consumer.end_offsets(there, timeout_ms=PATIENCE_MS)
        if self._start != "latest":
            found = consumer.offsets_for_times(dict.fromkeys(there, self._start), timeout_ms=PATIENCE_MS)
            ends |= {partition: at.offset for partition, at in found.items() if at is not None}
        self._offsets |= ends


class SharedStarts(Starts):
    """The same for a group whose processes begin one after the other: the first says for all partitions where."""

    def offsets(self, consumer: KafkaConsumer, wanted: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return where to begin, as whoever was first has committed."""
        wanted = set(wanted)
        found = super().offsets(consumer, wanted)
        if self._start == "earliest":
            return found
        said = {partition: consumer.committed(partition, timeout_ms=PATIENCE_MS) for partition in wanted}
        return found | {partition: offset for partition, offset in said.items() if offset is not None}

    def _first_time(self, consumer: KafkaConsumer, topic: str) -> None:
        super()._first_time(consumer, topic)
        ours = {partition: offset for partition, offset in self._offsets.items() if partition.topic == topic}
        if ours:
            consumer.commit({at: OffsetAndMetadata(o, "", -1) for at, o in ours.items()}, timeout_ms=PATIENCE_MS)
