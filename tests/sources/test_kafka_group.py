"""Several processes share a topic."""

from __future__ import annotations

import time

import pytest
from kafka import TopicPartition
from source_reading import by_partition, read_to_end, read_until

from monitor.errors import SourceError
from monitor.types import Partition

PARTITIONS = 4
VALUES = [[b"%d/%d" % (number, i) for i in range(200)] for number in range(PARTITIONS)]


@pytest.fixture
def full(topic, produce):
    """A topic of four partitions of 200 values each."""
    name = topic(PARTITIONS)
    for number, values in enumerate(VALUES):
        produce(name, values, partition=number)
    return name


class Process:
    """A pipeline as small as can be: it takes messages, remembers where it is and tells the broker."""

    def __init__(self, source):
        self.source = source
        self.remembered = {}
        self.got = []
        source.open(self.remembered)

    def step(self):
        for partition, messages in self.source.poll(0.05).items():
            self.got.extend(messages)
            self.remembered[Partition(*partition)] = messages[-1].offset + 1
        self.source.commit(self.remembered)


def run(processes, until):
    for _ in range(2_000):
        if until():
            return
        for process in processes:
            process.step()
    raise TimeoutError([process.source.trouble() for process in processes])


def test_the_partitions_of_others_are_missing_here(reader, full):
    first, second = (Process(reader(full, group_id=f"group-{full}")) for _ in range(2))
    everything = {Partition(full, number) for number in range(PARTITIONS)}
    run([first], lambda: first.source.partitions() == everything)
    assert first.source.missing() == set()
    run([first, second], lambda: len(first.source.partitions()) == len(second.source.partitions()) == 2)
    assert first.source.missing() == second.source.partitions()
    assert second.source.missing() == first.source.partitions()
    other = next(iter(second.source.partitions()))
    assert not first.source.at_end(other)
    first.source.commit({other: 7})
    assert second.source._member.consumer.committed(TopicPartition(*other)) != 7


def test_joining_and_leaving_loses_and_repeats_nothing(reader, full, produce):
    first, second = (Process(reader(full, group_id=f"group-{full}")) for _ in range(2))
    run([first], lambda: len(first.got) >= 100)
    run([first, second], lambda: len(second.source.partitions()) == 2)
    for number in range(PARTITIONS):
        produce(full, [b"more"] * 50, partition=number)
    run([first, second], lambda: len(first.got) + len(second.got) >= PARTITIONS * 250)
    second.source.close(5)
    for number in range(PARTITIONS):
        produce(full, [b"last"] * 50, partition=number)
    # What came back is read on from what the pipeline remembers, which the other process has moved on.
    first.remembered.update({at: offset for at, offset in second.remembered.items() if offset >= 250})
    run([first], lambda: len(first.got) + len(second.got) >= PARTITIONS * 300)
    for partition, messages in by_partition(first.got + second.got).items():
        offsets = sorted(message.offset for message in messages)
        assert offsets == list(range(300)), partition


def test_a_commit_while_the_group_moves_is_no_error(reader, full):
    first, second = (Process(reader(full, group_id=f"group-{full}")) for _ in range(2))
    run([first], lambda: len(first.got) == PARTITIONS * 200)
    for _ in range(20):
        second.source.poll(0.1)
        first.source.commit(first.remembered)
    run([first, second], lambda: len(second.source.partitions()) == 2)


def test_what_the_group_gives_between_two_polls_is_taken(reader, full):
    """kafka-python 3.0.12 forgets it: it joins again and again, or waits for ever."""
    source = reader(full)
    source.open({})
    read_until(source, lambda _: source._member is not None)
    for _ in range(100):
        source.poll(0.001)
        joining = source._member._coordinator._join_task
        while joining is not None and not joining.is_done:
            time.sleep(0.001)
    assert len(source.partitions()) == PARTITIONS


def test_a_second_process_of_the_same_name_ends_the_first(reader, full):
    first, second = (reader(full, group_id=f"group-{full}", group_instance_id="pod-1") for _ in range(2))
    first.open({})
    read_to_end(first)
    second.open({})
    read_until(second, lambda _: second.partitions())
    with pytest.raises(SourceError, match='another process reads as group_instance_id "pod-1"'):
        read_until(first, lambda _: False)
    assert second.trouble() is None


def test_a_static_member_that_comes_back_reads_at_once(reader, full):
    for _ in range(2):
        source = reader(full, group_id=f"group-{full}", group_instance_id="pod-1")
        source.open({})
        assert len(read_to_end(source)) == PARTITIONS * 200
        source.close(5)


def test_held_partitions_stay_held_when_they_come_back(reader, full):
    source = reader(full)
    source.open({})
    source.hold({Partition(full, 1), Partition(full, 2)})
    read_until(source, lambda got: len(got) == 400)
    source._rebuild("as a test wants it")
    assert not read_until(source, lambda _: source._member is not None and source._member.settled)
    source.hold({Partition(full, 1)})
    assert {message.partition for message in read_until(source, lambda got: len(got) == 200)} == {2}
