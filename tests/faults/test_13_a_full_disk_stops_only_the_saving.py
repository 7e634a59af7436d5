"""13. A full disk: nothing is committed, it is said, reading and judging go on, and all is saved when it can be.

The limit on the size of files that the kernel holds a running process to does what a full disk does, without a disk.
"""

from __future__ import annotations

import resource
import subprocess

import pytest
import traffic
from kafka import KafkaConsumer, TopicPartition
from monitor_process import told_once
from topic_traffic import produce

from monitor.remembered import SNAPSHOT

PARTITIONS = 2


class Limited:
    """A disk on which the process may write no byte more."""

    def __init__(self, one):
        self.one = one

    def fill(self):
        resource.prlimit(self.one.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def free(self):
        if self.one.process is not None:  # the next one has no limit
            unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(self.one.process.pid, resource.RLIMIT_FSIZE, unlimited)


class Small:
    """A disk of four megabytes that somebody else fills."""

    def __init__(self, folder):
        self.filler = folder / "filler"

    def fill(self):
        with self.filler.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 10, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue

    def free(self):
        self.filler.unlink()


@pytest.fixture
def small_folder(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def committed(broker, one, name):
    """Return how many messages the group has committed."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=one.group, enable_auto_commit=False)
    try:
        return sum(consumer.committed(TopicPartition(name, number)) or 0 for number in range(PARTITIONS))
    finally:
        consumer.close()


def saves_nothing_for_a_while(broker, name, one, disk, kill):
    records = list(traffic.traffic(90, seed=8, changed=range(45, 90), change=traffic.higher_income))
    produce(broker.bootstrap, name, PARTITIONS, records[:3_000])
    one.start()
    one.wait_until_read(3_000)
    one.wait_until(lambda: committed(broker, one, name) > 0)
    disk.fill()
    one.wait_until(lambda: "state" in one.asked("/readyz").get("why", {}))
    before, kept = committed(broker, one, name), (one.folder / SNAPSHOT).read_bytes()
    produce(broker.bootstrap, name, PARTITIONS, [*records[3_000:6_000], *[b"torn"] * 20])
    one.wait_until(lambda: lag(one) == 0)
    assert one.asked("/healthz")["state"] == "healthy"
    assert (committed(broker, one, name), (one.folder / SNAPSHOT).read_bytes()) == (before, kept)
    if kill:
        one.kill()
    disk.free()
    if kill:
        one.start()
    produce(broker.bootstrap, name, PARTITIONS, records[6_000:])
    one.wait_until_read(9_020)
    one.wait_until(lambda: one.asked("/readyz").get("state") == "idle")
    assert one.terminate() == 0
    assert sorted(one.dead_letters().values()) == [1] * 20
    assert one.saved()["models"][traffic.MODEL]["judge"]["records"] == 9_000
    assert committed(broker, one, name) == 9_020
    told = [event for event in told_once(one.events()) if event["signals"][0]["signal"].startswith("feature.")]
    assert next(event["event"] for event in told) == "opened"
    assert len({event["incident"] for event in told}) == 1


def lag(one):
    """Return how many records are still to be read, as the metrics say; -1 before they do."""
    found = one.metrics("seawall_kafka_lag_records")
    return sum(found.values()) if len(found) == PARTITIONS else -1


@pytest.mark.parametrize("kill", [False, True])
def test_what_cannot_be_saved_is_not_committed_and_is_saved_once_it_can_be(broker, topic, monitor, kill):
    name = topic(PARTITIONS, retention_ms=-1)
    one = monitor(name, slot="1s", allowed_lateness="3s", idle_timeout="2s")
    saves_nothing_for_a_while(broker, name, one, Limited(one), kill)


@pytest.mark.real
def test_a_disk_that_somebody_else_fills_is_borne_until_there_is_room_again(broker, topic, monitor, small_folder):
    name = topic(PARTITIONS, retention_ms=-1)
    sinks = [{"type": "file", "path": str(small_folder / "events.jsonl")}]
    one = monitor(name, slot="1s", allowed_lateness="3s", idle_timeout="2s", state_dir=str(small_folder), sinks=sinks)
    one.folder = small_folder
    saves_nothing_for_a_while(broker, name, one, Small(small_folder), kill=False)
