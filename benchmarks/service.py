"""`seawall run` from outside: memory and start when idle, processor time at 1,000 records a second."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import traffic

SEAWALL = Path(sys.executable).with_name("seawall")
TICKS = os.sysconf("SC_CLK_TCK")


class Idle(NamedTuple):
    """Resident megabytes after some seconds, and seconds from the start of the process to its first poll."""

    megabytes: float
    first_poll: float


def idle(folder: Path, bootstrap: str, topic: str, seconds: float = 10.0) -> Idle:
    """Start the monitor on an empty topic and look at it."""
    process, log = start(folder / topic, folder, bootstrap, topic)
    time.sleep(seconds)
    memory = resident(process.pid)
    stop(process)
    events = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    first = next(e["seconds_since_start"] for e in events if e["event"] == "first poll")
    return Idle(memory, float(first))


def share_of_a_core(folder: Path, bootstrap: str, topic: str, seconds: int = 30) -> float:
    """Return the share of a core that the monitor takes while 1,000 records a second come in."""
    from kafka import KafkaProducer

    process, _ = start(folder / "steady", folder, bootstrap, topic)
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, acks=1)
    prepared = list(traffic.values(1_000 * (seconds + 5)))
    used = began = 0.0
    for second in range(seconds + 5):
        until = time.monotonic() + 1.0
        if second == 5:  # connecting and the first partitions do not count
            used, began = processor_seconds(process.pid), time.monotonic()
        for i in range(0, 1_000, 50):
            for value in prepared[1_000 * second + i : 1_000 * second + i + 50]:
                producer.send(topic, value)
            time.sleep(max(0.0, until - 1.0 + (i + 50) / 1_000 - time.monotonic()))
    share = (processor_seconds(process.pid) - used) / (time.monotonic() - began)
    producer.close(timeout=2)
    stop(process)
    return share


def resident(pid: int) -> float:
    """Return resident megabytes (millions of bytes)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def most_resident(pid: int) -> float:
    """Return the most megabytes that were ever resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1_024 * int(status.partition("VmHWM:")[2].split()[0]) / 1e6


def processor_seconds(pid: int) -> float:
    """Return what the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def start(
    own: Path, folder: Path, bootstrap: str, topic: str, group: str = "", **settings: Any
) -> tuple[subprocess.Popen[bytes], Path]:
    """Start the monitor of a topic; return its process and its log."""
    own.mkdir()
    source = {"type": "kafka", "bootstrap_servers": bootstrap, "topics": [topic], "group_id": group or own.name}
    path = traffic.config(own, source=source, reference=str(folder / "reference"), **settings)
    log = own / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([SEAWALL, "run", "-c", path], stdout=out, stderr=subprocess.STDOUT)
    return process, log


def stop(process: subprocess.Popen[bytes]) -> None:
    """End it."""
    process.send_signal(signal.SIGTERM)
    process.wait(20)
