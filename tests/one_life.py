"""A monitor of one partition in a folder of its own, read, killed and started as a test likes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import traffic
from fake_source import FakeSource
from left_behind import plain
from traffic import EVERY, START

from monitor.assembly import DEAD_LETTERS, running, watched_models
from monitor.config.loading import load
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.parts import Now
from monitor.remembered import SNAPSHOT
from monitor.types import Message, Partition

A = Partition("t", 0)


def log_of(records: Sequence[traffic.Record | bytes], every: int = EVERY) -> list[Message]:
    """Return records as the partition's log, stamped so many milliseconds apart."""
    values = [record if isinstance(record, bytes) else json.dumps(record).encode() for record in records]
    return [Message(*A, offset, START + offset * every, None, value) for offset, value in enumerate(values)]


class Life:
    """One process after the other on the same state; the clocks stand where the test puts them."""

    def __init__(self, path: Path, log: Sequence[Message]) -> None:
        self.path, self.folder, self.log = path, path.parent, log
        self.newest = self.folder / "state" / SNAPSHOT
        self.newest.parent.mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        config = load(self.path, secrets=False)
        models = watched_models(config, str(self.path))
        self.source, self.health, self.metrics = FakeSource(there={A}), Health(0.0), Metrics("0")
        self.pipeline = running(
            config, models, self.health, self.metrics, stopping=threading.Event(), source=self.source
        )

    def kill(self) -> None:
        """Take the process away; what was handed over is told, for nobody can take it back."""
        self.pipeline.parts.outbox.dispatchers[traffic.MODEL].close(5.0)  # type: ignore[attr-defined]
        self.pipeline.parts.letters.close()
        for observer in self.pipeline.parts.observers:
            observer.close()

    def read(self, end: int, second: int, *, wall: int = 0) -> None:
        """Read up to this offset, from where it is remembered."""
        begin = self.pipeline.parts.partitions.wanted.get(A, 0)
        self.source.arriving[A] = list(self.log[begin:end])
        self.turn(second, wall=wall)

    def turn(self, second: int, *, wall: int = 0) -> None:
        """Go round once, at a second of the one clock and so many milliseconds off by the other."""
        self.pipeline.clock = lambda: Now(float(second), START + 1_000 * second + wall)
        self.pipeline.step()

    def end(self) -> tuple[list[dict[str, Any]], Any]:
        """Judge what is left, end, and return what was told and what the judge knows."""
        self.pipeline.end()
        self.pipeline.parts.outbox.close(self.pipeline, self.pipeline.clock())
        return self.told(), plain(self.pipeline.parts.models[0].judge.state())

    def told(self) -> list[dict[str, Any]]:
        """Return what was told, repeats left out."""
        path = self.folder / "told.jsonl"
        events = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return list({event["id"]: event for event in events}.values())

    def letters(self) -> list[int]:
        """Return the offsets of the dead letters."""
        lines = (self.newest.parent / DEAD_LETTERS).read_text().splitlines()
        return [json.loads(line)["offset"] for line in lines]


@pytest.fixture
def life(
    tmp_path: Path, configured: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, Sequence[Message]], Life]:
    """Return a function that begins a life in a folder of its own; it saves as often however slow the disk is."""
    monkeypatch.setattr("monitor.outbox.MOST_TIME", 1e9)

    def begin(name: str, log: Sequence[Message]) -> Life:
        folder = tmp_path / name
        folder.mkdir()
        path = configured(
            sinks=[{"type": "file", "path": "told.jsonl"}],
            dead_letters={"to": "file"},
            state_dir=str(folder / "state"),
        )
        return Life(path.rename(folder / "seawall.yaml"), log)

    return begin
