"""17. Idle, stuck, paused and leaderless are told apart: only what was read to its end is ever taken for idle.

Whoever takes another for idle closes its slots, and what comes then is late. So each of these tests ends with every
record counted and none late.
"""

from __future__ import annotations

import re
import signal
import time

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka_broker import Broker
from tallying import at, book_of, ended, send, slots_of, steady
from tcp_proxy import proxy

QUIET = 6.0
"""Seconds, three times the idle time-out of these monitors."""


def idle(one):
    """Return the partitions that were taken for idle, as the log says."""
    return {int(number) for number in re.findall(r'"partition": (\d+), "event": "partition idle"', one.log.read_text())}


def judged(one):
    return len(slots_of(book_of(one)))


def test_what_is_read_to_its_end_is_idle_holds_up_nobody_and_rejoins(broker, topic, witnessed_monitor):
    name = topic(2, retention_ms=-1)
    one = witnessed_monitor(name)
    one.start()
    send(broker.bootstrap, name, [*steady(0, 5), *steady(0, 30, 1)])
    one.wait_until(lambda: one.asked("/readyz").get("state") == "idle")
    assert "why" not in one.asked("/readyz")
    assert idle(one) == {0, 1}
    one.wait_until(lambda: judged(one) == 30)
    send(broker.bootstrap, name, [*steady(30, 60), *steady(30, 60, 1)])
    one.wait_until(lambda: one.asked("/readyz").get("state") == "healthy")
    assert ended(one) == {"records": 950, "late": 0, "dead": 0}


@pytest.fixture
def three(tmp_path):
    """Three brokers with a topic of which each partition is on one of them alone."""
    with Broker(tmp_path / "cluster", nodes=3) as running:
        admin = KafkaAdminClient(bootstrap_servers=running.bootstrap)
        places = {number: [number + 1] for number in range(3)}
        admin.create_topics([NewTopic("t", replica_assignments=places, topic_configs={"retention.ms": "-1"})])
        admin.close()
        yield running
        running.kill()  # asked one after the other to end, they would wait for each other


def test_a_partition_without_a_leader_is_not_idle(three, witnessed_monitor):
    send(three.bootstrap, "t", [one for number in range(3) for one in steady(0, 5, number)])
    one = witnessed_monitor("t", bootstrap=three.bootstrap, idle_timeout="5s")
    one.start()
    one.wait_until_read(150)
    three.kill(3)
    others = [one for number in range(2) for one in steady(5, 20, number)]
    alive = ",".join(node.address for node in three.nodes[:2])
    send(alive, "t", others)
    time.sleep(2 * QUIET)
    assert 2 not in idle(one)
    assert judged(one) <= 5
    three.start(3)
    send(three.bootstrap, "t", steady(5, 20, 2))
    one.wait_until_read(600)
    assert ended(one) == {"records": 600, "late": 0, "dead": 0}


@pytest.mark.parametrize("how", ["broker stopped", "line half open"])
def test_a_partition_that_cannot_be_read_is_stuck_and_not_idle(tmp_path, witnessed_monitor, how):
    with proxy() as between:
        settings = {"advertised.listeners": f"PLAINTEXT://{between.address}"}
        broker = Broker(tmp_path / "kafka", settings=settings)
        between.to = broker.nodes[0].port
        with broker:
            broker.create_topic("t", 2, retention_ms=-1)
            send(broker.bootstrap, "t", [*steady(0, 5), *steady(0, 5, 1)])
            one = witnessed_monitor("t", bootstrap=between.address)
            one.start()
            one.wait_until_read(100)
            process = broker.nodes[0].process
            if how == "broker stopped":
                process.send_signal(signal.SIGSTOP)
            else:
                between.mute.set()
            one.wait_until(lambda: one.asked("/readyz").get("state") == "stuck")
            time.sleep(QUIET)
            assert idle(one) == set()
            between.mute.clear()
            process.send_signal(signal.SIGCONT)
            send(broker.bootstrap, "t", [*steady(5, 20), *steady(5, 20, 1)])
            one.wait_until_read(400)
            assert ended(one) == {"records": 400, "late": 0, "dead": 0}


def test_a_partition_that_is_held_for_running_ahead_is_not_idle(broker, topic, witnessed_monitor):
    """The first trickles on; the second lies 20 s ahead of it and more, and is paused all the while."""
    name = topic(2, retention_ms=-1)
    one = witnessed_monitor(name)
    send(broker.bootstrap, name, [at(0, "first"), *steady(0, 600, 1)])
    one.start()
    one.wait_until_read(1_000)
    until = time.monotonic() + QUIET
    for tenth in range(1_000):
        if time.monotonic() > until:
            break
        send(broker.bootstrap, name, [at(tenth / 100, f"slow-{tenth}")])
        time.sleep(0.2)
    assert idle(one) == set()
    held = one.read_through()
    assert held < 5_000
    assert ended(one) == {"records": 6_001 + tenth, "late": 0, "dead": 0}
    assert one.read_through() == 6_001 + tenth
