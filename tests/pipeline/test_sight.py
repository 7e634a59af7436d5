"""What the monitor says about its own sight: silence, trouble, standing still, too much that cannot be used."""

from __future__ import annotations

import json

import pytest
import traffic
from fake_source import FakeSource
from watching import RECORD, TEN_MINUTES, A, B, timed


def test_silence_is_one_incident_and_the_next_record_ends_it(watch):
    one = watch()
    one.at(5, a=[RECORD])
    one.at(5 + TEN_MINUTES - 1)
    assert one.events() == []
    one.at(5 + TEN_MINUTES)
    assert one.events() == [("opened", "quality.freshness", "error")]
    one.at(5 + 3 * TEN_MINUTES)
    assert one.events() == []
    one.at(5 + 3 * TEN_MINUTES + 1, a=[RECORD])
    assert one.events() == [("resolved", "quality.freshness", "error")]


@pytest.mark.parametrize(
    ("lag", "trouble", "words"),
    [
        ({A: 0}, None, "no records read for 10 min: the topic is read to its end; producer down?"),
        ({A: 3}, None, "no records read for 10 min"),
        ({}, None, "no records read for 10 min"),
        ({A: 0}, "Kafka has not answered for 23 s", "no records read for 10 min (Kafka has not answered for 23 s)"),
    ],
)
def test_a_silence_says_whose_it_is_as_far_as_known(watch, lag, trouble, words):
    one = watch()
    one.source.behind, one.source.words = lag, trouble
    one.at(0)
    one.at(TEN_MINUTES)
    assert words in [json.loads(line)["summary"] for line in one.told.getvalue().splitlines()]


def test_silence_from_the_start_counts_from_the_start(watch):
    one = watch()
    one.at(0)
    one.at(TEN_MINUTES - 1)
    assert one.events() == []
    one.at(TEN_MINUTES)
    assert one.events() == [("opened", "quality.freshness", "error")]


def test_what_cannot_be_used_is_no_silence(watch):
    one = watch()
    one.at(0)
    one.at(TEN_MINUTES - 1, a=[b"torn"])
    one.at(TEN_MINUTES + 1)
    assert one.events() == []


def test_a_restart_alone_does_not_end_a_silence(watch):
    one = watch()
    one.at(0)
    one.at(TEN_MINUTES)
    one.events()
    two = watch(states=one.state())
    two.at(0)
    two.at(TEN_MINUTES + 1)
    assert two.events() == []
    two.at(TEN_MINUTES + 2, a=[RECORD])
    assert two.events() == [("resolved", "quality.freshness", "error")]


def test_trouble_of_the_source_blocks_readiness_and_is_in_the_words(watch):
    source = FakeSource(words="Kafka at kafka:9092: cannot be reached; trying again in 2 s")
    one = watch(source)
    one.at(0)
    assert "kafka:9092" in one.ready().why["source"]
    assert one.health.healthz(one.seconds).well
    one.at(TEN_MINUTES)
    assert "kafka:9092" in one.told.getvalue()
    source.words, source.there = None, {A}
    one.at(TEN_MINUTES + 1, a=[RECORD])
    assert one.ready().well
    assert [event for event, _, _ in one.events()] == ["opened", "resolved"]


def test_a_partition_with_records_and_no_progress_is_told_and_not_taken_for_idle(watch):
    source = FakeSource(there={A, B}, behind={A: 5, B: 0})
    one = watch(source)
    for minute in range(10):
        one.at(60 * minute, b=[timed(60 * minute)])
    assert one.events() == []
    one.at(TEN_MINUTES, b=[timed(TEN_MINUTES)])
    assert one.events() == [("opened", "quality.progress", "critical")]
    assert one.ready().state == "stuck"
    assert "t/0" in one.ready().why["progress"]
    one.at(TEN_MINUTES + 1, a=[timed(TEN_MINUTES)])
    assert ("resolved", "quality.progress", "critical") in one.events()
    assert one.ready().well


def test_a_restart_alone_does_not_end_that_nothing_is_judged(watch):
    source = FakeSource(there={A, B}, behind={A: 5, B: 0})
    one = watch(source)
    for minute in range(11):
        one.at(60 * minute, b=[timed(60 * minute)])
    one.events()
    two = watch(source, states=one.state())
    two.at(0)
    two.at(60)
    assert two.events() == []
    for second in (TEN_MINUTES, TEN_MINUTES + 100):
        two.at(second, a=[timed(second)], b=[timed(second)])
    assert two.events() == [("resolved", "quality.progress", "critical")]


def test_a_partition_held_for_running_ahead_does_not_stand_still(watch):
    one = watch(FakeSource(there={A, B}, behind={A: 5}))
    one.at(1_300, a=[timed(1_300)], b=[RECORD])
    for minute in range(1, 12):
        one.at(1_300 + 60 * minute, b=[timed(60 * minute)])
        assert one.source.held == {A}
    assert "quality.progress" not in [signal for _, signal, _ in one.events()]
    assert one.ready().well


