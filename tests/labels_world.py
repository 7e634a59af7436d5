"""Requests of a model that is wrong at times, and the right answers, which come later."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from fake_source import FakeSource
from kafka import KafkaProducer

from monitor.pipeline import Pipeline
from monitor.reference.build import build
from monitor.reference.store import Store
from monitor.types import Message, Partition

MODEL = "spam"
START = 1_767_225_600_000
EVERY = 100
"""Milliseconds between two requests: a hundred a slot."""

REQUESTS, LABELS = Partition("requests", 0), Partition("labels", 0)


@dataclass
class World:
    """Requests and labels by partition, in the order in which they came."""

    requests: dict[Partition, list[Message]]
    labels: dict[Partition, list[Message]]


def request(number: int, rng: Random, wrong: float, *, labelled: bool = False) -> tuple[dict[str, Any], str]:
    """Return a record, and the right answer."""
    truth = rng.choice(["spam", "mail"])
    said = truth if rng.random() >= wrong else {"spam": "mail", "mail": "spam"}[truth]
    sure = round(rng.uniform(0.5, 1), 3)
    record = {
        "id": f"r{number}",
        "time": (START + number * EVERY) / 1_000,
        "features": {"length": round(rng.gauss(10, 3), 3)},
        "prediction": said,
        "confidence": sure,
    }
    return record | ({"label": truth} if labelled else {}), truth


def message(where: Partition, log: list[Message], value: Any, stamp: int) -> Message:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Message(where.topic, where.partition, len(log), stamp, None, body)


def accepted_in(folder: Path) -> Path:
    """Build and accept a reference of 10,000 labelled requests, 5 % of them wrong; return its folder."""
    rng = Random(1)
    log: list[Message] = []
    for number in range(10_000):
        record, _ = request(number, rng, 0.05, labelled=True)
        log.append(message(REQUESTS, log, record, START))
    store = Store(folder / "reference")
    built = build(lambda: iter([log]), model=MODEL, options={}, from_table=False)
    store.save(built, {"source": "tests", "rows": built.rows})
    store.promote(built.digest, by="ann", why="tests", at="2026-01-01T00:00:00Z")
    return store.folder


def empty(parts: int) -> World:
    """Return a world in which nothing has happened."""
    return World(*({Partition(topic, n): [] for n in range(parts)} for topic in ("requests", "labels")))


def world(
    slots: int,
    seed: int,
    *,
    wrong: Callable[[int], float],
    parts: int = 1,
    mess: bool = False,
    delays: Sequence[int] = (-5, 5, 30, 120),
) -> World:
    """Return so many slots of requests with their labels, so many seconds later; `mess` adds what happens in life."""
    rng = Random(seed)
    made = World(
        {Partition("requests", n): [] for n in range(parts)}, {Partition("labels", n): [] for n in range(parts)}
    )
    late: list[tuple[float, dict[str, Any]]] = []
    for number in range(100 * slots):
        record, truth = request(number, rng, wrong(number))
        where = Partition("requests", rng.randrange(parts))
        log = made.requests[where]
        log.append(message(where, log, record, START + number * EVERY))
        if mess and rng.random() < 0.05:
            log.append(message(where, log, record, START + number * EVERY))
        comes = record["time"] + rng.choice(delays)  # some before the prediction is logged
        late.append((comes, {"id": record["id"], "label": truth, "time": comes}))
        if mess and rng.random() < 0.05:  # told again, perhaps otherwise, perhaps too late to count
            again = comes + rng.choice([1, 60])
            late.append(
                (
                    again,
                    {"id": record["id"], "label": rng.choice(["spam", "mail"]), "time": again - rng.choice([0, 90])},
                )
            )
    for comes, label in sorted(late, key=lambda each: each[0]):
        where = Partition("labels", rng.randrange(parts))
        log = made.labels[where]
        if mess and rng.random() < 0.02:
            log.append(message(where, log, b"{torn", int(comes * 1_000)))
        log.append(message(where, log, label, int(comes * 1_000)))
    return made


def reused(made: World, period: int) -> World:
    """Return the same world in which ids come again after so many requests."""

    def renamed(each: Message) -> Message:
        if each.value is None or each.value.startswith(b"{torn"):
            return each
        record = json.loads(each.value)
        record["id"] = f"r{int(record['id'][1:]) % period}"
        return each._replace(value=json.dumps(record).encode())

    def of(logs: Mapping[Partition, list[Message]]) -> dict[Partition, list[Message]]:
        return {where: [renamed(each) for each in log] for where, log in logs.items()}

    return World(of(made.requests), of(made.labels))


def contradicted(made: World, *, after: int, share: float) -> World:
    """Return the same world in which a share of the labels is followed by the opposite, so many seconds later."""
    rng = Random(0)
    for where, log in made.labels.items():
        told = list(log)
        for each in log:
            if rng.random() < share:
                record = json.loads(each.value or b"")
                other = {"spam": "mail", "mail": "spam"}[record["label"]]
                later = record | {"label": other, "time": record["time"] + after}
                told.append(message(where, [], later, each.timestamp + 1_000 * after))
        told.sort(key=lambda each: each.timestamp)
        log[:] = [each._replace(offset=place) for place, each in enumerate(told)]
    return made


def trickle(bootstrap: str, logs: Mapping[str, Mapping[Partition, Sequence[Message]]]) -> None:
    """Write both topics side by side over some seconds, in the order of their times."""
    producer = KafkaProducer(bootstrap_servers=bootstrap.split(","), acks="all", linger_ms=20)
    every = [(m.timestamp, topic, m) for topic, parts in logs.items() for log in parts.values() for m in log]
    for number, (stamp, topic, message) in enumerate(sorted(every, key=lambda each: each[:1])):
        producer.send(topic, message.value, partition=message.partition, timestamp_ms=stamp)
        if number % 2_000 == 0:
            producer.flush()
            time.sleep(0.3)
    producer.close()


class Log(FakeSource):
    """Partitions in memory; a poll returns a few messages of one of them."""

    def __init__(self, logs: Mapping[Partition, Sequence[Message]], rng: Random, most: int = 300) -> None:
        super().__init__(there=logs.keys(), stamped=False)
        self.logs, self.rng, self.most = logs, rng, most

    def open(self, remembered: Mapping[Partition, int]) -> None:
        self.wanted = {name: max(0, remembered.get(name, 0)) for name in self.logs}

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[Message]]:
        waiting = [name for name, log in self.logs.items() if self.wanted[name] < len(log)]
        self.finished = not waiting
        free = [name for name in waiting if name not in self.held]
        if not free:
            return {}
        name = self.rng.choice(free)
        begin = self.wanted[name]
        self.wanted[name] = min(len(self.logs[name]), begin + self.rng.randrange(1, self.most))
        return {name: self.logs[name][begin : self.wanted[name]]}


@dataclass
class End:
    """What was told, and what was joined."""

    events: list[dict[str, Any]]
    joined: int
    state: Any


def ended(pipeline: Pipeline, folder: Path) -> End:
    """Return what is left when everything was read."""
    path = folder / "events.jsonl"
    events = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    judged = pipeline.parts.models[0].labels
    assert judged is not None
    return End(list({event["id"]: event for event in events}.values()), judged.judge.records, judged.judge.state())
