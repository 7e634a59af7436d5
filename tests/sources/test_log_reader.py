"""A partition of a topic of ours read as it grows: from where it is told, and again after brokers failed."""

from __future__ import annotations

import time

import pytest
from kafka import KafkaProducer

from monitor.replicas import log_reader
from monitor.replicas.log_reader import LogReader


@pytest.fixture
def written(broker, topic):
    """A topic of two partitions with ten messages each, and its name."""
    name = topic(2)
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap.split(","))
    for number in range(20):
        producer.send(name, b"%d" % (number // 2), partition=number % 2)
    producer.close()
    return name


@pytest.fixture
def reader(broker, written):
    made = LogReader({"bootstrap_servers": broker.bootstrap.split(",")}, written)
    yield made
    made.close()


def read(reader, count):
    found, until = [], time.monotonic() + 30
    while len(found) < count:
        assert time.monotonic() < until, reader.trouble
        found += [(number, one.offset, one.value) for number, some in reader.poll().items() for one in some]
    return found


def test_each_partition_is_read_from_where_it_is_told(reader):
    reader.begin(0, 8)
    assert read(reader, 2) == [(0, 8, b"8"), (0, 9, b"9")]
    reader.begin(1, 9)
    assert read(reader, 1) == [(1, 9, b"9")]
    assert reader.at == {0: 10, 1: 10}
    assert reader.span(1) == (0, 10)
    reader.leave(1)
    reader.begin(0, 5)
    assert [offset for _, offset, _ in read(reader, 5)] == [5, 6, 7, 8, 9]


def test_reading_goes_on_where_it_was_after_the_client_has_failed(reader, monkeypatch):
    monkeypatch.setattr(log_reader, "AGAIN", 0.0)
    reader.begin(0, 0)
    before = len(read(reader, 1))
    monkeypatch.setattr(reader._consumer, "poll", lambda **_: 1 / 0)
    assert reader.poll() == {}
    assert reader.trouble == "division by zero"
    after = read(reader, 10 - before) if before < 10 else []
    assert reader.at == {0: 10}
    assert [offset for _, offset, _ in after] == [*range(before, 10)]


def test_brokers_that_are_away_are_no_error(monkeypatch):
    monkeypatch.setattr(log_reader, "AGAIN", 0.0)
    away = LogReader({"bootstrap_servers": ["127.0.0.1:9"]}, "t")
    away.begin(0, 0)
    until = time.monotonic() + 20
    while away.trouble is None:
        assert time.monotonic() < until
        assert away.poll() == {}
    with pytest.raises(OSError, match="refused"):
        away.span(0)
    away.close()
