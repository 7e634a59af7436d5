"""Three real `seawall run` join labels of a real topic, one of them killed with -9: they tell what one tells."""

from __future__ import annotations

import signal
import threading
import time
from uuid import uuid4

import pytest
from labels_world import MODEL, START, trickle, world
from monitor_process import Monitor, told_once
from replica_processes import Replicas, by_id

PARTITIONS = 2
SECRET = {"hash_key": "0123456789abcdef"}


@pytest.fixture
def settings(topic):
    """What one process and several have in common: topics whose keys are not the ids."""
    requests, labels = topic(PARTITIONS, retention_ms=-1), topic(PARTITIONS, retention_ms=-1)
    about = {
        "labels": {"source": {"type": "kafka", "topics": [labels]}, "wait": "5m"},
        "privacy": SECRET,
        "tolerance": 0,
        "false_alarm_every": "100000 records",
        "model": MODEL,
    }
    return requests, labels, about


@pytest.fixture
def several(tmp_path, accepted, broker, settings):
    made = Replicas(accepted, tmp_path, broker.bootstrap, settings[0])
    yield made
    made.end()


@pytest.fixture
def one(tmp_path, configured, broker, settings):
    requests, _, about = settings
    folder = tmp_path / uuid4().hex[:6]
    folder.mkdir()
    source = {"type": "kafka", "bootstrap_servers": broker.bootstrap, "topics": [requests], "group_id": folder.name}
    sinks = [{"type": "file", "path": str(folder / "events.jsonl")}]
    path = configured(source=source, state_dir=str(folder), sinks=sinks, **about)
    made = Monitor(path.rename(folder / "seawall.yaml"), folder)
    yield made
    made.kill()


def joined(several):
    try:
        state = several.remembered().get(MODEL) or {}
    except OSError:
        return -1
    return (state.get("joining") or {}).get("judged", -1)


def holder(several):
    """Return who joins the labels at present."""
    return max(several.running, key=lambda number: several.log(number).rfind('"labels taken over"'))


def wait_until_joined(several, slot):
    until = time.monotonic() + 90
    while joined(several) < slot:
        assert time.monotonic() < until, several.logs()
        for number, process in several.running.items():
            assert process.poll() is None, several.log(number)
        time.sleep(0.5)


@pytest.mark.parametrize("how", ["killed", "paused"])
def test_labels_of_any_key_are_joined_by_three_as_by_one(broker, settings, several, one, how):
    requests, labels, about = settings
    made = world(90, 3, wrong=lambda number: 0.05 if number < 3_000 else 0.2, parts=PARTITIONS, mess=True)
    logs = {requests: made.requests, labels: made.labels}
    writer = threading.Thread(target=trickle, args=(broker.bootstrap, logs))
    for number in range(3):
        several.start(number, **about)
    writer.start()
    wait_until_joined(several, START // 10_000 + 20)
    struck = holder(several)
    if how == "killed":
        several.kill(struck)
    else:  # for longer than the group waits, and it wakes up
        several.send(struck, signal.SIGSTOP)
        time.sleep(14)
        several.send(struck, signal.SIGCONT)
    writer.join()
    one.start()
    one.wait_until_read(sum(len(log) for each in logs.values() for log in each.values()))
    assert one.terminate() == 0
    side = one.saved()["sides"]["labels"]
    wait_until_joined(several, side["judged"])
    assert {several.terminate(number) for number in sorted(several.running)} == {0}
    assert sum(several.log(number).count('"labels taken over"') for number in range(3)) > 1
    told = told_once(one.events())
    assert {each["group"] for event in told for each in event["signals"]} == {"performance", "labels"}
    assert by_id(told_once(several.events())) == by_id(told)
    theirs, ours = several.remembered()[MODEL], one.saved()["models"][MODEL]
    assert theirs["labels"]["judge"]["records"] == ours["labels"]["judge"]["records"]
    assert theirs["joining"]["held"] == side["held"]
    assert f"{several.group}.halves" in several.said("state", "show")
