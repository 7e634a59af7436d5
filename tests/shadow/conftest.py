"""A reference for which the accepted model was asked, a configuration, and processes that read answers."""

from __future__ import annotations

import json
import threading
from random import Random
from typing import Any

import pytest
import yaml
from labels_world import Log
from shadow_world import MODEL, REQUESTS, SHADOW, START, accepted, messages, model, section, sure_of
from v2_server import v2_server

from monitor.assembly import running, watched_models
from monitor.config.loading import load
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.parts import Now
from monitor.shadow import build

SHARED = {"replicas": {}, "privacy": {"hash_key": "the same for all of them"}}


@pytest.fixture(scope="session")
def reference(tmp_path_factory):
    """A folder with a reference of 6,000 requests, each asked."""
    folder = tmp_path_factory.mktemp("asked") / "reference"
    accepted(folder, section())
    return folder


@pytest.fixture
def server():
    """A model that becomes fragile when it is told to."""

    def said(rows):
        yes = [sure_of(row, running.fragile) for row in rows]
        return {"predict": [int(s >= 0.5) for s in yes], "scores": [v for s in yes for v in (1 - s, s)]}

    with v2_server(said) as running:
        running.fragile = 0.0
        yield running


@pytest.fixture
def configured(tmp_path, reference):
    """Return a function that writes a configuration and returns its path."""

    def write(shadow: Any = SHADOW, **settings: Any):
        path = tmp_path / "seawall.yaml"
        smallest = {
            "model": MODEL,
            "source": {"type": "file", "path": "requests"},
            "reference": str(reference),
            "shadow": shadow,
            "false_alarm_every": "100000 records",
            "sinks": [{"type": "file", "path": "events.jsonl", "min_severity": "info"}],
            "dead_letters": {"to": "file"},
            "http": "127.0.0.1:0",
        }
        path.write_text(yaml.safe_dump(smallest | settings))
        return path

    return write


class Unwritten:
    """Takes no answers: those of the test are there already."""

    def append(self, answers, clock):
        raise AssertionError("nobody is to be asked")

    def sync(self):
        """Nothing to put on a disk."""

    def trouble(self):
        return None

    def close(self):
        """Nothing to let go of."""


@pytest.fixture
def started(configured, monkeypatch):
    """Return a function that starts a process on a log of answers; nothing is read yet, and nobody is asked."""

    def start(answers, rng: Random):
        monkeypatch.setattr(build, "_places", lambda *_: (Unwritten(), Log(answers, rng)))
        path = configured(SHADOW | {"share": 1e-12})
        config = load(path, secrets=False)
        config.state_dir.mkdir(exist_ok=True)
        requests = Log({REQUESTS: messages(100, 9)}, rng)
        pipeline = running(
            config,
            watched_models(config, str(path)),
            Health(0.0),
            Metrics("0"),
            stopping=threading.Event(),
            source=requests,
            endpoints={MODEL: model()},
        )
        ticks = iter(range(10**9))
        pipeline.clock = lambda: Now(0.4 * (tick := next(ticks)), START + 400 * tick)
        (side,) = pipeline.parts.sides
        side.clock = pipeline.clock
        # The log is read to its end, as a topic never is.
        monkeypatch.setattr(type(side), "finished", property(lambda self: self.parts.source.finished))
        return pipeline

    return start


@pytest.fixture
def told(tmp_path):
    """Return a function that returns what was told: every event once."""

    def read():
        path = tmp_path / "events.jsonl"
        events = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return list({event["id"]: event for event in events}.values())

    return read


@pytest.fixture
def shared(configured):
    """Return a function that reads the configuration of one of several processes."""

    def read(shadow=SHADOW, *, answers="answers", group="g", **settings):
        named = {"answers": {"topic": answers}} if answers else {}
        source = {"type": "kafka", "bootstrap_servers": "127.0.0.1:1", "topics": [REQUESTS.topic], "group_id": group}
        return load(configured(shadow | named, **SHARED | {"source": source} | settings), secrets=False)

    return read
