"""What a real `seawall run` counts of a topic, slot by slot, once everything is read and judged."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import traffic
import witnessed
from kafka import KafkaProducer
from monitor_process import Monitor
from traffic import START

PROGRAM = (sys.executable, str(Path(witnessed.__file__)))
TIMES = {"slot": "1s", "allowed_lateness": "3s", "idle_timeout": "2s", "max_ahead": "20s"}
SLOT, LATENESS = 1_000, 3_000


QUIET = list(traffic.traffic(20, seed=1))
"""Records as they were accepted."""


class Sent(NamedTuple):
    """One message for a topic: milliseconds since 1970 of the log's stamp."""

    partition: int
    stamp: int
    value: bytes


def at(seconds: float, name: str, partition: int = 0, *, stamp: float | None = None, since: int = START) -> Sent:
    """Return a record that happened so many seconds after the start; the log's stamp, where given, says otherwise."""
    own = {"id": f"r{name}", "time": traffic.rfc3339(since + round(seconds * 1_000))}
    record = QUIET[crc32(name.encode()) % len(QUIET)] | own
    said = seconds if stamp is None else stamp
    return Sent(partition, since + round(said * 1_000), json.dumps(record).encode())


def steady(begin: int, end: int, partition: int = 0, **more: Any) -> list[Sent]:
    """Return ten records a second."""
    return [at(tenth / 10, f"{partition}-{tenth}", partition, **more) for tenth in range(begin * 10, end * 10)]


def send(bootstrap: str, topic: str, messages: Iterable[Sent], **settings: Any) -> None:
    """Write messages to where they belong."""
    producer = KafkaProducer(bootstrap_servers=bootstrap.split(","), acks="all", linger_ms=5, **settings)
    for sent in messages:
        producer.send(topic, sent.value, partition=sent.partition, timestamp_ms=sent.stamp)
    producer.flush()
    producer.close()


def book_of(one: Monitor) -> list[dict[str, Any]]:
    """Return what a witnessed monitor has noted."""
    book = one.folder / witnessed.BOOK
    return [json.loads(line) for line in book.read_text().splitlines()] if book.exists() else []


def slots_of(book: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the judged slots of a book, each of them once and in order."""
    slots = [row for row in book if "slot" in row]
    numbers = [row["slot"] for row in slots]
    assert numbers == sorted(set(numbers)), "a slot was judged twice"
    return slots


def sums(one: Monitor) -> dict[str, int]:
    """Return how many records a witnessed monitor has judged, and how many were late or dead."""
    slots = slots_of(book_of(one))
    return {name: sum(row[name] for row in slots) for name in ("records", "late", "dead")}


def ended(one: Monitor) -> dict[str, int]:
    """Let it read to the end of every partition and judge all there is, end it, and return its sums."""
    one.wait_until(lambda: one.asked("/readyz").get("state") == "idle")
    assert one.terminate() == 0
    return sums(one)
