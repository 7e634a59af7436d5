"""Messages into a topic of ours, in order, and known to be there before anything is built on them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from monitor.sources.kafka_connecting import in_words

LONGEST = 16 << 20
"""Bytes of the largest message: what is remembered of a model with very many signals."""

LAST_SECONDS = 3.0
"""How long is waited for brokers by a process that is to end."""

LOOK_SECONDS = 0.2


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
    stopping : Event or None
        Set where the process is to end: then nothing is waited for any longer than `LAST_SECONDS`.
    """

    def __init__(self, connection: Mapping[str, Any], stopping: threading.Event | None = None) -> None:
        self._connection = connection
        self._stopping = stopping or threading.Event()
        self._producer: Any = None

    def append(self, entries: Iterable[Entry], seconds: float = 10.0) -> None:
        """Return once all are in the log, on every replica.

        Raises
        ------
        OSError
            Where one is not known to be there within about `seconds`; any of them may be, and may be sent again.
        """
        began = time.monotonic()
        try:
            under_way = [
                self._connected().send(each.topic, each.value, each.key, partition=each.partition) for each in entries
            ]
            self._await(under_way, seconds)
        except Exception as why:
            self.close()  # what the producer still holds may be older than what is sent next
            raise OSError(None, _refusal(why, time.monotonic() - began)) from why

    def _await(self, under_way: Sequence[Any], seconds: float) -> None:
        """Wait for the brokers' word; raise what kafka-python raises."""
        from kafka.errors import KafkaTimeoutError

        until, asked = time.monotonic() + seconds, False
        for future in under_way:
            while not future.is_done and time.monotonic() < until:
                if not asked and self._stopping.is_set():
                    asked, until = True, min(until, time.monotonic() + LAST_SECONDS)
                with contextlib.suppress(KafkaTimeoutError):
                    future.get(timeout=LOOK_SECONDS)
            future.get(timeout=0)

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
            # kafka-python 3.0.12 does not hand its own setting of this name on; a topic made so is not a compacted one.
            self._producer._metadata.config["allow_auto_create_topics"] = False  # noqa: SLF001 - no public one
        return self._producer

    def close(self) -> None:
        """Let go of the brokers, and of what they have not taken."""
        from kafka.errors import KafkaError

        producer, self._producer = self._producer, None
        if producer is not None:
            # Else kafka-python 3.0.12 raises where brokers hang, before it has stopped its thread, which sends on.
            producer._sender.force_close()  # noqa: SLF001 - there is no public one
            with contextlib.suppress(KafkaError):
                producer.close(timeout=1.0)


def _refusal(why: Exception, seconds: float) -> str:
    from kafka.errors import KafkaTimeoutError

    late = isinstance(why, KafkaTimeoutError)
    return f"Kafka did not answer within {seconds:.0f} s" if late else f"Kafka did not take it ({in_words(why)})"
