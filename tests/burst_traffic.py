"""Traffic that becomes ten times as much, and a monitor whose memory is looked at."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import yaml
from kafka import KafkaProducer
from monitor_process import SEAWALL, Monitor
from traffic import MODEL, START, lines, traffic

GROUPS = Path("/sys/fs/cgroup")


class Burst:
    """Writes records to a topic whose partitions take turns, ever later in event time."""

    def __init__(self, bootstrap: str, topic: str, partitions: int, *, large: bool = False) -> None:
        self.sent = 0
        self.large = large
        self._now = float(START)
        self._topic, self._partitions = topic, partitions
        self._producer = KafkaProducer(bootstrap_servers=bootstrap.split(","), acks=1, linger_ms=50)
        self._rng = Random(5)
        self._some = list(traffic(5, seed=4))

    def send(self, records: int, *, per_second: int) -> None:
        """Write so many records, of so many a second."""
        for number in range(self.sent, self.sent + records):
            stamp = round(self._now)
            value = json.dumps(self._record(number, stamp)).encode()
            self._producer.send(self._topic, value, partition=number % self._partitions, timestamp_ms=stamp)
            self._now += 1_000 / per_second
        self._producer.flush()
        self.sent += records

    def _record(self, number: int, stamp: int) -> dict[str, Any]:
        record = self._some[number % len(self._some)] | {"id": f"{number:036d}", "time": stamp / 1_000}
        if not self.large:
            return record
        new = {f"new_{self._rng.getrandbits(40):x}": number for _ in range(5)}
        region, version = f"{self._rng.getrandbits(400):x}", f"{self._rng.getrandbits(400):x}"
        features = record["features"] | new | {"region": region, "story": "x" * 4_000}
        return record | {"version": version, "features": features}

    def close(self) -> None:
        """Let go of the broker."""
        self._producer.close(timeout=5)


class Watched(Monitor):
    """A `seawall run` of such a topic."""

    @classmethod
    def of(cls, folder: Path, bootstrap: str, topic: str, **settings: Any) -> Watched:
        """Return one with a reference of quiet traffic; its slots are short: a burst fills all that are open."""
        data = folder / "accepted.jsonl"
        data.write_bytes(lines(traffic(40, seed=1)))
        content = {
            "model": MODEL,
            "source": {"type": "kafka", "bootstrap_servers": bootstrap, "topics": [topic], "group_id": uuid4().hex},
            "reference": "reference",
            "sinks": [{"type": "file", "path": "events.jsonl"}],
            "http": "127.0.0.1:0",
            "state_dir": ".",
            "slot": "1s",
            "idle_timeout": "2s",
            **settings,
        }
        config = folder / "seawall.yaml"
        config.write_text(yaml.safe_dump(content))
        accept = ["--promote", "--by", "ann", "--why", "quiet"]
        command = [str(SEAWALL), "reference", "build", str(data), "-c", str(config), *accept]
        subprocess.run(command, check=True, capture_output=True)
        return cls(config, folder)

    def most(self) -> int:
        """Return the bytes that were resident when most were."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return 1_024 * int(status.partition("VmHWM:")[2].split()[0])

    def judged(self) -> int:
        """Return how many records were judged, as its snapshot says."""
        models = self.saved().get("models", {})
        return int(models[MODEL]["judge"]["records"]) if models else 0

    def wait_until_judged(self, records: int) -> None:
        self.wait_until(lambda: self.judged() >= records)
        assert self.judged() == records


@contextlib.contextmanager
def group_of(limit: int) -> Iterator[Path | None]:
    """Lend a cgroup in which the kernel kills whoever takes more; None where we may not make one."""
    old = GROUPS / "memory"
    root, name = (old, "memory.limit_in_bytes") if old.is_dir() else (GROUPS, "memory.max")
    group = root / f"seawall-{uuid4().hex[:8]}"
    try:
        group.mkdir()
        (group / name).write_text(str(limit))
    except OSError:
        with contextlib.suppress(OSError):
            group.rmdir()
        yield None
        return
    try:
        yield group
    finally:
        until = time.monotonic() + 10
        while (group / "cgroup.procs").read_text() and time.monotonic() < until:
            time.sleep(0.05)  # it was ended, and is not gone yet
        group.rmdir()
