"""An accepted reference, and real `seawall run`s that read a real topic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from accepted_reference import accepted
from kafka_broker import Broker
from monitor_process import Monitor
from probing import with_callers
from replica_processes import Replicas, shifted_records
from tallying import PROGRAM, TIMES, ended
from traffic import MODEL, traffic

from detectors.config import AutoConfig, QueriesConfig


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the accepted reference of 10,000 quiet records."""
    return accepted(tmp_path_factory.mktemp("accepted"), traffic(100, seed=1))


@pytest.fixture(scope="session")
def scored_reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the accepted reference of the same records, with scorers of single ones."""
    return accepted(tmp_path_factory.mktemp("scored"), traffic(100, seed=1), [AutoConfig()])


@pytest.fixture(scope="session")
def close_reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an accepted reference that knows how close its records are."""
    return accepted(tmp_path_factory.mktemp("close"), with_callers(60, seed=1), [QueriesConfig()])


@pytest.fixture
def monitor(tmp_path: Path, reference: Path, broker: Broker) -> Iterator[Callable[..., Monitor]]:
    """Return a function that makes a monitor of a topic, with a state and a group of its own.

    `monitor(topic, bootstrap="127.0.0.1:9", slot="1s")`; a name among the settings with `{folder}` in it is a path.
    """
    made: list[Monitor] = []

    def make(topic: str, *program: str, bootstrap: str = broker.bootstrap, **settings: Any) -> Monitor:
        folder = tmp_path / uuid4().hex[:6]
        folder.mkdir()
        source = {"type": "kafka", "bootstrap_servers": bootstrap, "topics": [topic]}
        smallest = {
            "model": MODEL,
            "source": source | {"group_id": folder.name, "group_instance_id": folder.name},
            "reference": str(reference),
            "sinks": [{"type": "file", "path": "events.jsonl"}],
            "dead_letters": {"to": "file"},
            "http": "127.0.0.1:0",
            "state_dir": str(folder),
        }
        path = folder / "seawall.yaml"
        path.write_text(yaml.safe_dump(smallest | settings))
        made.append(Monitor(path, folder, program) if program else Monitor(path, folder))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.fixture
def witnessed_monitor(monitor: Callable[..., Monitor]) -> Callable[..., Monitor]:
    """Return a function that makes a monitor with slots of a second, which notes what it judges."""
    return lambda name, **settings: monitor(name, *PROGRAM, **TIMES | settings)


@pytest.fixture
def tallied(witnessed_monitor: Callable[..., Monitor]) -> Callable[..., dict[str, int]]:
    """Return a function that lets a monitor judge all of a topic; it returns how many records counted, late or dead."""

    def tally(name: str, *, kill: bool = False, **settings: Any) -> dict[str, int]:
        one = witnessed_monitor(name, **settings)
        one.start()
        if kill:
            one.wait_until_read(1)
            one.kill()
            one.start()
        return ended(one)

    return tally


@pytest.fixture(scope="session")
def shifted() -> list[Any]:
    """A shift and its end, and records that are none."""
    return shifted_records()


@pytest.fixture
def replicas(tmp_path: Path, reference: Path, broker: Broker) -> Iterator[Callable[..., Replicas]]:
    """Return a function that makes replicas on a topic."""
    made: list[Replicas] = []

    def make(name: str, bootstrap: str = broker.bootstrap) -> Replicas:
        made.append(Replicas(reference, tmp_path, bootstrap, name))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture
def alone(monitor: Callable[..., Monitor]) -> Callable[[str, int], Monitor]:
    """Return a function that lets one process read a topic, and returns it as it ended."""

    def run(name: str, messages: int) -> Monitor:
        one = monitor(name)
        one.start()
        one.wait_until_read(messages)
        assert one.terminate() == 0
        return one

    return run
