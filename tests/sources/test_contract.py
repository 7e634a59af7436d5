"""What every source promises, whether it reads a topic or a file."""

from __future__ import annotations

from itertools import pairwise

import pytest
from source_reading import read_to_end, read_until

from monitor.errors import SourceError

VALUES = [b'{"id": %d, "text": "%s"}' % (i, b"x" * (i % 97)) for i in range(300)]
ODD = [
    b"{",
    b"\xff\xfe\x00",
    b"null",
    b" ",
    b'{"a": "\xc3\xa4"}',
    b"\x00" * 20,
    b"x" * 300_000,
    b'{"id": 1, "value": 2}',
]


def test_values_come_byte_for_byte_and_in_order(log_of):
    assert [message.value for message in read_to_end(log_of(VALUES + ODD).open())] == VALUES + ODD


def test_offsets_grow_strictly_and_messages_say_where_they_stand(log_of):
    log = log_of(VALUES)
    messages = read_to_end(log.open())
    offsets = [message.offset for message in messages]
    assert all(before < after for before, after in pairwise(offsets))
    assert {(message.topic, message.partition) for message in messages} == {log.partition}
    assert all(isinstance(message.timestamp, int) and message.timestamp >= 0 for message in messages)
    assert all(message.key is None and list(message.headers) == [] for message in messages)


def test_a_poll_is_keyed_by_partition(log_of):
    log = log_of(VALUES)
    source = log.open()
    polls = [source.poll(0.2)]
    while not polls[-1]:
        polls.append(source.poll(0.2))
    assert {key: type(messages) for key, messages in polls[-1].items()} == {log.partition: list}


def test_nothing_is_lost_or_repeated_in_small_polls(log_of):
    source = log_of(VALUES, a_poll=7).open()
    polls = []
    while sum(map(len, polls)) < len(VALUES):
        polls.extend(source.poll(0.2).values())
    assert [message.value for messages in polls for message in messages] == VALUES
    assert max(map(len, polls)) <= 7


@pytest.mark.parametrize("after", [0, 1, 150, 299])
def test_a_remembered_offset_gives_exactly_the_rest(log_of, after):
    log = log_of(VALUES)
    offsets = [message.offset for message in read_to_end(log.open())]
    assert [m.value for m in read_to_end(log.open({log.partition: offsets[after]}))] == VALUES[after:]
    assert [m.value for m in read_to_end(log.open({log.partition: offsets[after] + 1}))] == VALUES[after + 1 :]


def test_the_same_log_read_twice_gives_the_same_messages(log_of):
    log = log_of(VALUES, a_poll=50)
    whole = read_to_end(log.open())
    rest = read_to_end(log.open({log.partition: whole[120].offset}))
    assert [tuple(message) for message in rest] == [tuple(message) for message in whole[120:]]


def test_an_offset_behind_the_end_is_refused_with_the_way_out(log_of):
    log = log_of(VALUES)
    with pytest.raises(SourceError, match=r"go on at .*99999999.*seawall state reset"):
        read_to_end(log.open({log.partition: 99_999_999}))


def test_held_partitions_wait_and_then_go_on_where_they_were(log_of):
    log = log_of(VALUES, a_poll=10)
    source = log.open()
    first = read_until(source, lambda got: len(got) >= 10)
    source.hold({log.partition})
    source.hold({log.partition})
    assert not any(any(source.poll(0.1).values()) for _ in range(5))
    assert not source.at_end(log.partition)
    source.hold(set())
    assert [message.value for message in first + read_to_end(source)] == VALUES


def test_the_end_is_reached_when_all_was_returned_and_not_before(log_of):
    log = log_of(VALUES, a_poll=299)
    source = log.open()
    read_until(source, lambda got: len(got) == 299)
    assert not source.at_end(log.partition)
    read_to_end(source)
    assert source.at_end(log.partition)
    assert source.lag().get(log.partition, 0) == 0


def test_a_position_is_behind_what_was_returned_and_another_process_reads_on_there(log_of):
    log = log_of(VALUES, a_poll=120)
    source = log.open()
    first = read_until(source, lambda got: len(got) >= 120)
    again = log.open(dict(source.positions()))
    assert [message.value for message in first + read_to_end(again)] == VALUES


def test_it_reads_all_there_is_and_has_no_trouble(log_of):
    log = log_of(VALUES)
    source = log.open()
    read_to_end(source)
    assert source.partitions() == {log.partition}
    assert source.missing() == set()
    assert source.trouble() is None


def test_closing_twice_and_committing_late_are_fine(log_of):
    log = log_of(VALUES)
    source = log.open()
    read_to_end(source)
    source.commit({log.partition: 5})
    source.close(5)
    source.close(5)
    source.commit({log.partition: 6})
    assert log_of(VALUES).open() is not source


def test_closing_what_never_read_is_fine(log_of):
    source = log_of(VALUES).open()
    source.close(5)
    assert not source.at_end(log_of(VALUES).partition)
