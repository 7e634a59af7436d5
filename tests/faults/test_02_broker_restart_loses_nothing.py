"""2. A broker that dies, restarts or falls silent: nothing is lost, and 15 s after its leaders are there it is read."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from kafka_broker import Broker
from source_reading import by_partition, read_until
from tallying import ended, send, steady
from tcp_proxy import proxy

from monitor.sources.kafka import KafkaReader
from monitor.types import Partition

WITHIN = 15.0
"""Seconds from the leaders' election: the promise."""

PARTITIONS = 6


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Three brokers with a topic that is on all of them."""
    with Broker(tmp_path_factory.mktemp("three") / "cluster", nodes=3) as running:
        running.create_topic("t", PARTITIONS, min_insync_replicas=1, retention_ms=-1)
        yield running
        running.kill()  # asked one after the other to end, they would wait for each other


@pytest.fixture
def fragile(tmp_path):
    """A broker that may be killed."""
    with Broker(tmp_path / "kafka") as running:
        running.create_topic("t", 2, retention_ms=-1)
        yield running


def leaders(cluster, topic):
    """Return which node leads each partition of a topic; -1 where none does."""
    alive = [node.address for node in cluster.nodes if node.process is not None]
    admin = KafkaAdminClient(bootstrap_servers=alive)
    try:
        found = admin.describe_topics([topic])
        return [one["leader_id"] for one in found[0]["partitions"]]
    finally:
        admin.close()


def leader_of(what, cluster):
    """Return the node that leads the first partition, or that coordinates the group."""
    return leaders(cluster, "__consumer_offsets" if what == "coordinator" else "t")[0]


def wait_for_other_leaders(cluster, gone):
    until = time.monotonic() + 60
    led = {gone}
    while {gone, -1} & led:
        assert time.monotonic() < until
        time.sleep(0.1)
        with suppress(KafkaError):  # whoever is asked still sends us to the one that is gone
            led = {*leaders(cluster, "t"), *leaders(cluster, "__consumer_offsets")}


@pytest.fixture(scope="module")
def reading(cluster):
    """A reader of the three, from the first test of this file to the last, and all that it has read."""
    source = KafkaReader({"bootstrap_servers": cluster.bootstrap.split(",")}, topics=["t"], group_id="g")
    source.open({})
    got = []
    yield source, got
    source.close(5)


@pytest.mark.parametrize("what", ["leader", "coordinator", "leader again"])
def test_of_three_brokers_one_is_killed_and_the_others_are_read(cluster, reading, what):
    source, got = reading
    send(cluster.bootstrap, "t", [one for number in range(PARTITIONS) for one in steady(0, 5, number)])
    got += read_until(source, lambda new: len(new) >= 300)
    killed = leader_of(what, cluster)
    cluster.kill(killed)
    try:
        wait_for_other_leaders(cluster, killed)
        elected = time.monotonic()
        send(cluster.bootstrap, "t", [one for number in range(PARTITIONS) for one in steady(5, 10, number)])
        got += read_until(source, lambda new: len(new) >= 300)
        took = time.monotonic() - elected
    finally:
        cluster.start(killed)
    assert took < WITHIN
    offsets = {partition: [m.offset for m in messages] for partition, messages in by_partition(got).items()}
    count = len(got) // PARTITIONS
    assert offsets == {Partition("t", number): list(range(count)) for number in range(PARTITIONS)}


def test_a_line_that_stays_half_open_is_given_up_for_a_new_one(tmp_path):
    """By an injected clock: nothing read for 30 s although there is more, or nobody can tell."""
    now = [0.0]
    with proxy() as between:
        settings = {"advertised.listeners": f"PLAINTEXT://{between.address}"}
        broker = Broker(tmp_path / "kafka", settings=settings)
        between.to = broker.nodes[0].port
        with broker:
            broker.create_topic("t", retention_ms=-1)
            send(broker.bootstrap, "t", steady(0, 10))
            source = KafkaReader(
                {"bootstrap_servers": [between.address]}, topics=["t"], group_id="g", clock=lambda: now[0]
            )
            source.open({})
            got = read_until(source, lambda new: len(new) >= 100)
            between.mute.set()
            between.mute = threading.Event()  # which lines made from now on go by
            send(broker.bootstrap, "t", steady(10, 20))
            while len(got) < 200:
                got += [message for messages in source.poll(0.2).values() for message in messages]
                now[0] += 3.0
                assert now[0] < 300
            source.close(5)
    assert source.rebuilds == 1
    assert [message.offset for message in got] == list(range(200))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_broker_that_comes_back_is_read_again_and_every_record_is_counted_once(fragile, witnessed_monitor, how):
    one = witnessed_monitor("t", bootstrap=fragile.bootstrap)
    one.start()
    send(fragile.bootstrap, "t", [*steady(0, 10), *steady(0, 10, 1)])
    one.wait_until_read(200)
    (fragile.kill if how == signal.SIGKILL else fragile.stop)()
    one.wait_until(lambda: "source" in one.asked("/readyz").get("why", {}))
    assert one.asked("/healthz")["state"] == "stuck"
    fragile.start()
    back = time.monotonic()
    send(fragile.bootstrap, "t", [*steady(10, 20), *steady(10, 20, 1)])
    one.wait_until_read(400)
    took = time.monotonic() - back
    assert took < WITHIN
    assert ended(one) == {"records": 400, "late": 0, "dead": 0}


def test_a_broker_that_falls_silent_and_wakes_up_is_read_again(fragile, witnessed_monitor):
    one = witnessed_monitor("t", bootstrap=fragile.bootstrap)
    one.start()
    send(fragile.bootstrap, "t", [*steady(0, 10), *steady(0, 10, 1)])
    one.wait_until_read(200)
    process = fragile.nodes[0].process
    process.send_signal(signal.SIGSTOP)
    try:
        one.wait_until(lambda: "has not answered" in one.asked("/readyz").get("why", {}).get("source", ""))
    finally:
        process.send_signal(signal.SIGCONT)
    send(fragile.bootstrap, "t", [*steady(10, 20), *steady(10, 20, 1)])
    one.wait_until_read(400)
    assert ended(one) == {"records": 400, "late": 0, "dead": 0}
