"""A random run: monitors are killed and paused, brokers restarted, while a topic is written; and what came of it."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any

import counting_rules
from counting_rules import Count, Decision, Post, Row
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka_broker import Broker
from monitor_process import Monitor
from random_faults import DAY, PARTITIONS, Round
from tallying import Sent
from traffic import MODEL

from monitor.formats.batch import DEAD, IGNORED

HOUR = DAY // 24


class Writer:
    """Writes what a round says, on a thread of its own; a broker that is away makes it wait."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self.topic = topic
        self._producer = KafkaProducer(
            bootstrap_servers=broker.bootstrap.split(","), acks="all", linger_ms=5, delivery_timeout_ms=300_000
        )
        self._sent: list[Any] = []
        self._thread: threading.Thread | None = None

    def begin(self, one: Round) -> None:
        self._thread = threading.Thread(target=self._write, args=[one.writes, one.pause])
        self._thread.start()

    def _write(self, writes: Sequence[Sequence[Sent]], pause: float) -> None:
        for write in writes:
            for sent in write:
                self._sent.append(
                    self._producer.send(self.topic, sent.value, partition=sent.partition, timestamp_ms=sent.stamp)
                )
            time.sleep(pause)

    def end(self) -> None:
        """Wait until the round is written."""
        self._thread.join()
        for future in self._sent:
            future.get(300)
        self._sent.clear()

    def close(self) -> None:
        self._producer.close()


def live_through(
    plan: Sequence[Round], broker: Broker, topic: str, fleet: Sequence[Monitor], seed: int
) -> Counter[str]:
    """Let the rounds happen, each to one of the monitors; return how often each fault did. All end killed."""
    rng, writer, seen = Random(seed), Writer(broker, topic), Counter[str]()
    for one in fleet:
        one.start()
    try:
        for number, one in enumerate(plan):
            victim = rng.choice(fleet)
            if victim.process is None:
                victim.start()
            if not one.hurried:
                victim.wait_until(lambda victim=victim: victim.asked("/healthz").get("state") in {"healthy", "idle"})
            read = read_by(fleet)
            writer.begin(one)
            if not one.hurried:
                victim.wait_until(lambda read=read: read_by(fleet) > read)
            befall(one, broker, victim)
            time.sleep(one.delay)
            victim.kill()
            writer.end()
            seen.update([one.fault, "kill"])
            say(f"round {number + 1}: {one.fault}, kill; quiet: {one.quiet}; read: {read_by(fleet)}")
    finally:
        writer.close()
    return seen


def read_by(fleet: Sequence[Monitor]) -> int:
    """Return how many messages all of them together have read for good."""
    return sum(one.read_through() for one in fleet)


def say(words: str) -> None:
    """Tell whoever waits for the long run."""
    sys.stderr.write(words + "\n")


def befall(one: Round, broker: Broker, victim: Monitor) -> None:
    """Let a fault happen, and its end."""
    time.sleep(one.pause)
    node = broker.nodes[0].number
    match one.fault:
        case "pause" | "long pause":
            victim.pause()
            time.sleep(one.lasts)
            victim.resume()
        case "terminate":
            if victim.asked("/healthz"):
                assert victim.terminate() == 0
            victim.kill()
            victim.start()
        case "kill at start":
            victim.kill()
            victim.start()
            time.sleep(one.lasts)
            victim.kill()
            victim.start()
        case "broker killed":
            broker.kill(node)
            time.sleep(one.lasts)
            broker.start(node)
        case "broker restarted":
            broker.stop(node)
            broker.start(node)
        case "broker paused":
            process = broker.nodes[0].process
            process.send_signal(signal.SIGSTOP)
            time.sleep(one.lasts)
            process.send_signal(signal.SIGCONT)


def read_log(broker: Broker, topic: str) -> dict[int, list[Any]]:
    """Return what every partition of a topic holds."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap.split(","), enable_auto_commit=False)
    there = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(there)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(there)
    logs: dict[int, list[Any]] = {number: [] for number in range(PARTITIONS)}
    while any(consumer.position(partition) < ends[partition] for partition in there):
        for partition, messages in consumer.poll(timeout_ms=500).items():
            logs[partition.partition] += messages
    consumer.close()
    return logs


def expected(
    logs: dict[int, list[Any]], decisions: dict[int, list[tuple[int, int]]], slot: int, lateness: int
) -> tuple[dict[int, Count], int]:
    """Return what the rules of counting make of the logs and the decisions, by slot; and how many came twice."""
    whole: counting_rules.Slots = {}
    usable = 0
    for number, log in logs.items():
        taken = [Decision(offset, through) for offset, through in sorted(decisions.get(number, []))]
        posts = [Post(message.offset, (row_of(message),)) for message in log]
        usable += sum(post.rows[0].model == 0 for post in posts)
        counting_rules.add(whole, counting_rules.count(posts, taken, slot=slot, lateness=lateness, models=1))
    found = {slot: by_model[0] for slot, by_model in whole.items()}
    return found, usable - sum(one.records + one.late for one in found.values())


def row_of(message: Any) -> Row:
    """Return what one message is for the rules."""
    try:
        record = json.loads(message.value)
        time = round(datetime.fromisoformat(record["time"]).timestamp() * 1000)
    except ValueError:
        return Row(DEAD, 0, 0)
    if time > message.timestamp + HOUR:
        return Row(DEAD, 0, 0)
    model = 0 if record["model"] == MODEL else IGNORED
    return Row(model, time, min(time, message.timestamp), int(record["id"][1:]))


def decisions_of(book: Sequence[dict[str, Any]]) -> dict[int, list[tuple[int, int]]]:
    """Return the decisions of a book, by partition."""
    found: dict[int, list[tuple[int, int]]] = {}
    for row in book:
        if "partition" in row:
            found.setdefault(row["partition"], []).append((row["offset"], row["through"]))
    return found
