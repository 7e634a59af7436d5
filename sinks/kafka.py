"""A Kafka topic: CloudEvents 1.0 in binary mode, the attributes as headers and the data as the value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.errors import DeliveryError
from monitor.types import Event, Severity, Trigger, event_json
from sinks.cloud_event import attributes

TIMEOUT = 15.0


@dataclass
class KafkaSink:
    """Writes to a topic, keyed by the model, and waits until every replica has it.

    Parameters
    ----------
    connection : dict
        Keyword arguments of kafka-python.
    """

    name: str
    min_severity: Severity | None
    topic: str
    connection: Mapping[str, Any] = field(repr=False)  # holds secrets
    _producer: Any = field(default=None, init=False, repr=False)

    def send(self, event: Event | Trigger, thread: str | None) -> str | None:
        """Write one message. Whatever hinders it may pass, but that the topic does not take so large a one."""
        from monitor.lean import import_kafka

        import_kafka()
        from kafka.errors import InvalidTopicError, MessageSizeTooLargeError, RecordListTooLargeError

        headers = [(f"ce_{name}", value.encode()) for name, value in attributes(event).items()]
        headers.append(("content-type", b"application/json"))
        try:
            value = json.dumps(event_json(event)).encode()
            sent = self._connected().send(self.topic, value=value, key=event.model.encode(), headers=headers)
            sent.get(timeout=TIMEOUT)
        except Exception as error:  # noqa: BLE001 - whatever the client raises; not its words, which may name who logs in
            kind = type(error).__name__
            lasting = isinstance(error, InvalidTopicError | MessageSizeTooLargeError | RecordListTooLargeError)
            raise DeliveryError(f"the topic {self.topic} did not take it: {kind}", retryable=not lasting) from None
        return None

    def _connected(self) -> Any:
        """Return the producer, made anew where there was none: brokers may be away when the process starts."""
        if self._producer is None:
            from kafka import KafkaProducer

            self._producer = KafkaProducer(
                **self.connection,
                acks="all",
                max_block_ms=5_000,
                delivery_timeout_ms=10_000,
                request_timeout_ms=5_000,
                bootstrap_timeout_ms=5_000,
            )
        return self._producer

    def close(self) -> None:
        """Let go of the brokers."""
        if self._producer is not None:
            self._producer.close(timeout=2)
