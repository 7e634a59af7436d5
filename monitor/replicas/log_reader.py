"""Partitions of a topic of ours read as they grow, outside any group. Never waits for brokers but to ask for an end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from monitor.replicas.reading import let_go

if TYPE_CHECKING:
    from kafka import KafkaConsumer

    from monitor.sources.kafka_connecting import Connecting

AGAIN = 2.0
"""Seconds after which brokers that failed are asked again."""

ASK_MS = 2_000

MOST_MESSAGES = 50


class Read(NamedTuple):
    """One message: its offset, the log's stamp in milliseconds, what is in it."""

    offset: int
    stamp: int
    value: bytes


class LogReader:
    """Reads the partitions it is told to, each from an offset.

    Attributes
    ----------
    at : dict of int to int
        By partition the next offset to read.
    trouble : str or None
        Why nothing can be read.
    """

    def __init__(self, connection: Mapping[str, Any], topic: str) -> None:
        self.topic = topic
        self.at: dict[int, int] = {}
        self.trouble: str | None = None
        self._connection = connection
        self._consumer: KafkaConsumer | None = None
        self._connecting: Connecting | None = None
        self._not_before = 0.0
        self._placed: set[int] = set()

    def span(self, number: int) -> tuple[int, int]:
        """Return where a partition begins and ends. Raises OSError where the brokers do not say at present."""
        from kafka import TopicPartition

        at = TopicPartition(self.topic, number)
        if self._connected() is None:
            raise OSError(None, self.trouble or "no connection yet")
        consumer: Any = self._consumer
        try:
            begins = consumer.beginning_offsets([at], timeout_ms=ASK_MS)[at]
            return begins, consumer.end_offsets([at], timeout_ms=ASK_MS)[at]
        except Exception as why:
            self._fail(why)
            raise OSError(None, self.trouble) from why

    def begin(self, number: int, offset: int) -> None:
        """Read a partition from an offset on."""
        self.at[number] = offset
        self._placed.discard(number)

    def leave(self, number: int) -> None:
        """Read a partition no more."""
        self.at.pop(number, None)
        self._placed.discard(number)

    def poll(self) -> dict[int, list[Read]]:
        """Return what has come, at most some messages, by partition."""
        if not self.at or (consumer := self._connected()) is None:
            return {}
        try:
            self._place(consumer)
            found = consumer.poll(timeout_ms=0, max_records=MOST_MESSAGES)
        except Exception as why:  # noqa: BLE001 - whatever the client raises, reading is begun anew where it was
            self._fail(why)
            return {}
        self.trouble = None
        read = {at.partition: [Read(r.offset, r.timestamp, r.value or b"") for r in some] for at, some in found.items()}
        self.at |= {number: some[-1].offset + 1 for number, some in read.items() if some}
        return read

    def _place(self, consumer: Any) -> None:
        from kafka import TopicPartition

        if self._placed != self.at.keys():
            consumer.assign([TopicPartition(self.topic, number) for number in self.at])
            for number in self.at.keys() - self._placed:
                consumer.seek(TopicPartition(self.topic, number), self.at[number])
            self._placed = set(self.at)

    def _connected(self) -> Any:
        """Return the consumer, None where there is none yet."""
        from monitor.sources.kafka_connecting import OURS, Connecting

        if self._consumer is not None or time.monotonic() < self._not_before:
            return self._consumer
        if self._connecting is None:
            own = {"group_id": None, "auto_offset_reset": "earliest", "fetch_min_bytes": 1}
            self._connecting = Connecting({**OURS, **self._connection, **own})
        self._consumer = self._connecting.wait(0.0)
        if self._consumer is not None:
            self._connecting = None
        elif self._connecting.failure is not None:
            why, self._connecting = self._connecting.failure, None
            self._fail(why)
        return self._consumer

    def _fail(self, why: Exception) -> None:
        from monitor.sources.kafka_connecting import in_words

        self.trouble = in_words(why)
        self._not_before = time.monotonic() + AGAIN
        self._placed.clear()
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            let_go(consumer)

    def close(self) -> None:
        """Let go of the brokers."""
        if self._connecting is not None:
            self._connecting.abandon()
        if self._consumer is not None:
            let_go(self._consumer)
