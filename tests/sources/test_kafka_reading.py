"""What a topic may hold: large records, compressed ones, keys, headers, tombstones, several topics."""

from __future__ import annotations

import kafka.codec
import pytest
from kafka import KafkaProducer
from kafka.record import memory_records
from kafka.record.default_records import DefaultRecordBatch
from source_reading import by_partition, read_to_end

from monitor.errors import SourceError
from monitor.sources import kafka_batches
from monitor.types import Partition

VALUES = [b"%d" % i for i in range(100)]


def test_a_record_larger_than_a_fetch_is_read(reader, topic, produce):
    name = topic(max_message_bytes=12 << 20)
    values = [b"small", b"x" * (9 << 20), b"small again"]
    produce(name, values, max_request_size=12 << 20)
    source = reader(name)
    source.open({})
    assert [message.value for message in read_to_end(source)] == values


@pytest.mark.parametrize("compression", ["gzip", "lz4", "snappy", "zstd"])
def test_compressed_records_are_read(reader, topic, produce, compression):
    name = topic(compression_type=compression)  # the broker packs them, as Java's producers do
    produce(name, VALUES)
    produce(name, [b"x" * (3 << 20)], max_request_size=4 << 20, compression_type=compression)
    source = reader(name)
    source.open({})
    assert [message.value for message in read_to_end(source)] == [*VALUES, b"x" * (3 << 20)]


@pytest.mark.parametrize("compression", ["gzip", "lz4", "zstd"])
def test_a_batch_that_unpacks_to_far_more_than_it_is_comes_as_one_record_and_reading_goes_on(
    reader, topic, produce, monkeypatch, compression
):
    monkeypatch.setattr(kafka_batches, "LARGEST", 1 << 20)
    name = topic()
    produce(name, VALUES)
    produce(name, [b"y" * 100_000] * 60, compression_type=compression, linger_ms=1_000, batch_size=8 << 20)
    produce(name, [b"x" * (1 << 19)], compression_type=compression)
    source = reader(name)
    source.open({})
    *before, bomb, after = read_to_end(source)
    assert [message.value for message in before] == VALUES
    assert (bomb.offset, bomb.key) == (len(VALUES) + 59, None)
    assert len(bomb.value) < 1 << 20
    assert b"records: 60" in dict(bomb.headers)["seawall"]
    assert after.value == b"x" * (1 << 19)
    again = reader(name)
    again.open({Partition(name, 0): bomb.offset + 1})
    assert [message.offset for message in read_to_end(again)] == [after.offset]


def test_a_compression_without_its_library_is_refused_by_name(reader, topic, produce, monkeypatch):
    name = topic(compression_type="zstd")
    produce(name, VALUES)
    monkeypatch.setattr(kafka.codec, "has_zstd", lambda: False)
    source = reader(name)
    source.open({})
    with pytest.raises(SourceError, match=r"zstd .* install"):
        read_to_end(source)


def test_keys_headers_and_times_come_as_they_were_sent(broker, reader, topic):
    name = topic()
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    headers = [("ce_id", b"7"), ("ce_id", b"8"), ("empty", b"")]
    producer.send(name, b"v", key=b"\x00k", headers=headers, timestamp_ms=1_700_000_000_123)
    producer.send(name, None, key=b"tombstone")
    producer.close()
    source = reader(name)
    source.open({})
    sent, tombstone = read_to_end(source)
    assert (sent.key, sent.value, list(sent.headers), sent.timestamp) == (b"\x00k", b"v", headers, 1_700_000_000_123)
    assert (tombstone.key, tombstone.value, tombstone.offset) == (b"tombstone", None, 1)


class NotText(str):
    """A header's name as a program of another language may send it."""

    __slots__ = ()

    def encode(self, *_):
        return b"\xffname"


def test_a_header_whose_name_is_not_utf8_does_not_stop_the_partition(broker, reader, topic, monkeypatch):
    monkeypatch.setattr(memory_records, "DefaultRecordBatch", DefaultRecordBatch)
    name = topic()
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, linger_ms=50)
    for i in range(30):
        producer.send(name, b"%d" % i, headers=[(NotText("x"), b"v"), ("plain", b"w")] if i % 3 == 1 else [])
    producer.close()
    source = reader(name)
    source.open({})
    messages = read_to_end(source)
    assert [message.value for message in messages] == [b"%d" % i for i in range(30)]
    assert messages[1].headers == [("\\xffname", b"v"), ("plain", b"w")]
    assert source.rebuilds == 1


def test_several_topics_are_read_together(reader, topic, produce):
    names = [topic(2), topic(1)]
    for name in names:
        produce(name, VALUES)
    source = reader(*names)
    source.open({})
    got = by_partition(read_to_end(source))
    assert {partition: len(messages) for partition, messages in got.items()} == {
        Partition(name, 0): len(VALUES) for name in names
    }
    assert source.partitions() == {Partition(names[0], 0), Partition(names[0], 1), Partition(names[1], 0)}


def test_lag_is_what_is_left(reader, topic, produce):
    name = topic()
    produce(name, VALUES)
    source = reader(name)
    source._settings["max_poll_records"] = 30
    source.open({})
    got = 0
    while not got:
        got = sum(map(len, source.poll(0.2).values()))
    assert source.lag() == {Partition(name, 0): len(VALUES) - got}
    read_to_end(source)
    assert source.lag() == {Partition(name, 0): 0}
