"""Brokers that are away, at the start or later: nothing is raised, nothing is lost, and the trouble is said."""

from __future__ import annotations

import logging
import socket
import threading
import time

import pytest
from kafka import KafkaAdminClient
from kafka_broker import Broker
from source_reading import read_to_end, read_until

from monitor.sources.kafka import KafkaReader
from monitor.sources.kafka_connecting import UnreachableError, administrator
from monitor.types import Partition

VALUES = [b"%d" % i for i in range(200)]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A broker that the tests of this file may stop; each leaves it running."""
    with Broker(tmp_path_factory.mktemp("own") / "cluster") as running:
        running.create_topic("t", 2)
        yield running


@pytest.fixture
def fragile(own):
    """A reader of the broker that may be stopped."""
    made = KafkaReader({"bootstrap_servers": [own.bootstrap]}, topics=["t"], group_id=f"g-{time.monotonic_ns()}")
    yield made
    made.close(5)


@pytest.fixture
def root_log():
    """Names of the loggers whose records reach the root logger (pytest's own capture stands nearer)."""
    names = []
    handler = logging.Handler()
    handler.emit = lambda record: names.append(record.name)
    logging.getLogger().addHandler(handler)
    yield names
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def client_threads():
    """Return the client's threads that this test began; another test may have left one that hangs on purpose."""
    before = set(threading.enumerate())
    names = ("kafka-io-seawall", "kafka-c")
    return lambda: [t.name for t in threading.enumerate() if t not in before and t.name.startswith(names)]


def test_a_broker_that_is_not_there_yet(own, fragile, write):
    write(own, "t", VALUES[:10])
    own.kill()
    fragile.open({})
    for _ in range(10):
        assert fragile.poll(0.1) == {}
    said = fragile.trouble()
    assert own.bootstrap in said
    assert "cannot be reached (connection refused)" in said
    assert "trying" in said
    assert not fragile.at_end(Partition("t", 0))
    fragile.commit({Partition("t", 0): 1})
    own.start()
    assert len(read_until(fragile, lambda got: len(got) >= 10)) == 10
    assert fragile.trouble() is None


def test_a_broker_that_is_killed_and_comes_back(own, fragile, write, root_log):
    fragile.open({})
    before = read_to_end(fragile)
    mine = fragile.partitions()
    own.kill()
    until = time.monotonic() + 15
    while time.monotonic() < until and "has not answered" not in str(fragile.trouble()):
        assert fragile.poll(0.2) == {}
    assert own.bootstrap in fragile.trouble()
    assert fragile.partitions() == mine
    assert not fragile.at_end(Partition("t", 0))
    fragile.commit(dict.fromkeys(mine, 1))
    own.start()
    write(own, "t", VALUES, partition=1)
    after = read_until(fragile, lambda got: len(got) >= len(VALUES))
    assert [message.value for message in after] == VALUES
    assert {(m.partition, m.offset) for m in before}.isdisjoint((m.partition, m.offset) for m in after)
    assert fragile.trouble() is None
    assert sum(name.startswith("kafka") for name in root_log) < 40


def test_closing_while_the_broker_is_away_leaves_nothing_behind(client_threads, own, fragile):
    fragile.open({})
    read_to_end(fragile)
    own.kill()
    fragile.poll(0.5)
    fragile.close(5)
    assert not client_threads()
    assert fragile.poll(0.1) == {}
    own.start()


def test_what_is_closed_stays_closed(client_threads, own, fragile):
    fragile.open({})
    read_to_end(fragile)
    fragile.close(5)
    for _ in range(5):
        assert fragile.poll(0.1) == {}
    assert not client_threads()


@pytest.fixture
def mute():
    """An address that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_what_does_not_answer_as_kafka_is_said_and_leaves_nothing_behind(client_threads, mute):
    source = KafkaReader({"bootstrap_servers": [mute], "bootstrap_timeout_ms": 300}, topics=["t"], group_id="g")
    source.open({})
    read_until(source, lambda _: "takes connections but does not answer as Kafka" in source.trouble())
    source.close(1)
    _wait_until(lambda: not client_threads())


def test_an_administrator_that_finds_no_broker_leaves_nothing_behind(mute):
    before = set(threading.enumerate())
    with pytest.raises(UnreachableError) as refused:
        administrator({"bootstrap_servers": [mute], "bootstrap_timeout_ms": 300})
    assert refused.value.strerror.startswith("cannot be reached (it takes connections but does not answer as Kafka")
    _wait_until(lambda: set(threading.enumerate()) <= before)


def test_the_next_attempt_is_never_in_0_seconds():
    now = 0.0
    source = KafkaReader({"bootstrap_servers": ["127.0.0.1:1"]}, topics=["t"], group_id="g", clock=lambda: now)
    source.open({})
    read_until(source, lambda _: "trying again in 1 s" in source.trouble())
    for now in (0.1, 0.3, 0.45, 0.5, 0.6):
        assert source.trouble().endswith("trying again in 1 s" if now < 0.5 else "trying now")
    source.close(1)


def test_closing_while_connecting_leaves_nothing_behind(client_threads, mute):
    source = KafkaReader({"bootstrap_servers": [mute], "bootstrap_timeout_ms": 500}, topics=["t"], group_id="g")
    source.open({})
    assert source.poll(0.05) == {}
    source.close(1)
    _wait_until(lambda: not client_threads())


def test_a_topic_that_is_missing_is_waited_for_and_never_created(broker, reader, write):
    source = reader("not-made-yet")
    source.open({})
    read_until(source, lambda _: 'topic "not-made-yet" does not exist' in str(source.trouble()))
    for _ in range(10):
        assert source.poll(0.1) == {}
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    assert "not-made-yet" not in admin.list_topics()
    admin.close()
    broker.create_topic("not-made-yet", 1)
    write(broker, "not-made-yet", VALUES)
    assert [message.value for message in read_until(source, lambda got: len(got) >= len(VALUES))] == VALUES
    assert source.trouble() is None


def _wait_until(true):
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)
