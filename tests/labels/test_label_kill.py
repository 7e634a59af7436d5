"""Labels on a real Kafka, a real `seawall run` killed with -9: it tells what it would have told unkilled."""

from __future__ import annotations

import threading
import time
from random import Random
from uuid import uuid4

import pytest
from labels_world import trickle, world
from monitor_process import Monitor, told_once

PARTITIONS = 2


@pytest.fixture
def monitor(tmp_path, configured, broker):
    """Return a function that makes a monitor of two topics, with a state and groups of its own."""
    made = []

    def make(requests, labels):
        folder = tmp_path / uuid4().hex[:6]
        folder.mkdir()
        source = {"type": "kafka", "bootstrap_servers": broker.bootstrap, "topics": [requests], "group_id": folder.name}
        path = configured(
            source=source | {"group_instance_id": folder.name},
            labels={"source": {"type": "kafka", "topics": [labels], "group_instance_id": folder.name}, "wait": "10m"},
            sinks=[{"type": "file", "path": str(folder / "events.jsonl")}],
            state_dir=str(folder),
        )
        made.append(Monitor(path.rename(folder / "seawall.yaml"), folder))
        return made[-1]

    yield make
    for one in made:
        one.kill()


def test_kill_9_at_any_moment_changes_nothing_that_labels_tell(broker, topic, monitor):
    made = world(90, 3, wrong=lambda number: 0.05 if number < 3_000 else 0.2, parts=PARTITIONS, mess=True)
    requests, labels = topic(PARTITIONS, retention_ms=-1), topic(PARTITIONS, retention_ms=-1)
    logs = {requests: made.requests, labels: made.labels}
    count = sum(len(log) for each in logs.values() for log in each.values())
    writer = threading.Thread(target=trickle, args=(broker.bootstrap, logs))
    killed, rng, kills = monitor(requests, labels), Random(1), 0
    writer.start()
    while (read := killed.read_through()) < count:
        killed.start()
        killed.wait_until(lambda: killed.read_through() > read)
        time.sleep(rng.uniform(0.0, 0.8))
        killed.kill()
        kills += 1
    writer.join()
    assert kills >= 2

    unkilled = monitor(requests, labels)
    unkilled.start()
    unkilled.wait_until_read(count)
    assert unkilled.terminate() == 0
    killed.start()
    killed.wait_until_assigned(2 * PARTITIONS)
    killed.wait_until_as_far_as(unkilled)
    assert killed.terminate() == 0
    told = told_once(unkilled.events())
    assert told[0]["event"] == "opened"
    assert {each["group"] for event in told for each in event["signals"]} == {"performance", "labels"}
    assert told_once(killed.events()) == told