def test_times_that_stand_still_or_went_back_are_told_because_no_slot_closes(watch):
    one = watch()
    for second in range(0, 100, 10):
        one.at(second, a=[timed(second)])
    for second in range(100, 80 + TEN_MINUTES, 10):  # a release writes local time as if it were UTC
        one.at(second, a=[timed(second - 5 * 3_600)])
        assert one.ready().well
    one.at(100 + TEN_MINUTES, a=[timed(0)])
    assert ("opened", "quality.progress", "critical") in one.events()
    assert "the times in partition t/0 stand at 2026-01-01T00:01:30Z or went back" in one.ready().why["progress"]
    for second in range(800, 900, 10):
        one.at(second, a=[timed(second)])
    assert one.ready().well


def test_a_long_slot_of_a_sparse_topic_is_not_closed_while_it_runs(watch):
    one = watch(FakeSource(there={A}, ended={A}), slot="1h", max_ahead="2h")
    for second in range(0, 4 * 3_600, 90):
        one.at(second, a=[timed(second)])
        one.at(second + 70)
    assert one.models[0].judge.records >= 80
    assert [event for event in one.events() if event[1].startswith("quality.")] == []


def test_a_partition_that_is_let_go_has_not_stood_still(watch):
    one = watch(FakeSource(there={A, B}, behind={A: 5}))
    one.at(1_300, a=[timed(1_300)], b=[timed(0)])
    for minute in range(1, 20):
        one.at(1_300 + 60 * minute, b=[timed(60 * minute)])
    assert one.source.held == set()
    assert "quality.progress" not in [signal for _, signal, _ in one.events()]


def test_an_outage_is_not_told_as_times_that_stand_still(watch):
    one = watch()
    one.at(0, a=[timed(0)])
    one.source.words = "Kafka at kafka:9092: cannot be reached"
    for minute in range(1, 30):
        one.at(60 * minute)
    one.source.words = None
    one.at(1_801, a=[timed(5)])
    assert [signal for _, signal, _ in one.events()] == ["quality.freshness"] * 2


def test_partitions_read_by_others_are_told_and_nothing_is_judged_without_them(watch):
    source = FakeSource(there={A}, elsewhere={B})
    one = watch(source)
    records = [json.dumps(record).encode() for record in traffic.traffic(10, seed=1)]
    for minute in range(11):
        one.at(60 * minute, a=records[100 * minute : 100 * minute + 100])
        words = one.ready().why["progress"]
        assert "partition t/1 is read by another process of the group" in words  # at once
        assert words.endswith("a group_id of its own, or let both share it with replicas: {}")
    assert words in [json.loads(line)["summary"] for line in one.told.getvalue().splitlines()]
    assert [event for event in one.events() if event[0] == "opened"] == [("opened", "quality.progress", "critical")]
    assert one.models[0].judge.records == 0
    source.elsewhere, source.there = frozenset(), {A, B}
    one.at(TEN_MINUTES + 60, b=records[-1:])
    assert ("resolved", "quality.progress", "critical") in one.events()
    assert one.models[0].judge.records > 0


def test_too_much_that_cannot_be_used_stops_reading_and_is_one_incident(watch):
    one = watch(dead_letters={"max_share": 0.5})
    one.at(0, a=[b"torn"] * 999)
    assert one.events() == []
    one.at(1, a=[b"torn"])
    assert one.events() == [("opened", "quality.dead_letters", "critical")]
    polls = one.source.polls
    one.source.behind = {A: 10_000}
    for minute in range(60):
        one.at(60 * minute)
    assert one.source.polls == polls
    assert one.events() == []
    assert "100 % of the last 1,000 records" in one.ready().why["dead_letters"]
    assert one.health.healthz(one.seconds).well


def test_a_restart_ends_the_stop_only_when_enough_was_read(watch):
    one = watch()
    one.at(0, a=[b"torn"] * 1_000)
    one.events()
    two = watch(states=one.state())
    two.at(0, a=[RECORD] * 999)
    assert two.events() == []
    two.at(1, a=[RECORD])
    assert two.events() == [("resolved", "quality.dead_letters", "critical")]


def test_starting_healthy_idle_and_stuck_are_told_apart(watch):
    source = FakeSource()
    one = watch(source)
    one.at(0)
    assert (one.ready().state, one.ready().well) == ("starting", False)
    source.there = {A}
    one.at(1, a=[RECORD])
    assert (one.ready().state, one.ready().well) == ("healthy", True)
    one.at(62)
    assert one.ready().state == "healthy"
    source.ended = True
    one.at(123)
    assert (one.ready().state, one.ready().well) == ("idle", True)
    one.at(71, a=[RECORD])
    assert (one.ready().state, one.ready().well) == ("healthy", True)
    source.words = "away"
    one.at(72)
    assert (one.ready().state, one.ready().well) == ("stuck", False)


def test_a_partition_of_nothing_usable_holds_up_judging_for_a_minute_and_no_longer(watch):
    one = watch(FakeSource(there={A, B}, ended=True))
    records = [json.dumps(record).encode() for record in traffic.traffic(20, seed=1)]
    for tens in range(20):
        one.at(10 * tens, a=records[100 * tens : 100 * tens + 100], b=[b"torn"])
        assert one.models[0].judge.records == (0 if tens < 6 else 100 * (tens - 3))
