"""Trap: a partition that was paused with records already fetched was never read again once resumed."""

from __future__ import annotations

import time

from source_reading import DEADLINE

from monitor.types import Partition

EACH = 2_500


def test_a_partition_held_with_records_at_hand_goes_on_when_it_is_let_go(reader, topic, produce):
    name = topic(2)
    for number in (0, 1):
        produce(name, [b"%d" % i for i in range(EACH)], partition=number)
    source = reader(name)
    source.open({})
    offsets: dict[Partition, list[int]] = {Partition(name, 0): [], Partition(name, 1): []}
    begun: list[Partition] = []
    until = time.monotonic() + DEADLINE
    while sum(map(len, offsets.values())) < 2 * EACH:
        for partition, messages in source.poll(0.2).items():
            offsets[Partition(*partition)] += [message.offset for message in messages]
            begun.append(Partition(*partition))
        if begun:
            (other,) = offsets.keys() - {begun[0]}
            assert len(offsets[begun[0]]) < EACH or offsets[other], "nothing was left at hand to be held"
            source.hold({begun[0]} if len(offsets[other]) < EACH else set())
        assert time.monotonic() < until
    assert list(offsets.values()) == [list(range(EACH))] * 2
    assert source.rebuilds == 0
