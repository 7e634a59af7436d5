"""A real `seawall run` on a real Kafka, killed with -9 at random moments: it tells what it would have told unkilled."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
import traffic
from topic_traffic import produce

from monitor.assembly import DEAD_LETTERS, SNAPSHOT
from monitor.counting.partitions import from_plain
from monitor.state import snapshot

SEAWALL = Path(sys.executable).with_name("seawall")
PARTITIONS = 4
DEADLINE = 90.0
BAD = 40
KILLS = 4


@pytest.fixture(scope="module")
def records():
    """A shift and its end, and records that are none."""
    rng = Random(9)
    found: list[Any] = list(traffic.traffic(140, seed=8, changed=range(30, 60), change=traffic.higher_income))
    for number in range(BAD):
        found.insert(rng.randrange(len(found)), b"not a record %d" % number)
    return found


@pytest.fixture
def monitor(tmp_path, configured, broker, topic):
    """Return a function that makes a monitor of a topic, with a state and a group of its own."""
    made: list[Monitor] = []

    def make(name: str) -> Monitor:
        folder = tmp_path / uuid4().hex[:6]
        group = folder.name
        path = configured(
            source={
                "type": "kafka",
                "bootstrap_servers": broker.bootstrap,
                "topics": [name],
                "group_id": group,
                "group_instance_id": group,
            },
            sinks=[{"type": "file", "path": str(folder / "events.jsonl")}],
            state_dir=str(folder),
            dead_letters={"to": "file"},
        )
        folder.mkdir()
        made.append(Monitor(path.rename(folder / "seawall.yaml"), folder))
        return made[-1]

    yield make
    for one in made:
        one.kill()


class Monitor:
    """One `seawall run` after the other on the same state."""

    def __init__(self, config: Path, folder: Path) -> None:
        self.config, self.folder = config, folder
        self.log = folder / "log"
        self.begin = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.begin = log.tell()
            command = [str(SEAWALL), "run", "-c", str(self.config)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def terminate(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.terminate()
        code = self.process.wait(20)
        self.process = None
        return code

    def read_through(self) -> int:
        """Return how many messages it has read for good, as its snapshot says."""
        saved = snapshot.load(self.folder / SNAPSHOT) or {"partitions": []}
        partitions = from_plain(saved["partitions"])
        return sum(remembered.done for remembered in partitions.values())

    def wait_until(self, there: Callable[[], bool]) -> None:
        until = time.monotonic() + DEADLINE
        while not there():
            log = self.log.read_text()[self.begin :]
            assert self.process.poll() is None, log
            assert time.monotonic() < until, log[-3_000:]
            time.sleep(0.02)

    def wait_until_read(self, messages: int) -> None:
        self.wait_until(lambda: self.read_through() >= messages)

    def wait_until_assigned(self) -> None:
        self.wait_until(lambda: self.log.read_text()[self.begin :].count("partition assigned") >= PARTITIONS)

    def events(self) -> list[dict[str, Any]]:
        """Return everything that was told, in order, repeats included."""
        file = self.folder / "events.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def dead_letters(self) -> Counter[tuple[int, int]]:
        letters = [json.loads(line) for line in (self.folder / DEAD_LETTERS).read_text().splitlines()]
        assert {letter["reason"] for letter in letters} == {"not_json"}
        return Counter((letter["partition"], letter["offset"]) for letter in letters)


def told_once(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events without repeats; a repeat is the same to the last word."""
    first = {}
    for event in events:
        assert first.setdefault(event["id"], event) == event
    return list(first.values())


def test_kill_9_at_any_moment_changes_nothing_that_is_told(broker, topic, records, monitor):
    name = topic(PARTITIONS, retention_ms=-1)
    rng = Random(4)
    writer = threading.Thread(target=trickle, args=(broker.bootstrap, name, records))
    killed = monitor(name)
    writer.start()
    kills = 0
    while (saved := killed.read_through()) < len(records):
        killed.start()
        if kills % 3 == 0:
            time.sleep(rng.uniform(0.0, 1.5))
        else:
            killed.wait_until_read(saved + 1)
            time.sleep(rng.uniform(0.0, 0.5))
        killed.kill()
        kills += 1
    writer.join()
    assert kills >= KILLS
    killed.start()
    killed.wait_until_assigned()
    assert killed.terminate() == 0

    unkilled = monitor(name)
    unkilled.start()
    unkilled.wait_until_read(len(records))
    assert unkilled.terminate() == 0

    told = unkilled.events()
    assert [event["event"] for event in told] == ["opened", "resolved"]
    assert told_once(killed.events()) == told
    assert killed.dead_letters() == unkilled.dead_letters()
    assert set(killed.dead_letters().values()) == {1}
    assert len(killed.dead_letters()) == BAD


def trickle(bootstrap: str, name: str, records: list[Any]) -> None:
    """Write the records over some seconds, so that kills meet them at work."""
    for start in range(0, len(records), 700):
        produce(bootstrap, name, PARTITIONS, records[start : start + 700])
        time.sleep(0.25)


def test_sigterm_ends_with_0_and_a_restart_tells_nothing_again(topic, broker, records, monitor):
    name = topic(PARTITIONS, retention_ms=-1)
    produce(broker.bootstrap, name, PARTITIONS, records)
    one = monitor(name)
    one.start()
    one.wait_until_read(len(records))
    assert one.terminate() == 0
    told, letters = one.events(), one.dead_letters()
    assert [event["event"] for event in told] == ["opened", "resolved"]
    one.start()
    one.wait_until_assigned()
    assert one.terminate() == 0
    assert one.events() == told
    assert one.dead_letters() == letters
    assert one.read_through() == len(records)


def test_a_second_process_on_the_same_state_ends_in_words(topic, monitor):
    one = monitor(topic(PARTITIONS))
    one.start()
    one.wait_until_assigned()
    second = subprocess.run([str(SEAWALL), "run", "-c", str(one.config)], capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "is in use by another seawall process" in second.stderr
    assert "Traceback" not in second.stderr
    assert one.terminate() == 0
