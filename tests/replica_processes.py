"""Several real `seawall run` of one group, started, paused and killed as a test likes."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import yaml
from monitor_process import DEADLINE, SEAWALL, Monitor, told_once
from topic_traffic import produce
from traffic import MODEL, higher_income, traffic

from monitor.replicas.log import Log
from monitor.replicas.memory import Memory

PARTITIONS = 4
BAD = 40
SHARED = 3
"""Partitions of the tallies."""


class Replicas:
    """Processes of one group, each with a folder of its own."""

    def __init__(self, reference: Path, folder: Path, bootstrap: str, name: str) -> None:
        self.bootstrap, self.folder = bootstrap, folder
        self.group = f"group-{uuid4().hex[:8]}"
        self.running: dict[int, subprocess.Popen[bytes]] = {}
        self.reference, self.name = reference, name
        self.source = {"type": "kafka", "bootstrap_servers": bootstrap, "topics": [name], "group_id": self.group}

    def start(self, number: int, **settings: Any) -> None:
        folder = self.folder / f"{self.group}-{number}"
        folder.mkdir(exist_ok=True)
        smallest = {
            "model": MODEL,
            "source": self.source,
            "reference": str(self.reference),
            "replicas": {"partitions": SHARED},
            "sinks": [{"type": "file", "path": "events.jsonl"}],
            "state_dir": str(folder),
            "dead_letters": {"to": "file"},
            "http": "127.0.0.1:0",
        }
        path = folder / "seawall.yaml"
        path.write_text(yaml.safe_dump(smallest | settings))
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
        return self.running.pop(number).wait(20)

    def said(self, *arguments: str) -> str:
        """Return what a command says about the first of them."""
        config = self.folder / f"{self.group}-0" / "seawall.yaml"
        command = [str(SEAWALL), *arguments, "-c", str(config)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

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


def shifted_records() -> list[Any]:
    """Return a shift and its end, and records that are none."""
    rng = Random(9)
    found: list[Any] = list(traffic(140, seed=8, changed=range(30, 60), change=higher_income))
    for number in range(BAD):
        found.insert(rng.randrange(len(found)), b"not a record %d" % number)
    return found


def same(several: Replicas, one: Monitor) -> None:
    """Assert that several processes have told, counted and put aside what one has."""
    told = one.events()
    assert told[0]["event"] == "opened"
    assert by_id(told_once(several.events())) == by_id(told)
    assert several.dead_letters() == set(one.dead_letters())
    theirs, ours = several.remembered()[MODEL], one.saved()["models"][MODEL]
    assert theirs["judge"]["records"] == ours["judge"]["records"]


def by_id(events: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(event, sort_keys=True) for event in events)


def trickle(bootstrap: str, name: str, records: list[Any], seconds: float = 25.0) -> None:
    """Write the records over some time."""

    def paced() -> Iterator[Any]:
        for number, record in enumerate(records):
            if number % 500 == 0:
                time.sleep(seconds * 500 / len(records))
            yield record

    produce(bootstrap, name, PARTITIONS, paced())
