"""Memory of `seawall run` through a burst of ten times the records, from outside."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import service
import traffic
from kafka import KafkaProducer

from monitor.assembly import SNAPSHOT
from monitor.counting.partitions import from_plain
from monitor.state import snapshot

QUIET, PEAK = 1_000, 10_000
"""Records a second of event time."""

SECONDS = 60
"""Of each: more than a slot and what may be late, so that all that can be open is."""

PATIENCE = 300.0


class Memory(NamedTuple):
    """Most megabytes that were resident before the burst, and with it."""

    before: float
    after: float


def burst(folder: Path, bootstrap: str, topic: str, partitions: int) -> Memory:
    """Start the monitor on what it has to catch up with, then let ten times as much come."""
    own = folder / topic
    _produce(bootstrap, topic, partitions, QUIET, traffic.START)
    process, _ = service.start(own, folder, bootstrap, topic)
    try:
        _wait_until_read(own, QUIET * SECONDS)
        before = service.most_resident(process.pid)
        _produce(bootstrap, topic, partitions, PEAK, traffic.START + SECONDS)
        _wait_until_read(own, (QUIET + PEAK) * SECONDS)
        return Memory(before, service.most_resident(process.pid))
    finally:
        service.stop(process)


def _produce(bootstrap: str, topic: str, partitions: int, per_second: int, begin: int) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=50, batch_size=1 << 18, acks=1)
    for i, value in enumerate(traffic.values(per_second * SECONDS, per_second=per_second, seed=begin, begin=begin)):
        producer.send(topic, value, partition=i % partitions)
    producer.close()


def _wait_until_read(own: Path, records: int) -> None:
    until = time.monotonic() + PATIENCE
    while _read(own) < records:
        if time.monotonic() > until:
            raise TimeoutError(f"{_read(own):,} of {records:,} records were read")
        time.sleep(0.2)


def _read(own: Path) -> int:
    saved = snapshot.load(own / "state" / SNAPSHOT)
    return sum(kept.done for kept in from_plain(saved["partitions"]).values()) if saved else 0
