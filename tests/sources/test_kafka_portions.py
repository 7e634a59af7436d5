"""How much of a topic is in memory at once, whatever producers make of a record or a batch."""

from __future__ import annotations

import pytest
from source_reading import read_to_end

from monitor.sources.kafka_portions import FETCHED, LEAST, MOST, PORTION, Portions

LARGE = [b"%04d" % number + b" " * (1 << 19) for number in range(40)]


@pytest.mark.parametrize("how", [{}, {"compression_type": "gzip", "linger_ms": 200, "batch_size": 1 << 20}])
def test_a_poll_takes_no_more_bytes_than_it_should_and_loses_no_record(reader, topic, produce, how):
    name = topic()
    produce(name, LARGE, **how)
    source = reader(name)
    source.open({})
    sizes: list[int] = []
    values: list[bytes] = []
    while len(values) < len(LARGE):
        for messages in source.poll(1.0).values():
            values += [message.value for message in messages]
            sizes.append(sum(len(message.value) for message in messages))
    assert values == LARGE
    assert max(sizes) < PORTION + max(map(len, LARGE))


def test_small_records_come_four_thousand_at_once(reader, topic, produce):
    name = topic()
    produce(name, [b"x"] * 10_000, linger_ms=50, batch_size=1 << 20)
    source = reader(name)
    source.open({})
    sizes: list[int] = []
    while sum(sizes) < 10_000:
        sizes += [len(messages) for messages in source.poll(1.0).values()]
    assert max(sizes) == 4_000


def test_a_poll_goes_on_in_the_next_partition_once_all_of_one_is_read(reader, topic, produce):
    name = topic(partitions=3)
    for partition in range(3):
        produce(name, LARGE[:3], partition=partition)
    source = reader(name)
    source.open({})
    assert sorted(message.value for message in read_to_end(source)) == sorted(LARGE[:3] * 3)


@pytest.mark.parametrize(("partitions", "each"), [(0, MOST), (1, MOST), (64, FETCHED // 64), (10_000, LEAST)])
def test_what_is_fetched_beforehand_is_bounded_whatever_the_partitions(partitions, each):
    fetcher = Fetcher()
    Portions(fetcher).begin(partitions)
    assert fetcher.config["max_partition_fetch_bytes"] == each


class Fetcher:
    """What of kafka-python's fetcher is looked at."""

    def __init__(self):
        self.config = {}

    def _append(self, *_):
        return 0
