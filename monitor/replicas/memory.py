"""What is remembered of each model, in a compacted topic: one record a model, the furthest counts."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog

from monitor.errors import SnapshotError
from monitor.replicas.log import LONGEST, Entry, Log
from monitor.replicas.reading import let_go, reader, up_to
from monitor.sources.kafka_connecting import in_words
from monitor.state import snapshot

if TYPE_CHECKING:
    from kafka import KafkaConsumer

PATIENCE = 20.0
"""Seconds that reading it may take in all."""

MOST_BYTES = 256 << 20
"""Of one model's record, unpacked."""

log = structlog.get_logger()


class Memory:
    """Reads and writes it. A model's record is in the partition that has the number of its tallies' partition.

    Parameters
    ----------
    connection : mapping
        How to reach the brokers: keyword arguments of kafka-python.
    """

    def __init__(self, connection: Mapping[str, Any], topic: str, writer: Log) -> None:
        self.topic = topic
        self._connection = connection
        self._log = writer

    def write(self, partition: int, states: Mapping[str, dict[str, Any]], seconds: float = 10.0) -> None:
        """Return once the records are in the log. Raises OSError otherwise."""
        entries = [
            Entry(self.topic, partition, model.encode(), zlib.compress(snapshot.packed(state), 1))
            for model, state in states.items()
        ]
        self._log.append(entries, seconds)

    def close(self) -> None:
        """Let go of the brokers."""
        self._log.close()

    def read(self, partition: int) -> dict[str, dict[str, Any]]:
        """Return by model what was remembered last.

        A process that woke up may have written after the one that took its place: of several records the furthest
        counts, and everything behind it is in the tallies.

        Raises
        ------
        OSError
            Where the brokers do not answer.
        SnapshotError
            Where a record is not whole.
        """
        found: dict[str, dict[str, Any]] = {}
        for key, value in self._records(partition):
            try:
                model, state = key.decode(), snapshot.unpacked(_inflated(value))
                if _far(state) >= _far(found.get(model, state)):
                    found[model] = state
            except (zlib.error, ValueError, AttributeError, LookupError, TypeError) as why:
                raise SnapshotError(
                    f"what {self.topic}/{partition} remembers of {key!r} is not whole ({why}). "
                    "To start anew: seawall state reset"
                ) from None
        return found

    def read_all(self) -> dict[str, dict[str, Any]]:
        """Return by model what was remembered last, of all partitions. Raises as `read`."""
        return {name: state for number in self.partitions() for name, state in self.read(number).items()}

    def partitions(self) -> list[int]:
        """Return the topic's partitions, none where there is no such topic. Raises OSError as `read`."""
        consumer = self._consumer()
        try:
            return sorted(consumer.partitions_for_topic(self.topic) or ())
        finally:
            let_go(consumer)

    def _consumer(self) -> KafkaConsumer:
        return reader(self._connection, max_partition_fetch_bytes=LONGEST)

    def _records(self, partition: int) -> list[tuple[bytes, bytes]]:
        from kafka import TopicPartition

        at = TopicPartition(self.topic, partition)
        consumer = self._consumer()
        try:
            consumer.assign([at])
            end = consumer.end_offsets([at], timeout_ms=5_000)[at]
            consumer.seek_to_beginning(at)
            return [(record.key, record.value) for record in up_to(consumer, at, end, PATIENCE)]
        except Exception as why:
            raise OSError(None, f"{self.topic} cannot be read ({in_words(why)})") from why
        finally:
            let_go(consumer)


def _inflated(value: bytes) -> bytes:
    """Return what was packed; no record of ours is larger, and whoever may write there must not fill our memory."""
    unpacking = zlib.decompressobj()
    content = unpacking.decompress(value, MOST_BYTES)
    if not unpacking.eof:
        raise ValueError(f"cut off, or of more than {MOST_BYTES:,} bytes")
    return content


def _far(state: Mapping[str, Any]) -> list[int]:
    """Return what grows with what was judged, heard or joined; a slot that stays open long holds the offset."""
    beside = [each for _, each in sorted(state.get("beside", {}).items())]
    judged = [number for each in beside for number in (each["reached"]["offset"], each["judged"])]
    joined = (state.get("joining") or {}).get("next", 0)
    return [state["reached"]["offset"], state["judged"], state["heard"], joined, *judged]
