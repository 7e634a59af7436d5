"""Records in a topic: written with their event times as the log's stamps, read once to the end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from kafka import KafkaProducer
from traffic import START, Record

from monitor.sources.kafka import KafkaReader
from monitor.types import Message, Partition, RawMessage


def produce(bootstrap: str, topic: str, partitions: int, records: Iterable[Record | bytes | Message]) -> None:
    """Write records in order, each to the partition that its id says; bytes go to the first."""
    producer = KafkaProducer(bootstrap_servers=bootstrap.split(","), acks="all", linger_ms=20)
    stamp = START
    try:
        for record in records:
            if isinstance(record, Message):  # wherever it goes, its other half goes elsewhere
                kind = next(value for name, value in record.headers if name == "ce_type")
                place = (record.timestamp // 100 + kind.endswith(b"response")) % partitions
                stamp, headers = record.timestamp, list(record.headers)
                producer.send(topic, record.value, partition=place, timestamp_ms=stamp, headers=headers)
                continue
            if isinstance(record, bytes):
                producer.send(topic, record, partition=0, timestamp_ms=stamp)
                continue
            stamp = round(datetime.fromisoformat(record["time"]).timestamp() * 1000)
            partition = int(record["id"][1:]) * 7 % 11 % partitions
            producer.send(topic, json.dumps(record).encode(), partition=partition, timestamp_ms=stamp)
        producer.flush()
    finally:
        producer.close()


@dataclass
class ReadOnce:
    """A Source over a topic that is finished at the end it has when it gets there."""

    bootstrap: str
    topic: str
    stamped: bool = True
    finished: bool = False
    source: KafkaReader = field(init=False)

    def __post_init__(self) -> None:
        connection = {"bootstrap_servers": self.bootstrap.split(",")}
        self.source = KafkaReader(connection, topics=[self.topic], group_id=f"group-{uuid4().hex[:8]}")

    def open(self, remembered: Mapping[Partition, int]) -> None:
        self.source.open(remembered)

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[RawMessage]]:
        arrived = self.source.poll(seconds)
        there = self.source.partitions()
        if not arrived and there and not self.source.missing():
            self.finished = all(self.source.at_end(partition) for partition in there)
        return arrived

    def partitions(self) -> Set[Partition]:
        return self.source.partitions()

    def positions(self) -> Mapping[Partition, int]:
        return self.source.positions()

    def missing(self) -> Set[Partition]:
        return self.source.missing()

    def at_end(self, partition: Partition) -> bool:
        return self.source.at_end(partition)

    def hold(self, partitions: Set[Partition]) -> None:
        self.source.hold(partitions)

    def lag(self) -> Mapping[Partition, int]:
        return self.source.lag()

    def trouble(self) -> str | None:
        return self.source.trouble()

    def commit(self, next_offsets: Mapping[Partition, int]) -> None:
        self.source.commit(next_offsets)

    def close(self, seconds: float) -> None:
        self.source.close(seconds)
