"""An accepted reference, a configuration, and what is told when records run through the pipeline."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from accepted_reference import accepted
from fake_source import FakeSource
from probing import with_callers
from traffic import MODEL, traffic
from watching import A, Watch

from detectors.config import AutoConfig, QueriesConfig
from monitor.assembly import clock, parts_of, watched_models
from monitor.config.loading import load
from monitor.observers import FindingsFile
from monitor.parts import Parts
from monitor.pipeline import Pipeline
from monitor.replay import CountedOnly, Told, replay
from monitor.types import Source
from monitor.verdicts import Verdicts


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the accepted reference of 10,000 quiet records."""
    return accepted(tmp_path_factory.mktemp("accepted"), traffic(100, seed=1))


@pytest.fixture(scope="session")
def close_reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an accepted reference that knows how close its records are."""
    return accepted(tmp_path_factory.mktemp("close"), with_callers(60, seed=1), [QueriesConfig()])


@pytest.fixture(scope="session")
def scored_reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the accepted reference of the same records, with scorers of single ones."""
    return accepted(tmp_path_factory.mktemp("scored"), traffic(100, seed=1), [AutoConfig()])


@pytest.fixture
def configured(tmp_path: Path, reference: Path) -> Callable[..., Path]:
    """Return a function that writes a configuration and returns its path: `configured(slot="5s")`."""

    def write(**settings: Any) -> Path:
        path = tmp_path / "seawall.yaml"
        smallest = {
            "model": MODEL,
            "source": {"type": "file", "path": "data.jsonl"},
            "reference": str(reference),
            "sinks": [],
            "http": "127.0.0.1:0",
        }
        path.write_text(yaml.safe_dump(smallest | settings))
        return path

    return write


@dataclass
class Seen:
    """What a run told and found, and the pipeline it ran."""

    events: list[dict[str, Any]]
    findings: list[Mapping[str, Any]]
    pipeline: Pipeline

    @property
    def incidents(self) -> set[str]:
        return {event["incident"] for event in self.events}

    @property
    def records(self) -> int:
        """Records judged."""
        return self.pipeline.parts.models[0].judge.records

    def kinds(self) -> list[str]:
        return [event["event"] for event in self.events]


def _seen(events: io.StringIO, findings: io.StringIO, pipeline: Pipeline) -> Seen:
    told, found = ([json.loads(line) for line in text.getvalue().splitlines()] for text in (events, findings))
    return Seen(told, found, pipeline)


@pytest.fixture
def replayed(configured: Callable[..., Path]) -> Callable[..., Seen]:
    """Return a function that replays a file and returns what was seen."""

    def run(data: Path, to: Path | None = None, **settings: Any) -> Seen:
        path = configured(**settings)
        config = load(path, secrets=False)
        events, findings = io.StringIO(), io.StringIO()
        models = watched_models(config, str(path))
        writing = [Verdicts(models, instead=to)] if to else []
        pipeline, _ = replay(config, models, str(data), events=events, findings=findings, observers=writing)
        return _seen(events, findings, pipeline)

    return run


@pytest.fixture
def run_through(configured: Callable[..., Path]) -> Callable[..., Seen]:
    """Return a function that runs a source to its end and returns what was seen."""

    def run(source: Source, **settings: Any) -> Seen:
        path = configured(**settings)
        config = load(path, secrets=False)
        events, findings = io.StringIO(), io.StringIO()
        parts = Parts(
            **parts_of(config, watched_models(config, str(path)), source),
            letters=CountedOnly(),
            outbox=Told(events, {}),
            observers=[FindingsFile(findings, config.slot)],
        )
        pipeline = Pipeline(parts, clock)
        pipeline.run()
        return _seen(events, findings, pipeline)

    return run


@pytest.fixture
def watch(configured: Callable[..., Path]) -> Callable[..., Watch]:
    """Return a function that makes a monitor; `states` are those of one before a restart."""

    def make(source: Source | None = None, states: Sequence[Any] = (), **settings: Any) -> Watch:
        return Watch(configured(**settings), source or FakeSource(there={A}), states)

    return make
