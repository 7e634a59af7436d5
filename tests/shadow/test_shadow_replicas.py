"""Shadow checks of three real `seawall run` on a real Kafka, one killed with -9: their answers tell what they told."""

from __future__ import annotations

import json
import threading
import time
from uuid import uuid4

import msgspec
import pytest
from kafka import KafkaConsumer, KafkaProducer
from monitor_process import told_once
from replica_processes import Replicas, by_id
from shadow_world import MODEL, SHADOW, messages

from monitor.cli.main import main
from monitor.shadow.answers import Answer

COUNT = 6_000
PARTITIONS = 4
FRAGILE = 1.5
SLOT = 1_000


@pytest.fixture
def settings(reference):
    """Return a function that returns what makes several processes ask a server."""

    def of(url):
        endpoint = {"type": "v2", "url": url, "model": "m", "prediction": "predict", "scores": "scores"}
        budget = {"per_second": 100_000, "per_day": 10_000_000_000}
        return {
            "model": MODEL,
            "reference": str(reference),
            "shadow": SHADOW | {"endpoint": endpoint | {"classes": ["no", "yes"]}, "budget": budget},
            "privacy": {"hash_key": "the same for all of them"},
            "false_alarm_every": "100000 records",
            "sinks": [{"type": "file", "path": "events.jsonl", "min_severity": "info"}],
            "slot": "1s",
            "allowed_lateness": "1s",
            "idle_timeout": "3s",
        }

    return of


@pytest.fixture
def replicas(tmp_path, reference, broker):
    """Return a function that makes replicas on a topic."""
    made = []

    def make(name):
        made.append(Replicas(reference, tmp_path, broker.bootstrap, name))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_three_of_which_one_is_killed_tell_what_their_answers_tell(broker, topic, replicas, server, settings):
    name = topic(PARTITIONS, retention_ms=-1)
    three = replicas(name)
    for number in range(3):
        three.start(number, **settings(server.url))
    log = messages(COUNT, 5)
    writer = threading.Thread(target=trickle, args=(broker.bootstrap, name, log, server))
    for number in range(3):
        three.wait_until_logged(number, "first poll")
    writer.start()
    time.sleep(5)
    with_answers = next(n for n in range(3) if f'"{three.group}.answers", "partition": 0' in three.log(n))
    three.kill(with_answers)
    writer.join()
    wait_until(lambda: any(event["event"] == "opened" for event in three.events()), three)
    time.sleep(6)  # what is closed is judged
    assert [three.terminate(number) for number in sorted(three.running)] == [0, 0]

    lines = answers_of(broker.bootstrap, f"{three.group}.answers")
    state = three.remembered()[MODEL]
    assert state["shadow"]["judge"]["records"] == distinct(lines, state["beside"]["shadow"]["judged"]) > COUNT
    live, answers, events = (three.folder / f"{uuid4().hex}.jsonl" for _ in range(3))
    answers.write_bytes(b"".join(lines))
    live.write_bytes(b"\n".join(message.value for message in log) + b"\n")
    config = three.folder / f"{three.group}-0" / "seawall.yaml"
    assert main(["replay", str(live), "--answers", str(answers), "--events", str(events), "-c", str(config)]) == 0
    told, again = told_once(three.events()), [json.loads(line) for line in events.read_text().splitlines()]
    assert told[0]["signals"][0]["group"] == "robustness"
    assert by_id(told) == by_id(again[: len(told)])  # a replay judges the last slots, too
    assert f"  {three.group}.answers/0 counted to " in three.said("state", "show")
    assert f"the topic {three.group}.answers is deleted" in three.said("state", "reset", "--yes")


def trickle(bootstrap, name, log, server):
    """Write the requests over some seconds; half way the model becomes fragile."""
    producer = KafkaProducer(bootstrap_servers=bootstrap.split(","), acks="all", linger_ms=20)
    for number, message in enumerate(log):
        producer.send(name, message.value, partition=number % PARTITIONS, timestamp_ms=message.timestamp)
        if number == COUNT // 2:
            server.fragile = FRAGILE
        if number % 50 == 0:
            producer.flush()
            time.sleep(0.1)
    producer.close()


def answers_of(bootstrap, name):
    """Return the answers in a topic of one partition, a line each, with the broker's stamps as their times."""
    consumer = KafkaConsumer(
        name,
        bootstrap_servers=bootstrap.split(","),
        auto_offset_reset="earliest",
        consumer_timeout_ms=3_000,
        enable_auto_commit=False,
    )
    found = []
    for message in consumer:
        answer = msgspec.json.decode(message.value, type=Answer)
        assert answer.time is None
        assert message.key == answer.id.encode()
        found.append(msgspec.json.encode(msgspec.structs.replace(answer, time=message.timestamp / 1_000)) + b"\n")
    consumer.close()
    return found


def distinct(lines, through):
    """Return how many different answers there are up to a slot."""
    every = [msgspec.json.decode(line, type=Answer) for line in lines]
    placed = {(int(each.time * 1_000) // SLOT, each.id, each.check, each.severity) for each in every}
    return sum(slot <= through for slot, *_ in placed)


def wait_until(there, several):
    until = time.monotonic() + 60
    while not there():
        assert time.monotonic() < until, several.logs()
        time.sleep(0.2)
