"""`start: latest` where several begin one after the other: none of them reads what was there before."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from kafka import TopicPartition

from monitor.errors import SourceError
from monitor.sources.kafka_shared import SharedReader
from monitor.sources.kafka_starts import SharedStarts
from monitor.types import Partition

FIRST, SECOND, ADDED = (TopicPartition("t", number) for number in range(3))


class Group:
    """What any consumer of one group is told."""

    def __init__(self) -> None:
        self.ends = {FIRST: 100, SECOND: 200}
        self.said = {}
        numbers = {"t": {0, 1}}
        self._cluster = SimpleNamespace(partitions_for_topic=numbers.get)

    def committed(self, partition, timeout_ms):
        return self.said.get(partition)

    def commit(self, offsets, timeout_ms):
        self.said |= {partition: each.offset for partition, each in offsets.items()}

    def end_offsets(self, partitions, timeout_ms):
        return {partition: self.ends[partition] for partition in partitions}

    def beginning_offsets(self, partitions, timeout_ms):
        return dict.fromkeys(partitions, 0)


@pytest.fixture
def group() -> Group:
    return Group()


def test_who_begins_second_begins_where_the_first_has_said(group):
    assert SharedStarts("latest", {}).offsets(group, [FIRST]) == {FIRST: 100}
    group.ends[SECOND] = 250
    assert SharedStarts("latest", {}).offsets(group, [SECOND]) == {SECOND: 200}


def test_partitions_added_later_are_read_from_their_beginning(group):
    SharedStarts("latest", {}).offsets(group, [FIRST])
    assert SharedStarts("latest", {}).offsets(group, [ADDED]) == {ADDED: 0}


def test_what_could_not_be_said_is_said_again(group, monkeypatch):
    starts = SharedStarts("latest", {})
    with monkeypatch.context() as patched:
        patched.setattr(group, "commit", refused)
        with pytest.raises(TimeoutError):
            starts.offsets(group, [FIRST])
    assert starts.offsets(group, [FIRST]) == {FIRST: 100}
    assert group.said == {FIRST: 100, SECOND: 200}


@pytest.mark.parametrize("placed", [True, False])
def test_an_offset_that_is_gone_is_refused_once_it_was_said_where_to_go_on(placed):
    """Before that it is the group's, and what was open there may have expired and be counted."""
    reader = SharedReader({"bootstrap_servers": ["127.0.0.1:1"]}, topics=["t"], group_id="g")
    told = SimpleNamespace(seek=lambda *_: None, beginning_offsets=lambda *_, **__: {FIRST: 50})
    reader._member = SimpleNamespace(consumer=told, partitions={FIRST}, ends=lambda _: {FIRST: 100})
    reader._starts = SimpleNamespace(offsets=lambda *_: {FIRST: 7})
    reader.given[Partition(*FIRST)] += 1
    reader._refuse_if_gone(reader._member, {FIRST: 7})
    if placed:
        reader._place(reader._member, {FIRST})
    else:
        reader.go_to(Partition(*FIRST), 7)
    with pytest.raises(SourceError, match="reading should go on at offset 7, but the log holds 50 to 100"):
        reader._refuse_if_gone(reader._member, {FIRST: 7})
    reader.given[Partition(*FIRST)] += 1
    reader._refuse_if_gone(reader._member, {FIRST: 7})


def refused(*_, **__):
    raise TimeoutError
