"""A partition of a topic of ours read once, outside any group, up to the end that it has now."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition
    from kafka.consumer.fetcher import ConsumerRecord


def reader(connection: Mapping[str, Any], **own: Any) -> KafkaConsumer:
    """Return a connected consumer of no group; `own` are settings of its own. Raises UnreachableError, an OSError."""
    from monitor.sources.kafka_connecting import OURS, UnreachableError, connect, in_words

    settings = {**OURS, **connection, "group_id": None, "auto_offset_reset": "earliest", "fetch_min_bytes": 1, **own}
    try:
        return connect(settings)
    except Exception as why:
        raise UnreachableError(in_words(why)) from why


def let_go(consumer: KafkaConsumer) -> None:
    """Close it within a second: its own `close` may raise where brokers hang."""
    from monitor.sources import kafka_connecting

    kafka_connecting.let_go(consumer, 1.0)


def up_to(consumer: KafkaConsumer, at: TopicPartition, end: int, seconds: float) -> Iterator[ConsumerRecord]:
    """Yield the records before an offset that have a value, within so many seconds.

    Raises what kafka-python raises, and TimeoutError.
    """
    until = time.monotonic() + seconds
    while consumer.position(at, timeout_ms=5_000) < end:
        if time.monotonic() > until:
            raise TimeoutError(f"{at.topic} not read to its end within {seconds:.0f} s")
        for records in consumer.poll(timeout_ms=250).values():
            yield from (record for record in records if record.value is not None)
