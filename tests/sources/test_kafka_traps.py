"""What kafka-python does wrong or silently, and what is made of it. Each test fails when its guard is taken away."""

from __future__ import annotations

import threading

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import (
    CommitFailedError,
    CoordinatorNotAvailableError,
    FencedInstanceIdError,
    IllegalGenerationError,
    KafkaTimeoutError,
    RebalanceInProgressError,
    UnknownBrokerIdError,
)
from kafka.record.default_records import DefaultRecordBatch
from kafka.structs import MemberState
from source_reading import read_to_end, read_until

from monitor.errors import SourceError
from monitor.sources import kafka_connecting
from monitor.types import Partition

VALUES = [b"%d" % i for i in range(100)]


class Clock:
    """Seconds that pass when told."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def full(topic, produce):
    """A topic of one partition that holds VALUES."""
    name = topic()
    produce(name, VALUES)
    return name


def test_values_are_never_deserialised_by_the_client(reader, full):
    source = reader(full)
    source.open({})
    read_to_end(source)
    config = source._member.consumer.config
    assert (config["key_deserializer"], config["value_deserializer"]) == (None, None)


def test_the_client_is_asked_for_what_the_design_says(reader, full):
    source = reader(full, group_instance_id="pod-1")
    source.open({})
    read_to_end(source)
    config = source._member.consumer.config
    assert config["partition_assignment_strategy"] == (CooperativeStickyAssignor,)
    assert config["group_instance_id"] == "pod-1"
    assert config["isolation_level"] == "read_committed"
    assert config["auto_offset_reset"] == "none"
    assert config["enable_auto_commit"] is False
    assert config["fetch_max_bytes"] <= 16 << 20


@pytest.mark.parametrize("error", [UnknownBrokerIdError("node 7"), RuntimeError("loop crashed"), ValueError("what?")])
def test_an_error_while_fetching_loses_and_repeats_nothing(reader, full, monkeypatch, error):
    """kafka-python 3.0.12 never asks a leader again after an error of this kind from the sending of a fetch."""
    source = reader(full)
    source.open({})
    assert not read_until(source, lambda _: source._member is not None)
    manager, failing = source._member.consumer._manager, [error]
    send = manager.send

    def fail_once(request, node_id=None, **more):
        if failing and type(request).__name__.startswith("FetchRequest"):
            raise failing.pop()
        return send(request, node_id, **more)

    monkeypatch.setattr(manager, "send", fail_once)
    assert [message.value for message in read_to_end(source)] == VALUES
    assert not failing
    assert source.rebuilds == 1


def test_a_batch_that_does_not_decode_does_not_hang_the_poll(reader, full, monkeypatch):
    """After such an error the next poll of kafka-python 3.0.12 spins for ever."""
    source = reader(full)
    source.open({})
    failures = [False]
    checked = DefaultRecordBatch.validate_crc
    monkeypatch.setattr(
        DefaultRecordBatch, "validate_crc", lambda batch: failures.pop() if failures else checked(batch)
    )
    assert [message.value for message in read_to_end(source)] == VALUES
    assert source.rebuilds == 1


def test_a_partition_that_stands_still_gets_a_new_client(reader, full, clock):
    source = reader(full, clock=clock)
    source.open({})
    member = _stop_fetching(source)
    for _ in range(5):
        assert not source.poll(0.1)
        clock.now += 6
    assert source._member is member
    clock.now += 6
    assert not source.poll(0.1)
    assert source.rebuilds == 1
    clock.now += 6
    assert [message.value for message in read_until(source, lambda got: len(got) >= len(VALUES))] == VALUES


def test_a_partition_read_to_its_end_keeps_its_client(reader, full, clock):
    source = reader(full, clock=clock)
    source.open({})
    read_to_end(source)
    for _ in range(20):
        source.poll(0.05)
        clock.now += 6
    assert source.rebuilds == 0


def test_a_held_partition_keeps_its_client(reader, full, clock):
    source = reader(full, clock=clock)
    source.open({})
    source.hold({Partition(full, 0)})
    read_until(source, lambda _: source.partitions())
    for _ in range(20):
        assert not source.poll(0.05)
        clock.now += 6
    assert source.rebuilds == 0
    assert source.lag() == {Partition(full, 0): len(VALUES)}


def test_an_open_transaction_is_an_end_and_not_a_standstill(broker, reader, topic, clock):
    name = topic()
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id=f"tx-{name}")
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(name, b"pending").get(10)
    source = reader(name, clock=clock)
    source.open({})
    read_to_end(source)
    for _ in range(8):
        assert not source.poll(0.05)
        clock.now += 6
    assert source.rebuilds == 0
    producer.commit_transaction()
    producer.close()
    assert [message.value for message in read_until(source, len)] == [b"pending"]


def test_aborted_records_are_not_read_and_the_end_is_still_reached(broker, reader, topic):
    name = topic()
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id=f"tx-{name}")
    producer.init_transactions()
    for value, finish in [(b"kept", producer.commit_transaction), (b"aborted", producer.abort_transaction)]:
        producer.begin_transaction()
        producer.send(name, value).get(10)
        finish()
    producer.close()
    source = reader(name)
    source.open({})
    assert [message.value for message in read_to_end(source)] == [b"kept"]


def test_a_coordinator_that_is_away_is_said(reader, full):
    source = reader(full)
    source.open({})
    read_to_end(source)
    source._member._coordinator.coordinator_id = None
    assert "no broker coordinates group" in source.trouble()


@pytest.mark.parametrize(
    "error",
    [
        CommitFailedError("lost"),
        RebalanceInProgressError("moving"),
        IllegalGenerationError("old"),
        KafkaTimeoutError("away"),
        CoordinatorNotAvailableError("away"),
    ],
)
def test_a_commit_that_fails_is_no_error(reader, full, monkeypatch, error):
    source = reader(full)
    source.open({})
    read_to_end(source)

    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(source._member.consumer, "commit", refuse)
    source.commit({Partition(full, 0): 5})
    assert source.trouble() is None


def test_a_commit_tells_the_broker(reader, full):
    source = reader(full)
    source.open({})
    read_to_end(source)
    source.commit({Partition(full, 0): 40, Partition("another", 3): 7})
    assert source._member.consumer.committed(TopicPartition(full, 0)) == 40


def test_no_commit_is_tried_while_the_group_moves(reader, full, monkeypatch):
    """The broker would answer it when all members have joined."""
    source = reader(full)
    source.open({})
    read_to_end(source)
    tried = []
    monkeypatch.setattr(source._member.consumer, "commit", lambda *_, **__: tried.append("commit"))
    monkeypatch.setattr(source._member._coordinator, "state", MemberState.REBALANCING)
    source.commit({Partition(full, 0): 5})
    assert not tried


def test_another_process_with_our_name_is_refused(reader, full, monkeypatch):
    source = reader(full, group_instance_id="pod-1")
    source.open({})
    read_to_end(source)

    def fenced(*_, **__):
        raise FencedInstanceIdError("pod-1")

    monkeypatch.setattr(source._member.consumer, "poll", fenced)
    with pytest.raises(SourceError, match='another process reads as group_instance_id "pod-1"'):
        source.poll(0.1)


def test_letting_go_does_not_wait_for_a_client_that_hangs():
    class Hanging:
        def close(self, **_):
            threading.Event().wait()

    kafka_connecting.let_go(Hanging(), 0.1)


def test_a_client_that_comes_too_late_is_closed(monkeypatch):
    come, closed = threading.Event(), threading.Event()

    class Late:
        def close(self, **_):
            closed.set()

    monkeypatch.setattr(kafka_connecting, "connect", lambda _: come.wait() and Late())
    connecting = kafka_connecting.Connecting({})
    connecting.abandon()
    come.set()
    assert closed.wait(20)
    assert connecting.wait(1) is None


def test_a_client_that_came_before_is_closed(monkeypatch):
    closed = threading.Event()

    class Early:
        def close(self, **_):
            closed.set()

    monkeypatch.setattr(kafka_connecting, "connect", lambda _: Early())
    connecting = kafka_connecting.Connecting({})
    while connecting.wait(1) is None:
        pass
    connecting.abandon()
    assert closed.wait(20)


def test_closing_never_commits_by_itself_and_has_a_limit(reader, full, monkeypatch):
    source = reader(full)
    source.open({})
    read_to_end(source)
    seen = {}
    monkeypatch.setattr(KafkaConsumer, "close", lambda _, **how: seen.update(how))
    source.close(5)
    assert seen == {"autocommit": False, "timeout_ms": 4_000}


def _stop_fetching(source):
    """Do what kafka-python does by itself after an UnknownBrokerIdError: believe for ever that a fetch is under way."""
    assert not read_until(source, lambda _: source._member is not None)
    member = source._member
    member.consumer._fetcher._nodes_with_pending_fetch_requests.add(1)
    return member
