"""When a partition is taken for idle, by the clock; with real brokers: tests/faults/test_17_idle_stuck_healthy.py."""

from __future__ import annotations

import pytest
from fake_source import FakeSource
from watching import RECORD, A, B, timed


@pytest.fixture
def source():
    return FakeSource(there={A, B}, ended=True)


def idle(one):
    return one.pipeline.parts.partitions.idle


def test_what_is_read_to_its_end_is_idle_after_the_timeout(watch, source):
    one = watch(source)
    one.at(0, a=[RECORD], b=[RECORD])
    one.at(59)
    assert idle(one) == set()
    one.at(60, b=[timed(60)])
    assert idle(one) == {A}


def test_after_an_outage_the_timeout_begins_anew_for_producers_waited_too(watch, source):
    one = watch(source)
    one.at(0, a=[RECORD], b=[RECORD])
    source.words = "Kafka has not answered for 23 s"
    for second in range(10, 310, 10):
        one.at(second)
    source.words = None
    one.at(301)
    assert idle(one) == set()
    one.at(359)
    assert idle(one) == set()
    one.at(361)
    assert idle(one) == {A, B}


def test_what_has_more_or_nobody_can_tell_of_is_quiet_from_then_on(watch, source):
    one = watch(source)
    one.at(0, a=[RECORD])
    source.ended = False
    one.at(70, b=[timed(60)])
    source.ended = True
    one.at(80, b=[timed(61)])
    assert idle(one) == set()
    one.at(131, b=[timed(62)])
    assert idle(one) == {A}


def test_of_many_partitions_that_cannot_be_asked_one_turn_asks_one(watch, source):
    one = watch(source)
    one.at(0, a=[RECORD], b=[RECORD])
    source.ended, asked = False, []
    source.at_end = asked.append
    one.at(70)
    assert asked == [A]
    one.at(73)
    assert asked == [A, B]
    one.at(100)
    assert asked == [A, B]
