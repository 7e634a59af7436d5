"""What it costs to share the work: processor time a record and memory of one process alone, and of several of a group.

PYTHONPATH=tests python benchmarks/replicas.py
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import service
import traffic
from kafka import KafkaAdminClient, KafkaProducer
from kafka_broker import Broker

PARTITIONS = 6
RECORDS = 300_000
SETTLED = 15.0
"""Seconds after which every process has what the group gives it."""

PATIENCE = 300.0


class Cost(NamedTuple):
    """Microseconds of processor time a record, of all processes together; the most megabytes of one."""

    microseconds: float
    megabytes: float


def cost(folder: Path, bootstrap: str, topic: str, processes: int, records: int) -> Cost:
    """Let so many processes share a topic, or one that shares with nobody where it is 0, and send records."""
    with _running(folder, bootstrap, topic, processes) as running:
        time.sleep(SETTLED)
        before = sum(service.processor_seconds(each.pid) for each in running)
        _produce(bootstrap, topic, records)
        _wait_until_committed(bootstrap, topic, records)
        used = sum(service.processor_seconds(each.pid) for each in running) - before
        return Cost(1e6 * used / records, max(service.most_resident(each.pid) for each in running))


@contextmanager
def _running(folder: Path, bootstrap: str, topic: str, processes: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    shared = {"replicas": {}} if processes else {}
    owns = [folder / f"{topic}-{number}" for number in range(max(1, processes))]
    running = [service.start(own, folder, bootstrap, topic, group=topic, **shared)[0] for own in owns]
    try:
        yield running
    finally:
        for each in running:
            service.stop(each)


def _produce(bootstrap: str, topic: str, records: int) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=50, batch_size=1 << 18, acks=1)
    for i, value in enumerate(traffic.values(records)):
        producer.send(topic, value, partition=i % PARTITIONS)
    producer.close()


def _wait_until_committed(bootstrap: str, group: str, records: int) -> None:
    """Wait until all is read. Where several share, what is in open slots is not committed: forty seconds of it."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    until = time.monotonic() + PATIENCE
    while _committed(admin, group) < 0.8 * records:
        if time.monotonic() > until:
            raise TimeoutError(f"{_committed(admin, group):,} of {records:,} records were read")
        time.sleep(0.5)
    time.sleep(3.0)  # the rest
    admin.close()


def _committed(admin: KafkaAdminClient, group: str) -> int:
    return sum(each.offset for each in admin.list_group_offsets(group)[group].values())


def show(folder: Path, broker: Broker) -> None:
    """Print the table."""
    print(f"\nsharing {RECORDS:,} records in {PARTITIONS} partitions")
    print("  processes                    µs of processor a record    most resident of one, MB")
    for processes, name in ((0, "one alone"), (1, "one, replicas: {}"), (3, "three, replicas: {}")):
        topic = f"shared-{processes}"
        broker.create_topic(topic, PARTITIONS)
        found = cost(folder, broker.bootstrap, topic, processes, RECORDS)
        print(f"  {name:<28} {found.microseconds:>24.1f} {found.megabytes:>27.0f}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name, Broker(Path(name) / "kafka") as broker:
        traffic.reference(Path(name) / "reference")
        show(Path(name), broker)
