"""What is remembered of each model, in a compacted topic: one record a model, the furthest counts."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog

from monitor.errors import SnapshotError
from monitor.replicas.log import LONGEST, Entry, Log
from monitor.state import snapshot

if TYPE_CHECKING:
    from kafka import KafkaConsumer

PATIENCE = 20.0
"""Seconds that reading it may take in all."""

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
                state = snapshot.unpacked(zlib.decompress(value))
            except (zlib.error, ValueError) as why:
                raise SnapshotError(
                    f"what {self.topic}/{partition} remembers of {key.decode()} is not whole ({why}). "
                    "To start anew: seawall state reset"
                ) from None
            model = key.decode()
            if model not in found or _far(state) >= _far(found[model]):
                found[model] = state
        return found

    def partitions(self) -> list[int]:
        """Return the topic's partitions, none where there is no such topic. Raises OSError as `read`."""
        consumer = self._consumer()
        try:
            return sorted(consumer.partitions_for_topic(self.topic) or ())
        finally:
            _let_go(consumer)

    def _consumer(self) -> KafkaConsumer:
        from monitor.sources.kafka_connecting import OURS, connect

        own = {"group_id": None, "auto_offset_reset": "earliest", "max_partition_fetch_bytes": LONGEST}
        try:
            return connect({**OURS, **self._connection, **own, "fetch_min_bytes": 1})
        except Exception as why:
            raise OSError(None, f"Kafka does not answer ({str(why) or type(why).__name__})") from why

    def _records(self, partition: int) -> list[tuple[bytes, bytes]]:
        from kafka import TopicPartition

        at = TopicPartition(self.topic, partition)
        consumer = self._consumer()
        try:
            consumer.assign([at])
            end = consumer.end_offsets([at], timeout_ms=5_000)[at]
            consumer.seek_to_beginning(at)
            return list(_until(consumer, at, end))
        except Exception as why:
            raise OSError(None, f"{self.topic} cannot be read ({str(why) or type(why).__name__})") from why
        finally:
            _let_go(consumer)


def _let_go(consumer: Any) -> None:
    from monitor.sources.kafka_connecting import let_go

    let_go(consumer, 1.0)  # its own `close` may raise where brokers hang


def _far(state: Mapping[str, Any]) -> tuple[int, int]:
    """Return what grows with what was judged; a slot that stays open long holds the offset."""
    return state["reached"]["offset"], state["judged"]


def _until(consumer: Any, at: Any, end: int) -> Any:
    """Yield the records before an offset."""
    until = time.monotonic() + PATIENCE
    while consumer.position(at, timeout_ms=5_000) < end:
        for records in consumer.poll(timeout_ms=250).values():
            yield from ((record.key, record.value) for record in records if record.value is not None)
        if time.monotonic() > until:
            raise TimeoutError(f"not read to its end within {PATIENCE:.0f} s")
