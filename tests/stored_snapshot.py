"""A snapshot as an earlier build left it, and the life in which it was written.

`PYTHONPATH=tests python tests/stored_snapshot.py FOLDER` writes one with the build at hand: a small reference, and
the snapshot of a process that was killed with incidents open, messages pending and unsent, a run of retraining
decided, four partitions and dead letters. Nothing was delivered in that life, so all that people hear comes out of the
snapshot.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import traffic
import yaml
from fake_source import FakeSource
from traffic import MODEL, START

import monitor.assembly
from monitor.assembly import SNAPSHOT, running, watched_models
from monitor.config.loading import load
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.parts import Now
from monitor.pipeline import Pipeline
from monitor.reference.build import build
from monitor.reference.store import Store
from monitor.state import snapshot
from monitor.types import Message, News, Partition

TOPIC = "inference"
KEPT = ("income", "balance", "children", "region")
RULE = {"name": "weekly", "action": {"type": "webhook", "url": "http://127.0.0.1:1"}, "when": {"for": "50s"}}
SHIFTED, STRANGE, SLOTS = range(20, 60), range(30, 60), 90


def small(records: Any) -> list[traffic.Record]:
    """Return records with a few features, so that little is to be stored."""
    return [record | {"features": {name: record["features"][name] for name in KEPT}} for record in records]


def logs() -> dict[Partition, list[Message]]:
    """Four partitions in which income shifts, then a region comes up; some records are late, some are none."""
    rng = Random(11)
    found: dict[Partition, list[Message]] = {Partition(TOPIC, number): [] for number in range(4)}
    for number, record in enumerate(small(traffic.traffic(SLOTS, seed=6))):
        slot = number // traffic.SLOT_RECORDS
        if slot in SHIFTED:
            traffic.higher_income(record, rng)
        if slot in STRANGE:
            traffic.new_region(record, rng)
        stamp = START + number * traffic.EVERY
        record["time"] = traffic.rfc3339(max(START, stamp - rng.choice([0, 0, 0, 10_000, 60_000])))
        value = b"{torn" if rng.random() < 0.02 else json.dumps(record).encode()
        where = Partition(TOPIC, rng.randrange(4))
        found[where].append(Message(TOPIC, where.partition, len(found[where]), stamp, None, value))
    return found


class Log(FakeSource):
    """Partitions in memory; a poll returns a few messages of one of them."""

    def __init__(self, seed: int) -> None:
        self.logs, self.rng = logs(), Random(seed)
        super().__init__(there=self.logs.keys())

    def open(self, remembered: Mapping[Partition, int]) -> None:
        self.wanted = {name: remembered.get(name, 0) for name in self.logs}

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[Message]]:
        waiting = [name for name, log in self.logs.items() if self.wanted[name] < len(log)]
        self.finished = not waiting
        free = [name for name in waiting if name not in self.held]
        if not free:
            return {}
        name = self.rng.choice(free)
        begin, self.wanted[name] = self.wanted[name], min(len(self.logs[name]), self.wanted[name] + 200)
        return {name: self.logs[name][begin : self.wanted[name]]}


class Courier:
    """A Dispatcher that delivers everything at once, or nothing ever."""

    def __init__(self, waiting: Sequence[News], told: list[News] | None) -> None:
        self.waiting, self.told = list(waiting), told
        self.close_by(0)

    def put(self, events: Sequence[News]) -> None:
        self.waiting += events
        self.close_by(0)

    def close_by(self, deadline: float) -> None:
        if self.told is not None:
            self.told += self.waiting
            self.waiting.clear()

    def join(self) -> None:
        """Nothing runs beside."""

    def pending(self) -> list[tuple[str, News]]:
        return [("courier", event) for event in self.waiting]

    def threads(self) -> dict[tuple[str, str], str | None]:
        return {}


def configured(folder: Path, reference: Path) -> Path:
    """Write the configuration, and return its path."""
    path = folder / "seawall.yaml"
    own = {
        "model": MODEL,
        "source": {"type": "file", "path": TOPIC},
        "reference": str(reference),
        "sinks": [],
        "retrain": [RULE],
        "dead_letters": {"to": "file"},
        "http": "127.0.0.1:0",
    }
    path.write_text(yaml.safe_dump(own))
    (folder / "state").mkdir(exist_ok=True)
    return path


def started(path: Path, seed: int, told: list[News] | None) -> Pipeline:
    """Return a process that begins, or goes on; whom it tells is `told`, or nobody."""

    def courier(sinks: Any, count: Any, *, pending: Any = (), threads: Any = None) -> Courier:
        return Courier([event for _, event in pending], told)

    config = load(path, secrets=False)
    models = watched_models(config, str(path))
    with patch.object(monitor.assembly, "Dispatcher", courier):
        pipeline = running(config, models, Health(0.0), Metrics("0"), stopping=threading.Event(), source=Log(seed))
    ticks = iter(range(10**9))
    pipeline.clock = lambda: Now(0.4 * (tick := next(ticks)), START + 400 * tick)
    return pipeline


def killed_when(pipeline: Pipeline, there: Callable[[Mapping[str, Any]], bool]) -> None:
    """Run until the snapshot is as wanted, then no further."""
    pipeline.open()
    while not there(snapshot.load(pipeline.parts.outbox.path) or {"unsent": []}):  # type: ignore[attr-defined]
        pipeline.step()


def _worth_storing(saved: Mapping[str, Any]) -> bool:
    return bool(saved["unsent"]) and len(saved["pending"][MODEL]) > 2


def _make(folder: Path) -> None:
    records = small(traffic.traffic(40, seed=1))
    messages = [Message("t", 0, i, START, None, json.dumps(record).encode()) for i, record in enumerate(records)]
    store = Store(folder / "reference")
    built = build(lambda: iter([messages]), model=MODEL, options={}, from_table=False)
    store.save(built, {"source": "traffic", "rows": built.rows})
    store.promote(built.digest, by="ann", why="tests", at="2026-01-01T00:00:00Z")
    life = folder / "life"
    life.mkdir()
    killed_when(started(configured(life, store.folder), 0, None), _worth_storing)
    shutil.copy(life / "state" / SNAPSHOT, folder / SNAPSHOT)
    shutil.rmtree(life)


if __name__ == "__main__":
    _make(Path(sys.argv[1]).resolve())
