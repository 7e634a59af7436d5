"""Where reading begins and goes on, and which offsets are refused."""

from __future__ import annotations

import time

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import LogTruncationError, OffsetOutOfRangeError
from source_reading import read_to_end, read_until

from monitor.errors import SourceError
from monitor.types import Partition

VALUES = [b"%d" % i for i in range(100)]
NEW = [b"new-%d" % i for i in range(10)]


@pytest.fixture
def full(topic, produce):
    """A topic of one partition that holds VALUES."""
    name = topic()
    produce(name, VALUES)
    return name


@pytest.fixture
def committed(broker):
    """Commits an offset for a group, as an earlier process of it would have."""

    def commit(group, topic, offset):
        consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=group, enable_auto_commit=False)
        consumer.assign([TopicPartition(topic, 0)])
        consumer.commit({TopicPartition(topic, 0): OffsetAndMetadata(offset, "", -1)})
        consumer.close()

    return commit


@pytest.fixture
def admin(broker):
    client = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    yield client
    client.close()


def values(messages):
    return [message.value for message in messages]


def test_what_is_remembered_counts_before_what_is_committed(reader, full, committed):
    committed("a", full, 60)
    source = reader(full, group_id="a")
    source.open({Partition(full, 0): 30})
    assert values(read_to_end(source)) == VALUES[30:]


def test_what_is_committed_counts_before_the_start(reader, full, committed):
    committed("b", full, 60)
    source = reader(full, group_id="b", start="latest")
    source.open({})
    assert values(read_to_end(source)) == VALUES[60:]


def test_latest_begins_with_what_comes_after(reader, full, produce):
    source = reader(full, start="latest")
    source.open({})
    assert read_to_end(source) == []
    produce(full, NEW)
    assert values(read_until(source, lambda got: len(got) == len(NEW))) == NEW


def test_latest_survives_a_new_client_before_the_first_record(reader, full, produce):
    source = reader(full, start="latest")
    source.open({})
    assert read_to_end(source) == []
    produce(full, NEW)
    source._rebuild("as a test wants it")
    assert values(read_until(source, lambda got: len(got) == len(NEW))) == NEW


@pytest.mark.parametrize("start", ["latest", 4_102_444_800_000])
def test_where_a_start_lies_is_known_before_anything_comes(reader, full, start):
    source = reader(full, start=start)
    source.open({})
    assert read_to_end(source) == []
    assert source.positions() == {Partition(full, 0): len(VALUES)}


def test_a_time_begins_with_the_first_record_of_it_or_later(reader, topic, produce):
    name = topic()
    produce(name, VALUES)
    time.sleep(0.01)
    between = int(time.time() * 1000)
    produce(name, NEW)
    source = reader(name, start=between)
    source.open({})
    assert values(read_to_end(source)) == NEW
    future = reader(name, start=between + 3_600_000)
    future.open({})
    assert read_to_end(future) == []


@pytest.mark.parametrize("start", ["latest", "earliest", 4_102_444_800_000])
def test_a_partition_added_later_begins_at_earliest(reader, topic, produce, admin, start):
    name = topic()
    source = reader(name, start=start)
    source._settings["metadata_max_age_ms"] = 500
    source.open({})
    read_to_end(source)
    admin.create_partitions({name: 2})
    produce(name, NEW, partition=1)
    assert values(read_until(source, lambda got: len(got) == len(NEW))) == NEW
    assert source.partitions() == {Partition(name, 0), Partition(name, 1)}


def test_a_partition_added_while_nobody_read_begins_at_earliest(reader, topic, produce, admin):
    name = topic()
    produce(name, VALUES)
    admin.create_partitions({name: 2})
    produce(name, NEW, partition=1)
    source = reader(name, start="latest")
    source.open({Partition(name, 0): 90})
    assert sorted(values(read_to_end(source))) == sorted(VALUES[90:] + NEW)


def test_a_topic_that_the_group_has_committed_for_was_read_before(reader, topic, produce, admin, committed):
    name = topic()
    produce(name, VALUES)
    committed("c", name, 90)
    admin.create_partitions({name: 2})
    produce(name, NEW, partition=1)
    source = reader(name, group_id="c", start="latest")
    source.open({})
    assert sorted(values(read_to_end(source))) == sorted(VALUES[90:] + NEW)


@pytest.mark.parametrize("remembered", [True, False])
def test_an_offset_that_expired_is_refused(reader, full, committed, admin, remembered):
    committed("d", full, 20)
    admin.delete_records({TopicPartition(full, 0): 40})
    source = reader(full, group_id="d")
    source.open({Partition(full, 0): 20} if remembered else {})
    expected = f'topic "{full}", partition 0: .* at offset 20, .* holds 40 to 100. .*expired.* seawall state reset'
    with pytest.raises(SourceError, match=expected):
        read_to_end(source)


@pytest.mark.parametrize("remembered", [True, False])
def test_an_offset_behind_the_end_is_refused(reader, full, committed, remembered):
    committed("e", full, 101)
    source = reader(full, group_id="e")
    source.open({Partition(full, 0): 101} if remembered else {})
    with pytest.raises(SourceError, match=r"at offset 101, .* holds 0 to 100\. .*gone.* seawall state reset"):
        read_to_end(source)


def test_a_leader_that_lags_behind_is_not_believed(reader, full, monkeypatch):
    poll, errors = KafkaConsumer.poll, [OffsetOutOfRangeError({TopicPartition(full, 0): 50})]

    def out_of_range_once(consumer, *given, **how):
        if errors and consumer.assignment():
            raise errors.pop()
        return poll(consumer, *given, **how)

    monkeypatch.setattr(KafkaConsumer, "poll", out_of_range_once)
    source = reader(full)
    source.open({Partition(full, 0): 50})
    assert values(read_to_end(source)) == VALUES[50:]
    assert not errors


def test_a_log_that_was_cut_is_refused(reader, full, monkeypatch):
    source = reader(full)
    source.open({})
    read_to_end(source)
    partition = TopicPartition(full, 0)

    def cut(**_):
        raise LogTruncationError({partition: None})

    monkeypatch.setattr(source._member.consumer, "poll", cut)
    assert source.poll(0.1) == {}
    monkeypatch.setattr(source._member.consumer, "end_offsets", lambda *_, **__: {partition: 80})
    with pytest.raises(SourceError, match=r"at offset 100, .* holds 0 to 80\. .* gone"):
        source.poll(0.1)


def test_a_new_client_goes_on_where_the_pipeline_says(reader, full):
    remembered = {}
    source = reader(full)
    source.open(remembered)
    assert values(read_to_end(source)) == VALUES
    remembered[Partition(full, 0)] = 30
    source._rebuild("as a test wants it")
    assert values(read_to_end(source)) == VALUES[30:]


def test_a_new_client_goes_on_where_the_old_one_was(reader, full, produce):
    source = reader(full)
    source.open({})
    assert values(read_to_end(source)) == VALUES
    source._rebuild("as a test wants it")
    produce(full, NEW)
    assert values(read_until(source, lambda got: len(got) >= len(NEW))) == NEW
    assert source.partitions() == {Partition(full, 0)}
