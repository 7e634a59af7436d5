"""The process dies between any two effects, again and again: people are told the same, and the judge ends the same.

Scorers of single records are on: what they say of one is written once.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
import traffic
from fake_source import FakeSource
from left_behind import harmed, plain
from traffic import START

import monitor.assembly
from monitor.assembly import DEAD_LETTERS, running, watched_models
from monitor.config.loading import load
from monitor.delivery.appended import AppendedFile
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.parts import Now
from monitor.pipeline import Pipeline
from monitor.remembered import SNAPSHOT
from monitor.state import snapshot
from monitor.types import Message, News, Partition, Trigger

TOPIC = "inference"
RULE = {"name": "weekly", "action": {"type": "webhook", "url": "http://127.0.0.1:1"}, "when": {"for": "50s"}}
LIVES = max(3, int(os.environ.get("SEAWALL_ROUNDS", "0")) // 100)


class DiedError(Exception):
    """The process is gone."""


@dataclass
class Fuse:
    """Burns at each effect; at the end of it the process dies."""

    left: float = float("inf")

    def burn(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise DiedError


class Log(FakeSource):
    """Partitions in memory; a poll returns a few messages of one of them."""

    def __init__(self, logs: Mapping[Partition, Sequence[Message]], rng: Random, fuse: Fuse) -> None:
        super().__init__(there=logs.keys())
        self.logs, self.rng, self.fuse = logs, rng, fuse

    def open(self, remembered: Mapping[Partition, int]) -> None:
        self.wanted = {name: remembered.get(name, 0) for name in self.logs}

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[Message]]:
        self.fuse.burn()
        waiting = [name for name, log in self.logs.items() if self.wanted[name] < len(log)]
        self.finished = not waiting
        free = [name for name in waiting if name not in self.held]
        if not free:
            return {}
        name = self.rng.choice(free)
        begin = self.wanted[name]
        self.wanted[name] = min(len(self.logs[name]), begin + self.rng.randrange(1, 300))
        return {name: self.logs[name][begin : self.wanted[name]]}

    def commit(self, next_offsets: Mapping[Partition, int]) -> None:
        self.fuse.burn()


@dataclass
class World:
    """What outlives the process, except files."""

    rng: Random
    fuse: Fuse
    told: list[News] = field(default_factory=list)

    def dispatcher(self, sinks: Sequence[Any], count: Any, *, pending: Any = (), threads: Any = None) -> Courier:
        return Courier(self, [event for _, event in pending])


@dataclass
class Courier:
    """A Dispatcher to one destination that delivers when it likes."""

    world: World
    waiting: list[News]

    def put(self, events: Sequence[News]) -> None:
        self.world.fuse.burn()
        self.waiting += events
        if self.world.rng.random() < 0.5:
            self.close()

    def close_by(self, deadline: float) -> None:
        self.close()

    def join(self) -> None:
        """Nothing runs beside."""

    def close(self) -> None:
        while self.waiting:
            self.world.told.append(self.waiting[0])
            self.world.fuse.burn()
            del self.waiting[0]

    def pending(self) -> list[tuple[str, News]]:
        return [("courier", event) for event in self.waiting]

    def threads(self) -> dict[tuple[str, str], str | None]:
        return {}


@pytest.fixture(scope="module")
def logs():
    """Four partitions with a shift, a new category, records out of order and too late, and some that are none."""
    rng = Random(11)
    found: dict[Partition, list[Message]] = {Partition(TOPIC, number): [] for number in range(4)}

    def change(record: traffic.Record, rng: Random) -> None:
        traffic.higher_income(record, rng)
        traffic.new_region(record, rng)

    records = traffic.traffic(100, seed=6, changed=range(20, 35), change=change)
    for number, record in enumerate(records):
        name = Partition(TOPIC, rng.randrange(4))
        stamp = START + number * traffic.EVERY
        record["time"] = traffic.rfc3339(
            max(START, stamp - rng.choice([0] * 8 + [10_000, 20_000, 60_000][: rng.choice([2, 2, 3])]))
        )
        value = b"{torn" if rng.random() < 0.02 else json.dumps(record).encode()
        found[name].append(Message(TOPIC, name.partition, len(found[name]), stamp, None, value))
    return found


@dataclass
class End:
    """What is left when everything was read."""

    told: list[News]
    letters: list[str]
    verdicts: list[str]
    judge: Any
    deaths: int


@pytest.fixture
def lived(tmp_path, configured, scored_reference, logs, monkeypatch):
    """Return a function that lives through the logs, dying after so many effects each time."""

    def live(rng: Random, lives: Sequence[int], *, harm: bool = False, **settings: Any) -> End:
        fuse = Fuse()
        world = World(rng, fuse)
        monkeypatch.setattr(monitor.assembly, "Dispatcher", world.dispatcher)
        monkeypatch.setattr(snapshot, "save", _fused(fuse, snapshot.save))
        monkeypatch.setattr(AppendedFile, "_append", _fused(fuse, AppendedFile._append))
        own = {
            "dead_letters": {"to": "file"},
            "source": {"type": "file", "path": TOPIC},
            "retrain": [RULE],
            "reference": str(scored_reference),
            "detectors": [{"type": "auto"}],
            "verdicts": {"path": str(tmp_path / "state" / "verdicts.jsonl")},
        }
        path = configured(**(own | settings))
        shutil.rmtree(tmp_path / "state", ignore_errors=True)
        (tmp_path / "state").mkdir()
        deaths = 0
        for fuse.left in [*lives, float("inf")]:
            pipeline = _started(path, Log(logs, rng, fuse))
            try:
                pipeline.run()
            except DiedError:
                deaths += 1
                pipeline.parts.letters.close()
                for observer in pipeline.parts.observers:
                    observer.close()
                if harm and rng.random() < 0.7:
                    harmed(tmp_path / "state" / SNAPSHOT, rng)
            else:
                break
        letters = (tmp_path / "state" / DEAD_LETTERS).read_text().splitlines()
        verdicts = (tmp_path / "state" / "verdicts.jsonl").read_text().splitlines()
        monkeypatch.undo()
        return End(world.told, sorted(letters), sorted(verdicts), pipeline.parts.models[0].judge.state(), deaths)

    return live


def _fused(fuse: Fuse, effect: Any) -> Any:
    def fused(*given: Any, **more: Any) -> None:
        fuse.burn()
        effect(*given, **more)
        fuse.burn()

    return fused


def _started(path: Path, source: Log) -> Pipeline:
    config = load(path, secrets=False)
    models = watched_models(config, str(path))
    pipeline = running(config, models, Health(0.0), Metrics("0"), stopping=threading.Event(), source=source)
    ticks = iter(range(10**9))
    pipeline.clock = lambda: Now(0.4 * (tick := next(ticks)), START + 400 * tick)
    return pipeline


def left_by(end: End) -> tuple[Any, ...]:
    """Return what must not depend on deaths: events without repeats, letters, verdicts, the judge."""
    return list({event.id: event for event in end.told}.values()), end.letters, end.verdicts, plain(end.judge)


@pytest.fixture
def undisturbed(lived):
    end = lived(Random(0), [])
    assert [event.event for event in end.told] == [
        "opened",
        "updated",
        "opened",
        "updated",
        "fired",
        "updated",
        "resolved",
    ]
    assert len(end.letters) > 100
    assert len(end.verdicts) > 100
    return end


def test_whenever_it_dies_people_are_told_the_same_and_the_judge_ends_the_same(lived, undisturbed):
    deaths = 0
    for seed in range(LIVES):
        rng = Random(seed)
        end = lived(rng, [rng.choice([rng.randrange(1, 12), rng.randrange(1, 90)]) for _ in range(12)])
        assert left_by(end) == left_by(undisturbed), f"seed {seed}"
        assert end.told.count(end.told[0]) <= end.deaths + 1
        deaths += end.deaths
    assert deaths > 5 * LIVES


def test_a_newest_snapshot_that_was_harmed_changes_nothing_that_is_told_or_written(lived, undisturbed):
    """Each time it dies the snapshot before the newest may be all that is left."""
    for seed in range(LIVES):
        rng = Random(1_000 + seed)
        end = lived(rng, [rng.choice([rng.randrange(3, 12), rng.randrange(3, 90)]) for _ in range(12)], harm=True)
        assert left_by(end) == left_by(undisturbed), f"seed {seed}"


def test_a_retraining_is_told_where_the_drifted_records_lie(undisturbed, logs):
    (trigger,) = (event for event in undisturbed.told if isinstance(event, Trigger))
    assert [(span.topic, span.partition) for span in trigger.offsets] == sorted(logs)
    for span in trigger.offsets:
        log = logs[Partition(span.topic, span.partition)]
        times = [json.loads(message.value)["time"] if message.value[:2] != b"{t" else "" for message in log]
        drifted = [offset for offset, time in enumerate(times) if time >= trigger.since.replace("Z", ".000Z")]
        on_time = [offset for offset in drifted if times[offset] < trigger.until.replace("Z", ".000Z")]
        assert 0 < span.first <= drifted[0] < drifted[0] + 30 < span.end <= on_time[-1] + 1
        assert drifted[0] - span.first < 100


def test_dying_right_after_the_start_again_and_again_writes_no_dead_letter_twice(lived, undisturbed):
    end = lived(Random(1), [1, 2, 3, 4, 5, 6, 7, 8, 5, 3, 2, 1] * 2)
    assert end.letters == undisturbed.letters
    assert end.verdicts == undisturbed.verdicts
    assert list({event.id: event for event in end.told}.values()) == undisturbed.told


def test_detectors_that_depend_on_order_go_on_as_if_nothing_had_happened(lived):
    watched = [("ADWIN", "feature.income"), ("KSWIN", "feature.income"), ("PageHinkley", "confidence")]
    detectors = [{"type": "auto"}, *({"type": "river", "detector": name, "signal": signal} for name, signal in watched)]
    whole = lived(Random(0), [], detectors=detectors)
    alarmed = {change.signal for event in whole.told for change in event.signals}
    assert {"feature.income.ADWIN", "feature.income.KSWIN"} <= alarmed
    for seed in range(LIVES):
        rng = Random(seed)
        end = lived(rng, [rng.randrange(1, 90) for _ in range(12)], detectors=detectors)
        assert list({event.id: event for event in end.told}.values()) == whole.told, f"seed {seed}"
        assert plain(end.judge) == plain(whole.judge), f"seed {seed}"
        assert end.deaths > 5
