"""A log with given values, as a topic or as a file."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from kafka import KafkaProducer
from kafka_broker import Broker

import monitor.sources.file
from monitor.sources.file import FileReader
from monitor.sources.kafka import KafkaReader
from monitor.types import Partition, Source


@dataclass
class Log:
    """Where the values are, and how to make a source that reads them."""

    partition: Partition
    make: Callable[[], Source]
    opened: list[Source] = field(default_factory=list)

    def open(self, remembered: dict[Partition, int] | None = None) -> Source:
        """Return a new source, opened; it is closed when the test ends."""
        source = self.make()
        self.opened.append(source)
        source.open({} if remembered is None else remembered)
        return source

    def close(self) -> None:
        for source in self.opened:
            source.close(5)


@pytest.fixture
def write() -> Callable[..., None]:
    """Return a function that writes values: `write(broker, topic, values, partition=2, compression_type="gzip")`."""

    def to(broker: Broker, topic: str, values: Sequence[bytes], partition: int = 0, **settings: object) -> None:
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap.split(","), acks="all", **settings)
        try:
            sent = [producer.send(topic, value, partition=partition) for value in values]
            for future in sent:
                future.get(60)
        finally:
            producer.close()

    return to


@pytest.fixture
def produce(broker: Broker, write: Callable[..., None]) -> Callable[..., None]:
    """Return a function that writes values to a topic of the session's broker: `produce(topic, values)`."""
    return partial(write, broker)


@pytest.fixture
def reader(broker: Broker) -> Iterator[Callable[..., KafkaReader]]:
    """Return a function that makes a reader of the session's broker, in a group of its own; closed at the end."""
    made: list[KafkaReader] = []

    def make(*topics: str, **settings: object) -> KafkaReader:
        group = str(settings.pop("group_id", f"group-{uuid4().hex[:8]}"))
        connection = {"bootstrap_servers": broker.bootstrap.split(",")}
        made.append(KafkaReader(connection, topics=topics, group_id=group, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close(5)


@pytest.fixture(params=["kafka", "jsonl", "jsonl.gz"])
def log_of(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Log]]:
    """Return a function that makes a log of these values: `log_of(values, a_poll=7)` lets a poll return 7 at most."""
    made: list[Log] = []

    def make(values: Sequence[bytes], a_poll: int = 1_000) -> Log:
        made.append(_topic(request, values, a_poll) if request.param == "kafka" else _file(values, a_poll))
        return made[-1]

    def _file(values: Sequence[bytes], a_poll: int) -> Log:
        monkeypatch.setattr(monitor.sources.file, "MOST", a_poll)
        path = tmp_path / f"log.{request.param}"
        content = b"".join(value + b"\n" for value in values)
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
        return Log(Partition(str(path), 0), lambda: FileReader(str(path)))

    yield make
    for log in made:
        log.close()


def _topic(request: pytest.FixtureRequest, values: Sequence[bytes], a_poll: int) -> Log:
    broker, topic = request.getfixturevalue("broker"), request.getfixturevalue("topic")(1)
    request.getfixturevalue("produce")(topic, values)
    connection = {"bootstrap_servers": broker.bootstrap.split(","), "max_poll_records": a_poll}
    return Log(
        Partition(topic, 0), lambda: KafkaReader(connection, topics=[topic], group_id=f"group-{uuid4().hex[:8]}")
    )
