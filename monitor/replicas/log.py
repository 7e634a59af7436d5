"""Messages into a topic of ours, in order, and known to be there before anything is built on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

LONGEST = 16 << 20
"""Bytes of the largest message: what is remembered of a model with very many signals."""


class Entry(NamedTuple):
    """One message to be."""

    topic: str
    partition: int
    key: bytes
    value: bytes


class Log:
    """An idempotent producer that waits for every replica.

    Parameters
    ----------
    connection : mapping
        How to reach the brokers: keyword arguments of kafka-python.
    """

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self._connection = connection
        self._producer: Any = None

    def append(self, entries: Iterable[Entry], seconds: float = 10.0) -> None:
        """Return once all are in the log, on every replica.

        Raises
        ------
        OSError
            Where one is not known to be there within about `seconds`; any of them may be, and may be sent again.
        """
        try:
            under_way = [
                self._connected().send(each.topic, each.value, each.key, partition=each.partition) for each in entries
            ]
            for future in under_way:
                future.get(timeout=seconds)
        except Exception as why:
            self._let_go()
            raise OSError(None, f"Kafka did not take it ({str(why) or type(why).__name__})") from why

    def _connected(self) -> Any:
        if self._producer is None:
            from kafka import KafkaProducer

            self._producer = KafkaProducer(
                **self._connection,
                enable_idempotence=True,
                acks="all",
                compression_type="gzip",
                linger_ms=5,
                max_request_size=LONGEST,
                max_block_ms=5_000,
                delivery_timeout_ms=8_000,
                request_timeout_ms=5_000,
                bootstrap_timeout_ms=5_000,
            )
        return self._producer

    def _let_go(self) -> None:
        """Throw the producer away: what it still holds may be older than what is sent next."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close(timeout=0)

    def close(self, seconds: float) -> None:
        """Let go of the brokers."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close(timeout=seconds)
