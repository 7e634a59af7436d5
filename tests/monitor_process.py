"""A real `seawall run` in a process of its own, started and killed as a test likes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence, Set
from pathlib import Path
from typing import Any

import httpx

from monitor.assembly import DEAD_LETTERS, SNAPSHOT
from monitor.counting.partitions import Remembered, from_plain
from monitor.state import snapshot
from monitor.types import Partition

SEAWALL = Path(sys.executable).with_name("seawall")
DEADLINE = 90.0


class Monitor:
    """One `seawall run` after the other on the same state; `program` is what to call in its place."""

    def __init__(self, config: Path, folder: Path, program: Sequence[str] = (str(SEAWALL),)) -> None:
        self.config, self.folder, self.program = config, folder, program
        self.group = folder.name
        self.log = folder / "log"
        self.begin = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.begin = log.tell()
            command = [*self.program, "run", "-c", str(self.config)]
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

    def pause(self) -> None:
        """Stop it where it is, until `resume`."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def asked(self, path: str) -> dict[str, Any]:
        """Return what it says of itself, well or not; nothing as long as nobody answers."""
        return json.loads(self._fetched(path) or "{}")

    def metrics(self, name: str) -> dict[str, float]:
        """Return a metric's values by their labels, as they are written."""
        lines = re.findall(rf"^{name}(\{{.*\}})? (\S+)$", self._fetched("/metrics"), re.MULTILINE)
        return {labels: float(value) for labels, value in lines}

    def _fetched(self, path: str) -> str:
        address = re.findall(r"http://127\.0\.0\.1:\d+", self.log.read_text()[self.begin :])
        try:
            return httpx.get(address[0] + path, timeout=10, trust_env=False).text if address else ""
        except httpx.TransportError:
            return ""

    def saved(self) -> dict[str, Any]:
        """Return its snapshot."""
        return snapshot.load(self.folder / SNAPSHOT) or {"partitions": []}

    def read_through(self) -> int:
        """Return how many messages it has read for good, as its snapshot says."""
        return sum(remembered.done for remembered in self.remembered().values())

    def remembered(self) -> dict[Partition, Remembered]:
        """Return what its snapshot says of every partition."""
        saved = self.saved()
        rows = [*saved["partitions"], *(row for side in saved.get("sides", {}).values() for row in side["partitions"])]
        return from_plain(rows)

    def wait_until_as_far_as(self, other: Monitor) -> None:
        """Wait until it has judged what another one has: what was read before a kill may have to be read again."""
        there = {partition: remembered.at.offset for partition, remembered in other.remembered().items()}
        self.wait_until(lambda: all(self.remembered()[p].at.offset >= offset for p, offset in there.items()))

    def wait_until(self, there: Callable[[], bool]) -> None:
        until = time.monotonic() + DEADLINE
        while not there():
            log = self.log.read_text()[self.begin :]
            assert self.process.poll() is None, log
            assert time.monotonic() < until, log[-3_000:]
            time.sleep(0.02)

    def wait_until_read(self, messages: int) -> None:
        self.wait_until(lambda: self.read_through() >= messages)

    def wait_until_assigned(self, partitions: int) -> None:
        self.wait_until(lambda: self.log.read_text()[self.begin :].count("partition assigned") >= partitions)

    def events(self) -> list[dict[str, Any]]:
        """Return everything that was told, in order, repeats included."""
        file = self.folder / "events.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def dead_letters(self, reasons: Set[str] = frozenset({"not_json"})) -> Counter[tuple[int, int]]:
        """Return where its dead letters stood, and how often each was written."""
        letters = [json.loads(line) for line in (self.folder / DEAD_LETTERS).read_text().splitlines()]
        assert {letter["reason"] for letter in letters} <= reasons
        return Counter((letter["partition"], letter["offset"]) for letter in letters)


def told_once(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events without repeats; a repeat is the same to the last word."""
    first = {}
    for event in events:
        assert first.setdefault(event["id"], event) == event
    return list(first.values())
