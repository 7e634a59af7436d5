"""Three real `seawall run` on a real Kafka share one topic: they tell what one alone tells, whoever comes and goes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import kserve_log
import pytest
import traffic
from monitor_process import DEADLINE, SEAWALL, Monitor, told_once
from topic_traffic import produce

from monitor.replicas.log import Log
from monitor.replicas.memory import Memory

PARTITIONS = 4
BAD = 40
SHARED = 3
"""Partitions of the tallies."""


@pytest.fixture(scope="module")
def records():
    """A shift and its end, and records that are none."""
    rng = Random(9)
    found: list[Any] = list(traffic.traffic(140, seed=8, changed=range(30, 60), change=traffic.higher_income))
    for number in range(BAD):
        found.insert(rng.randrange(len(found)), b"not a record %d" % number)
    return found


class Replicas:
    """Processes of one group, each with a folder of its own."""

    def __init__(self, make: Callable[..., Path], folder: Path, bootstrap: str, name: str) -> None:
        self.bootstrap, self.folder = bootstrap, folder
        self.group = f"group-{uuid4().hex[:8]}"
        self.running: dict[int, subprocess.Popen[bytes]] = {}
        self.make, self.name = make, name

    def start(self, number: int, **settings: Any) -> None:
        folder = self.folder / f"{self.group}-{number}"
        folder.mkdir(exist_ok=True)
        path = self.make(
            source={
                "type": "kafka",
                "bootstrap_servers": self.bootstrap,
                "topics": [self.name],
                "group_id": self.group,
            },
            replicas={"partitions": SHARED},
            sinks=[{"type": "file", "path": str(folder / "events.jsonl")}],
            state_dir=str(folder),
            dead_letters={"to": "file"},
            http="127.0.0.1:0",
            **settings,
        ).rename(folder / "seawall.yaml")
        with (folder / "log").open("ab") as log:
            command = [str(SEAWALL), "run", "-c", str(path)]
            self.running[number] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def send(self, number: int, how: signal.Signals) -> None:
        self.running[number].send_signal(how)

    def kill(self, number: int) -> None:
        self.send(number, signal.SIGKILL)
        self.running.pop(number).wait()

    def terminate(self, number: int) -> int:
        self.send(number, signal.SIGTERM)
        return self.running.pop(number).wait(25)

    def remembered(self) -> dict[str, dict[str, Any]]:
        """Return what is remembered of each model."""
        connection = {"bootstrap_servers": self.bootstrap.split(",")}
        memory = Memory(connection, f"{self.group}.state", Log(connection))
        return {name: state for number in range(SHARED) for name, state in memory.read(number).items()}

    def judged(self) -> int:
        """Return the last slot that was judged, of the model that is furthest behind."""
        try:
            return min((state["judged"] for state in self.remembered().values()), default=-1)
        except OSError:
            return -1

    def wait_until_judged(self, slot: int) -> None:
        until = time.monotonic() + DEADLINE
        while self.judged() < slot:
            assert time.monotonic() < until, self.logs()
            for number, process in self.running.items():
                assert process.poll() is None, self.log(number)
            time.sleep(0.3)

    def wait_until_logged(self, number: int, words: str) -> None:
        until = time.monotonic() + DEADLINE
        while words not in self.log(number):
            assert time.monotonic() < until, self.logs()
            time.sleep(0.3)

    def log(self, number: int) -> str:
        return (self.folder / f"{self.group}-{number}" / "log").read_text()[-6_000:]

    def logs(self) -> str:
        return "\n\n".join(self.log(number) for number in self.running)

    def _lines(self, name: str) -> list[dict[str, Any]]:
        files = sorted(self.folder.glob(f"{self.group}-*/{name}"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def events(self) -> list[dict[str, Any]]:
        """Return everything that was told by any of them, repeats included."""
        return self._lines("events.jsonl")

    def dead_letters(self) -> set[tuple[int, int]]:
        return {(letter["partition"], letter["offset"]) for letter in self._lines("dead-letters.jsonl")}

    def end(self) -> None:
        for process in self.running.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


@pytest.fixture
def replicas(tmp_path, configured, broker):
    """Return a function that makes replicas on a topic."""
    made: list[Replicas] = []

    def make(name: str) -> Replicas:
        made.append(Replicas(configured, tmp_path, broker.bootstrap, name))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture
def alone(tmp_path, configured, broker):
    """Return a function that lets one process read a topic, and returns it as it ended."""

    def run(name: str, messages: int) -> Monitor:
        folder = tmp_path / f"alone-{name}"
        folder.mkdir()
        path = configured(
            source={
                "type": "kafka",
                "bootstrap_servers": broker.bootstrap,
                "topics": [name],
                "group_id": f"alone-{name}",
            },
            sinks=[{"type": "file", "path": str(folder / "events.jsonl")}],
            state_dir=str(folder),
            dead_letters={"to": "file"},
        )
        one = Monitor(path.rename(folder / "seawall.yaml"), folder)
        one.start()
        one.wait_until_read(messages)
        assert one.terminate() == 0
        return one

    return run


def test_three_replicas_tell_what_one_tells(broker, topic, records, replicas, alone):
    name = topic(PARTITIONS, retention_ms=-1)
    produce(broker.bootstrap, name, PARTITIONS, records)
    one = alone(name, len(records))
    three = replicas(name)
    for number in range(3):
        three.start(number)
    three.wait_until_judged(one.saved()["judged"])
    assert [three.terminate(number) for number in range(3)] == [0, 0, 0]
    same(three, one)


def same(several: Replicas, one: Monitor) -> None:
    """Assert that several processes have told, counted and put aside what one has."""
    told = one.events()
    assert told[0]["event"] == "opened"
    assert by_id(told_once(several.events())) == by_id(told)
    assert several.dead_letters() == set(one.dead_letters())
    theirs, ours = several.remembered()[traffic.MODEL], one.saved()["models"][traffic.MODEL]
    assert theirs["judge"]["records"] == ours["judge"]["records"]


def by_id(events: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(event, sort_keys=True) for event in events)


def test_replicas_that_join_leave_die_and_wake_up_change_nothing(broker, topic, records, replicas, alone):
    name = topic(PARTITIONS, retention_ms=-1)
    several = replicas(name)
    writer = threading.Thread(target=trickle, args=(broker.bootstrap, name, records))
    several.start(0)
    writer.start()
    time.sleep(3)
    several.start(1)
    time.sleep(3)
    several.start(2)
    time.sleep(4)
    several.kill(0)
    time.sleep(2)
    several.start(3)
    several.send(1, signal.SIGSTOP)  # for longer than the group waits
    time.sleep(14)
    several.send(1, signal.SIGCONT)
    time.sleep(3)
    assert several.terminate(2) == 0
    writer.join()
    one = alone(name, len(records))
    several.wait_until_judged(one.saved()["judged"])
    assert [several.terminate(number) for number in (1, 3)] == [0, 0]
    same(several, one)


def trickle(bootstrap: str, name: str, records: list[Any], seconds: float = 25.0) -> None:
    """Write the records over some time."""
    for start in range(0, len(records), 500):
        produce(bootstrap, name, PARTITIONS, records[start : start + 500])
        time.sleep(seconds * 500 / len(records))


def test_who_counts_differently_waits_until_the_others_have_stopped(broker, topic, records, replicas):
    name = topic(PARTITIONS, retention_ms=-1)
    produce(broker.bootstrap, name, PARTITIONS, records[:3_000])
    several = replicas(name)
    several.start(0)
    several.wait_until_judged(1)
    several.start(1, allowed_lateness="20s")
    several.wait_until_logged(1, "another process counts differently")
    before = several.remembered()[traffic.MODEL]["judged"]
    produce(broker.bootstrap, name, PARTITIONS, records[3_000:6_000])
    several.wait_until_judged(before + 10)
    assert "partition assigned" not in several.log(1)
    assert several.terminate(0) == 0
    several.wait_until_logged(1, "models taken over")
    assert several.terminate(1) == 0


def test_a_process_of_the_group_that_joins_no_records_ends_in_words(broker, topic, replicas):
    """Halves of records cannot be joined by several."""
    name = topic(1, retention_ms=-1)
    produce(broker.bootstrap, name, 1, kserve_log.events(next(traffic.traffic(1, seed=1))))
    several = replicas(name)
    several.start(0)
    assert several.running[0].wait(40) == 1
    assert "one process joins them. Remove replicas" in several.log(0)
    assert "Traceback" not in several.log(0)


def test_a_random_run_of_three_tells_what_one_tells(broker, topic, records, replicas, alone):
    """SEAWALL_SEED and SEAWALL_FAULTS choose another run, and how many faults it has."""
    rng = Random(int(os.environ.get("SEAWALL_SEED", "1")))
    faults = int(os.environ.get("SEAWALL_FAULTS", "4"))
    name = topic(PARTITIONS, retention_ms=-1)
    several = replicas(name)
    many = records * max(1, faults // 12)
    writer = threading.Thread(target=trickle, args=(broker.bootstrap, name, renumbered(many), faults * 2.5))
    several.start(0)
    several.start(1)
    several.start(2)
    writer.start()
    paused: dict[int, float] = {}
    number = 2
    for _ in range(faults):
        time.sleep(rng.uniform(0.3, 3.0))
        for one in [one for one, until in paused.items() if time.monotonic() > until]:
            several.send(one, signal.SIGCONT)
            del paused[one]
        chosen = rng.choice(sorted(several.running))
        match rng.choice(["kill", "kill", "pause", "stop", "add"]):
            case "kill" if chosen not in paused:
                several.kill(chosen)
            case "pause" if chosen not in paused and len(paused) < 2:
                several.send(chosen, signal.SIGSTOP)
                paused[chosen] = time.monotonic() + rng.choice([1.0, 5.0, 15.0])
            case "stop" if chosen not in paused:
                assert several.terminate(chosen) == 0
        while len(several.running) < 3:
            number += 1
            several.start(number)
    for one in paused:
        several.send(one, signal.SIGCONT)
    writer.join()
    one = alone(name, len(many))
    several.wait_until_judged(one.saved()["judged"])
    assert {several.terminate(number) for number in list(several.running)} == {0}
    same(several, one)


def renumbered(records: list[Any]) -> list[Any]:
    """Return the records with times and ids that go on from round to round."""
    out, number = [], 0
    for record in records:
        if isinstance(record, dict):
            out.append(record | {"id": f"r{number}", "time": traffic.rfc3339(traffic.START + number * traffic.EVERY)})
            number += 1
        else:
            out.append(record)
    return out
