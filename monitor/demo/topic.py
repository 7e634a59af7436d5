"""How the traffic reaches the pipeline with a broker: topics made for this run, and a producer beside the pipeline."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import structlog

from monitor.demo.feed import wait_for
from monitor.demo.labels import LABELS
from monitor.demo.traffic import CHUNK_MS, REQUESTS
from monitor.errors import SourceError
from monitor.types import Message

log = structlog.get_logger()

PARTITIONS = 2
PATIENCE_MS = 10_000


class Topic:
    """A topic of requests and one of labels, there for as long as the demo.

    Parameters
    ----------
    brokers : str
        `host:port` of one broker or more, separated by commas.
    name : str

    Raises
    ------
    SourceError
        Where no broker answers, or the topic cannot be made.
    """

    def __init__(self, brokers: str, name: str) -> None:
        from kafka import KafkaAdminClient
        from kafka.admin import NewTopic
        from kafka.errors import KafkaError

        self.brokers = brokers
        self._names = {REQUESTS.topic: name, LABELS.topic: f"{name}-labels"}
        self._stop = threading.Event()
        self._producing: threading.Thread | None = None
        try:
            self._admin = KafkaAdminClient(bootstrap_servers=brokers, bootstrap_timeout_ms=PATIENCE_MS)
            kept = {"retention.ms": "-1"}  # the story's stamps may be older than what a broker keeps
            self._admin.create_topics(
                [NewTopic(topic, PARTITIONS, 1, topic_configs=kept) for topic in self._names.values()]
            )
        except KafkaError as why:
            raise SourceError(f"Kafka at {brokers}: the demo cannot make its topic {name} ({why})") from None

    @property
    def source(self) -> dict[str, Any]:
        """The configuration of a source that reads it."""
        return {"type": "kafka", "bootstrap_servers": self.brokers, "topics": [self._names[REQUESTS.topic]]}

    @property
    def labels(self) -> dict[str, Any]:
        """The configuration of a source of its labels."""
        return {"type": "kafka", "topics": [self._names[LABELS.topic]]}

    def produce(self, chunks: Iterator[list[Message]], *, hurried: bool) -> None:
        """Write the chunks from a thread of their own: each when its time has come, or in a hurry."""
        self._producing = threading.Thread(
            target=self._produce, args=(chunks,), kwargs={"hurried": hurried}, daemon=True
        )
        self._producing.start()

    def _produce(self, chunks: Iterator[list[Message]], *, hurried: bool) -> None:
        from kafka import KafkaProducer
        from kafka.errors import KafkaError

        producer: Any = KafkaProducer(bootstrap_servers=self.brokers, acks="all", linger_ms=5)
        try:
            for chunk in chunks:
                while not (hurried or self._stop.is_set() or wait_for(chunk[-1].timestamp, CHUNK_MS / 1_000)):
                    pass
                if self._stop.is_set():
                    break
                for message in chunk:
                    key = str(message.offset).encode()
                    producer.send(
                        self._names[message.topic], value=message.value, key=key, timestamp_ms=message.timestamp
                    )
        except KafkaError:
            log.exception("demo traffic stopped")
        finally:
            producer.close(timeout=5)

    def close(self) -> None:
        """Stop writing, and remove the topics."""
        self._stop.set()
        if self._producing is not None:
            self._producing.join(10)
        self._admin.delete_topics(list(self._names.values()))
        self._admin.close()
