"""Promise 14: at its memory limit the monitor lets go of detail, never of a record, and is not killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from burst_traffic import Burst, Watched, group_of

PARTITIONS = 32
LIMIT = 128 << 20


@pytest.fixture
def burst(broker, topic):
    name = topic(PARTITIONS, retention_ms=-1)
    writer = Burst(broker.bootstrap, name, PARTITIONS, large=True)
    yield writer, name
    writer.close()


def test_a_burst_of_large_records_of_endless_names_is_counted_whole_within_the_limit(tmp_path, broker, burst):
    writer, name = burst
    monitor = Watched.of(
        tmp_path,
        broker.bootstrap,
        name,
        memory_limit="128Mi",
        allowed_lateness="20s",
        features={"region": {"show_values": True}},
    )
    with group_of(LIMIT) as group:
        try:
            writer.send(2_000, per_second=200)
            monitor.start()
            if group is not None:
                (group / "cgroup.procs").write_text(str(monitor.process.pid))
            monitor.wait_until_read(writer.sent)
            writer.send(30_000, per_second=2_000)
            monitor.wait_until_judged(writer.sent)
            assert monitor.most() < LIMIT
            assert monitor.terminate() == 0
        finally:
            monitor.kill()
    memory = [event["event"] for event in told(tmp_path) if event["signals"][0]["signal"] == "quality.memory"]
    assert memory[0] == "opened"


def told(folder: Path):
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
