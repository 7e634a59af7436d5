"""Shadow checks on a real Kafka, a real `seawall run` killed with -9: its log of answers tells what it told."""

from __future__ import annotations

import json
import threading
import time
from random import Random
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, KafkaProducer
from monitor_process import Monitor, told_once
from shadow_world import SHADOW, messages

from monitor.assembly import SNAPSHOT
from monitor.cli.main import main
from monitor.counting.partitions import from_plain
from monitor.state import snapshot

COUNT = 4_000
FRAGILE = 1.5


@pytest.fixture
def monitor(tmp_path, configured, broker, server):
    """Return a function that makes a monitor of a topic whose answers go to another."""
    made = []

    def make(requests, answers):
        folder = tmp_path / uuid4().hex[:6]
        folder.mkdir()
        endpoint = {"type": "v2", "url": server.url, "model": "m", "prediction": "predict", "scores": "scores"}
        path = configured(
            SHADOW | {"endpoint": endpoint | {"classes": ["no", "yes"]}} | answers,
            source={"type": "kafka", "bootstrap_servers": broker.bootstrap, "topics": [requests]},
            sinks=[{"type": "file", "path": str(folder / "events.jsonl"), "min_severity": "info"}],
            state_dir=str(folder),
            slot="1s",
            allowed_lateness="1s",
        )
        made.append(Monitor(path.rename(folder / "seawall.yaml"), folder))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.mark.parametrize("where", ["topic", "file"])
def test_kill_9_at_any_moment_leaves_a_log_that_tells_what_was_told(broker, topic, monitor, server, where):
    requests, written = topic(1, retention_ms=-1), topic(1)
    killed = monitor(requests, {"answers": {"topic": written}} if where == "topic" else {})
    log, rng = messages(COUNT, 5), Random(1)
    writer = threading.Thread(target=trickle, args=(broker.bootstrap, requests, log, server))
    writer.start()
    kills = 0
    while (read := requests_read(killed)) < COUNT:
        killed.start()
        killed.wait_until(lambda: requests_read(killed) > read)
        time.sleep(rng.uniform(0.0, 1.0))
        killed.kill()
        kills += 1
    writer.join()
    assert kills >= 2
    killed.start()
    killed.wait_until_assigned(1)
    killed.wait_until(lambda: any(e["event"] == "opened" for e in killed.events()))
    code = killed.terminate()
    assert code == 0, killed.log.read_text()[killed.begin :]

    lines = values(broker.bootstrap, written) if where == "topic" else (killed.folder / "answers.jsonl").read_bytes()
    live, answers, events = (killed.folder / name for name in ("live.jsonl", "copy.jsonl", "replayed.jsonl"))
    answers.write_bytes(lines)
    live.write_bytes(b"\n".join(m.value for m in log) + b"\n")
    written_to = ["--events", str(events), "-c", str(killed.config)]
    assert main(["replay", str(live), "--answers", str(answers), *written_to]) == 0
    told, again = told_once(killed.events()), [json.loads(line) for line in events.read_text().splitlines()]
    assert told[0]["signals"][0]["group"] == "robustness"
    assert again[: len(told)] == told  # a replay judges the last slots, too


def test_a_topic_that_is_not_there_is_said_and_not_made(broker, topic, monitor):
    requests, missing = topic(1, retention_ms=-1), f"never-{uuid4().hex[:8]}"
    running = monitor(requests, {"answers": {"topic": missing}})
    log = messages(400, 5)
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap.split(","))
    running.start()
    for half in (log[:200], log[200:]):  # the budget is empty when the first is read
        for message in half:
            producer.send(requests, message.value, timestamp_ms=message.timestamp)
        producer.flush()
        running.wait_until(lambda: requests_read(running) in (200, 400))
    producer.close()
    running.wait_until(lambda: f'the topic \\"{missing}\\" takes no answers' in running.log.read_text())
    running.wait_until(lambda: f'topic \\"{missing}\\" does not exist' in running.log.read_text())
    assert running.terminate() == 0
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap.split(","))
    assert missing not in consumer.topics()
    consumer.close()


def requests_read(monitor):
    """Return how many requests it has read for good."""
    saved = snapshot.load(monitor.folder / SNAPSHOT) or {"partitions": []}
    return sum(remembered.done for remembered in from_plain(saved["partitions"]).values())


def trickle(bootstrap, topic, log, server):
    """Write the requests over some seconds; half way the model becomes fragile."""
    producer = KafkaProducer(bootstrap_servers=bootstrap.split(","), acks="all", linger_ms=20)
    for number, message in enumerate(log):
        producer.send(topic, message.value, timestamp_ms=message.timestamp)
        if number == COUNT // 2:
            server.fragile = FRAGILE
        if number % 50 == 0:
            producer.flush()
            time.sleep(0.1)
    producer.close()


def values(bootstrap, topic):
    """Return what a topic of one partition holds, a line a message."""
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap.split(","),
        auto_offset_reset="earliest",
        consumer_timeout_ms=3_000,
        enable_auto_commit=False,
    )
    found = [message.value for message in consumer]
    consumer.close()
    return b"".join(value + b"\n" for value in found)
