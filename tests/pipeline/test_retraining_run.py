"""A real `seawall run` on a real Kafka starts a retraining: once, under one id, however often it is killed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest
import traffic
from http_receiver import Answer, receiving
from kafka import KafkaConsumer, TopicPartition
from topic_traffic import produce

from monitor.assembly import SNAPSHOT
from monitor.counting.partitions import from_plain
from monitor.state import snapshot

SEAWALL = Path(sys.executable).with_name("seawall")
DEADLINE = 90.0
ONSET = 30
SLOTS = 120


@pytest.fixture(scope="module")
def records():
    """A shift that stays."""
    return list(traffic.traffic(SLOTS, seed=8, changed=range(ONSET, SLOTS), change=traffic.higher_income))


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


@pytest.fixture
def monitor(tmp_path, configured, broker):
    """Return a function that makes a monitor of a topic with rules for retraining."""
    made = []

    def make(name, *rules):
        folder = tmp_path / uuid4().hex[:6]
        folder.mkdir()
        source = {"type": "kafka", "bootstrap_servers": broker.bootstrap, "topics": [name], "group_id": folder.name}
        path = configured(
            source=source | {"group_instance_id": folder.name},
            sinks=[{"type": "file", "path": str(folder / "events.jsonl")}],
            state_dir=str(folder),
            retrain=list(rules),
        )
        made.append(Monitor(path.rename(folder / "seawall.yaml"), folder))
        return made[-1]

    yield make
    for one in made:
        one.end("kill")


class Monitor:
    """One `seawall run` after the other on the same state."""

    def __init__(self, config, folder):
        self.config, self.folder, self.process = config, folder, None

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([SEAWALL, "run", "-c", self.config], stdout=log, stderr=log)

    def end(self, how):
        if self.process is not None:
            getattr(self.process, how)()
            self.process.wait(20)
            self.process = None

    def read_through(self):
        saved = snapshot.load(self.folder / SNAPSHOT) or {"partitions": []}
        return sum(remembered.done for remembered in from_plain(saved["partitions"]).values())

    def until(self, there):
        end = time.monotonic() + DEADLINE
        while not there():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, (self.folder / "log").read_text()[-3_000:]
            time.sleep(0.02)

    def seawall(self, *arguments):
        run = subprocess.run([SEAWALL, "retrain", *arguments, "-c", self.config], capture_output=True, text=True)  # noqa: PLW1510 - the test looks at the code
        assert run.returncode == 0, run.stderr
        return run.stdout

    def notes(self):
        """Return what updates said of the retraining, in order: why an update comes stands first."""
        events = [json.loads(line) for line in (self.folder / "events.jsonl").read_text().splitlines()]
        first = [event["notes"][0] for event in events if event["event"] == "updated" and event["notes"]]
        return [note for note in first if note.startswith("retraining ")]


def hook(receiver, **settings):
    action = {"type": "webhook", "url": f"{receiver.url}/train", "secrets": ["a secret of many letters"]}
    return {"name": "weekly", "action": action, "when": {"for": "2m"}} | settings


def test_killed_again_and_again_it_starts_the_run_that_it_would_have_started_unkilled(
    broker, topic, records, monitor, receiver
):
    name = topic(2, retention_ms=-1)
    produce(broker.bootstrap, name, 2, records)
    unkilled = monitor(name, hook(receiver))
    unkilled.start()
    unkilled.until(lambda: receiver.requests)
    unkilled.until(lambda: unkilled.read_through() == len(records))
    unkilled.end("terminate")
    (request,) = receiver.requests
    expected = request.json["data"]
    assert expected["event"] == "fired"
    assert expected["since"] >= traffic.rfc3339(traffic.START + (ONSET - 2) * 10_000)
    assert [(span["topic"], span["partition"]) for span in expected["offsets"]] == [(name, 0), (name, 1)]
    onset = [span["first"] for span in expected["offsets"]]
    assert sum(onset) == pytest.approx(ONSET * 100, abs=200)
    assert unkilled.notes() == [f"retraining weekly: started as {expected['run_id']}"]

    receiver.requests.clear()
    receiver.script = [Answer(503)] * 6  # still to be sent when it is killed
    killed = monitor(name, hook(receiver))
    for _ in range(3):
        before = len(receiver.requests)
        killed.start()
        killed.until(lambda before=before: len(receiver.requests) > before)
        killed.end("kill")
    receiver.script.clear()
    before = len(receiver.requests)
    killed.start()
    killed.until(lambda: len(receiver.requests) > before)
    killed.until(lambda: killed.read_through() == len(records))
    killed.end("terminate")
    assert {r.headers["webhook-id"] for r in receiver.requests} == {expected["run_id"]}
    assert all(r.json["data"] == expected for r in receiver.requests)


def test_a_person_agrees_and_the_topic_is_told(broker, topic, records, monitor):
    name, retraining = topic(2, retention_ms=-1), topic(1)
    produce(broker.bootstrap, name, 2, records)
    action = {"type": "kafka", "topic": retraining}
    one = monitor(name, {"name": "nightly", "action": action, "when": {"for": "2m"}, "approval": True})
    one.start()
    one.until(lambda: " waiting: " in one.seawall("list"))
    (run,) = (line.split()[0] for line in one.seawall("list").splitlines() if " waiting: " in line)
    assert list(read(broker, retraining)) == []
    one.end("kill")
    assert "no `seawall run` uses this state now" in one.seawall("approve", run, "--by", "ann", "--why", "spring")
    one.start()
    one.until(lambda: " fired: " in one.seawall("list"))
    one.end("terminate")
    (message,) = read(broker, retraining)
    assert dict(message.headers)["ce_id"] == run.encode()
    sent = json.loads(message.value)
    assert (sent["run_id"], sent["approved_by"], sent["rule"]) == (run, "ann", "nightly")
    assert one.notes()[-1] == f"retraining nightly: started as {run}, ann agreed"


def test_a_dry_run_and_a_replay_start_nothing(broker, topic, records, monitor, receiver):
    name = topic(1, retention_ms=-1)
    produce(broker.bootstrap, name, 1, records)
    dry = monitor(name, hook(receiver, dry_run=True))
    dry.start()
    dry.until(lambda: " dry_run: " in dry.seawall("list"))
    dry.end("terminate")
    data, events = dry.folder / "data.jsonl", dry.folder / "replayed.jsonl"
    data.write_bytes(traffic.lines(records))
    wet = monitor(name, hook(receiver))
    subprocess.run([SEAWALL, "replay", data, "-c", wet.config, "--events", events, "--send"], check=True)
    assert "retraining weekly: started as run_" in events.read_text()
    assert receiver.requests == []


def read(broker, name):
    partition = TopicPartition(name, 0)
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap.split(","), consumer_timeout_ms=5_000)
    consumer.assign([partition])
    consumer.seek_to_beginning()
    found = [next(consumer) for _ in range(consumer.end_offsets([partition])[partition])]
    consumer.close()
    return found
