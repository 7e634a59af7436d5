"""Three real `seawall run` on a real Kafka share one topic: they tell what one alone tells, whoever comes and goes."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import kserve_log
import pytest
import traffic
from kafka import KafkaAdminClient, TopicPartition
from kafka_broker import Broker
from monitor_process import Monitor, told_once
from replica_processes import Replicas
from topic_traffic import produce

PARTITIONS = 4
BAD = 40


@pytest.fixture(scope="module")
def records():
    """A shift and its end, and records that are none."""
    rng = Random(9)
    found: list[Any] = list(traffic.traffic(140, seed=8, changed=range(30, 60), change=traffic.higher_income))
    for number in range(BAD):
        found.insert(rng.randrange(len(found)), b"not a record %d" % number)
    return found


@pytest.fixture
def replicas(tmp_path, reference, broker):
    """Return a function that makes replicas on a topic."""
    made: list[Replicas] = []

    def make(name: str, bootstrap: str = broker.bootstrap) -> Replicas:
        made.append(Replicas(reference, tmp_path, bootstrap, name))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture
def alone(monitor):
    """Return a function that lets one process read a topic, and returns it as it ended."""

    def run(name: str, messages: int) -> Monitor:
        one = monitor(name)
        one.start()
        one.wait_until_read(messages)
        assert one.terminate() == 0
        return one

    return run


def test_three_replicas_tell_what_one_tells(broker, topic, records, replicas, alone):
    name = topic(PARTITIONS, retention_ms=-1)
    produce(broker.bootstrap, name, PARTITIONS, records)
    one = alone(name, len(records))
    three = replicas(name)
    for number in range(3):
        three.start(number)
    three.wait_until_judged(one.saved()["judged"])
    assert [three.terminate(number) for number in range(3)] == [0, 0, 0]
    same(three, one)
    records = one.saved()["models"][traffic.MODEL]["judge"]["records"]
    told = three.said("state", "show")
    assert f"{three.group}.state: 1 model" in told
    assert f"{traffic.MODEL}: {records:,} records judged against sha256:" in told
    assert f"  {name}/3 counted to " in told
    assert three.said("state", "verify") == f"what is remembered of 1 model in {three.group}.state is whole\n"


def same(several: Replicas, one: Monitor) -> None:
    """Assert that several processes have told, counted and put aside what one has."""
    told = one.events()
    assert told[0]["event"] == "opened"
    assert by_id(told_once(several.events())) == by_id(told)
    assert several.dead_letters() == set(one.dead_letters())
    theirs, ours = several.remembered()[traffic.MODEL], one.saved()["models"][traffic.MODEL]
    assert theirs["judge"]["records"] == ours["judge"]["records"]


def by_id(events: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(event, sort_keys=True) for event in events)


def test_replicas_that_join_leave_die_and_wake_up_change_nothing(broker, topic, records, replicas, alone):
    name = topic(PARTITIONS, retention_ms=-1)
    several = replicas(name)
    writer = threading.Thread(target=trickle, args=(broker.bootstrap, name, records))
    several.start(0)
    writer.start()
    time.sleep(3)
    several.start(1)
    time.sleep(3)
    several.start(2)
    time.sleep(4)
    several.kill(0)
    time.sleep(2)
    several.start(3)
    several.send(1, signal.SIGSTOP)  # for longer than the group waits
    time.sleep(14)
    several.send(1, signal.SIGCONT)
    time.sleep(3)
    assert several.terminate(2) == 0
    writer.join()
    one = alone(name, len(records))
    several.wait_until_judged(one.saved()["judged"])
    assert [several.terminate(number) for number in (1, 3)] == [0, 0]
    same(several, one)


def trickle(bootstrap: str, name: str, records: list[Any], seconds: float = 25.0) -> None:
    """Write the records over some time."""

    def paced() -> Iterator[Any]:
        for number, record in enumerate(records):
            if number % 500 == 0:
                time.sleep(seconds * 500 / len(records))
            yield record

    produce(bootstrap, name, PARTITIONS, paced())


def test_who_counts_differently_waits_until_the_others_have_stopped(broker, topic, records, replicas):
    name = topic(PARTITIONS, retention_ms=-1)
    produce(broker.bootstrap, name, PARTITIONS, records[:3_000])
    several = replicas(name)
    several.start(0)
    several.wait_until_judged(1)
    several.start(1, allowed_lateness="20s")
    several.wait_until_logged(1, "another process counts differently")
    before = several.remembered()[traffic.MODEL]["judged"]
    produce(broker.bootstrap, name, PARTITIONS, records[3_000:6_000])
    several.wait_until_judged(before + 10)
    assert "partition assigned" not in several.log(1)
    assert several.terminate(0) == 0
    several.wait_until_logged(1, "models taken over")
    assert several.terminate(1) == 0


def test_a_process_of_the_group_that_joins_no_records_ends_in_words(broker, topic, replicas):
    """Halves of records cannot be joined by several."""
    name = topic(1, retention_ms=-1)
    produce(broker.bootstrap, name, 1, kserve_log.events(next(traffic.traffic(1, seed=1))))
    several = replicas(name)
    several.start(0)
    assert several.running[0].wait(40) == 1
    assert "one process joins them. Remove replicas" in several.log(0)
    assert "Traceback" not in several.log(0)


def test_partitions_whose_records_expired_while_they_were_idle_are_gone_on_with(broker, topic, records, replicas):
    name = topic(PARTITIONS, retention_ms=-1)
    produce(broker.bootstrap, name, PARTITIONS, records[:3_000])
    several = replicas(name)
    several.start(0, idle_timeout="1s")
    for number in range(PARTITIONS):
        several.wait_until_logged(0, f'"partition": {number}, "event": "partition idle"')
    time.sleep(3)
    assert several.terminate(0) == 0
    before = several.judged()
    expire(broker.bootstrap, name)
    several.start(1)
    produce(broker.bootstrap, name, PARTITIONS, records[3_000:9_000])
    several.wait_until_judged(before + 10)
    assert several.terminate(1) == 0


def expire(bootstrap: str, name: str) -> None:
    """Delete what is in a topic."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.delete_records({TopicPartition(name, number): -1 for number in range(PARTITIONS)})
    admin.close()


