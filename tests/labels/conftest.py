"""A reference of labelled requests, a configuration, and processes that run on a world."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from labels_world import MODEL, START, End, Log, World, accepted_in, ended

from monitor.assembly import running, watched_models
from monitor.config.loading import load
from monitor.config.source import FileSource
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.parts import Now
from monitor.pipeline import Pipeline


@pytest.fixture(scope="session")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a reference of 10,000 labelled requests, 5 % of them wrong."""
    return accepted_in(tmp_path_factory.mktemp("accepted"))


@pytest.fixture
def configured(tmp_path: Path, accepted: Path) -> Callable[..., Path]:
    """Return a function that writes a configuration and returns its path."""

    def write(**settings: Any) -> Path:
        path = tmp_path / "seawall.yaml"
        smallest = {
            "model": MODEL,
            "source": {"type": "file", "path": "requests"},
            "labels": {"source": {"type": "file", "path": "labels"}, "wait": "10m"},
            "reference": str(accepted),
            "tolerance": 0,
            "false_alarm_every": "100000 records",
            "sinks": [{"type": "file", "path": "events.jsonl"}],
            "dead_letters": {"to": "file"},
            "http": "127.0.0.1:0",
        }
        path.write_text(yaml.safe_dump(smallest | settings))
        return path

    return write


@pytest.fixture
def started(configured, monkeypatch):
    """Return a function that starts a process on a world; nothing is read yet."""

    def start(made: World, rng: Random, *, most: int = 300, **settings: Any) -> Pipeline:
        monkeypatch.setattr(FileSource, "build", lambda _, __: Log(made.labels, rng, most))
        path = configured(**settings)
        config = load(path, secrets=False)
        config.state_dir.mkdir(exist_ok=True)
        models = watched_models(config, str(path))
        metrics = Metrics("0")
        pipeline = running(
            config, models, Health(0.0), metrics, stopping=threading.Event(), source=Log(made.requests, rng, most)
        )
        ticks = iter(range(10**9))
        pipeline.clock = lambda: Now(0.4 * (tick := next(ticks)), START + 400 * tick)
        pipeline.parts.sides[0].clock = pipeline.clock
        return pipeline

    return start


@pytest.fixture
def lived(started, tmp_path):
    """Return a function that runs a world to its end and returns what came of it."""

    def live(made: World, seed: int = 0, **settings: Any) -> End:
        pipeline = started(made, Random(seed), **settings)
        pipeline.run()
        live.became = pipeline.parts.sides[0].became
        return ended(pipeline, tmp_path)

    return live