def test_a_random_run_of_three_tells_what_one_tells(broker, topic, records, replicas, alone):
    """SEAWALL_SEED and SEAWALL_FAULTS choose another run, and how many faults it has."""
    rng = Random(int(os.environ.get("SEAWALL_SEED", "1")))
    faults = int(os.environ.get("SEAWALL_FAULTS", "4"))
    name = topic(PARTITIONS, retention_ms=-1)
    several = replicas(name)
    many = records * max(1, faults // 12)
    writer = threading.Thread(target=trickle, args=(broker.bootstrap, name, renumbered(many), faults * 2.5))
    several.start(0)
    several.start(1)
    several.start(2)
    writer.start()
    paused: dict[int, float] = {}
    number = 2
    for _ in range(faults):
        time.sleep(rng.uniform(0.3, 3.0))
        for one in [one for one, until in paused.items() if time.monotonic() > until]:
            several.send(one, signal.SIGCONT)
            del paused[one]
        chosen = rng.choice(sorted(several.running))
        match rng.choice(["kill", "kill", "pause", "stop", "add"]):
            case "kill" if chosen not in paused:
                several.kill(chosen)
            case "pause" if chosen not in paused and len(paused) < 2:
                several.send(chosen, signal.SIGSTOP)
                paused[chosen] = time.monotonic() + rng.choice([1.0, 5.0, 15.0])
            case "stop" if chosen not in paused:
                assert several.terminate(chosen) in (0, -signal.SIGTERM)  # perhaps before it had begun
        while len(several.running) < 3:
            number += 1
            several.start(number)
    for one in paused:
        several.send(one, signal.SIGCONT)
    writer.join()
    one = alone(name, len(many))
    several.wait_until_judged(one.saved()["judged"])
    assert {several.terminate(number) for number in list(several.running)} == {0}
    same(several, one)


def renumbered(records: list[Any]) -> list[Any]:
    """Return the records with times and ids that go on from round to round."""
    out, number = [], 0
    for record in records:
        if isinstance(record, dict):
            out.append(record | {"id": f"r{number}", "time": traffic.rfc3339(traffic.START + number * traffic.EVERY)})
            number += 1
        else:
            out.append(record)
    return out


def test_sigterm_ends_a_replica_in_time_though_the_brokers_are_gone(tmp_path, replicas, records):
    with Broker(tmp_path / "kafka") as own:
        own.create_topic("records", PARTITIONS, retention_ms=-1)
        produce(own.bootstrap, "records", PARTITIONS, records[:3_000])
        several = replicas("records", own.bootstrap)
        several.start(0)
        several.wait_until_judged(1)
        own.kill()
        time.sleep(1)
        assert several.terminate(0) == 0  # it is waited for 20 s
        assert "Traceback" not in several.log(0)


def test_brokers_that_hang_stop_no_replica_and_hold_up_no_sigterm(tmp_path, replicas, records):
    with Broker(tmp_path / "kafka") as own:
        own.create_topic("records", PARTITIONS, retention_ms=-1)
        produce(own.bootstrap, "records", PARTITIONS, records[:3_000])
        several = replicas("records", own.bootstrap)
        several.start(0)
        several.wait_until_judged(1)
        before = several.judged()
        produce(own.bootstrap, "records", PARTITIONS, records[3_000:6_000])
        own.pause()
        time.sleep(14)
        own.go_on()
        produce(own.bootstrap, "records", PARTITIONS, records[6_000:9_000])
        several.wait_until_judged(before + 10)
        produce(own.bootstrap, "records", PARTITIONS, records[9_000:12_000])
        own.pause()
        try:
            assert several.terminate(0) == 0  # it is waited for 20 s
        finally:
            own.go_on()
        assert "Traceback" not in several.log(0)
