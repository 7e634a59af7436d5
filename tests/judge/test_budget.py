"""One budget for all signals: shares of the groups, and e-d-BH within each."""

from __future__ import annotations

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.judge.budget import SHARES, flagged, thresholds

EVIDENCE = st.lists(st.floats(-5, 30), min_size=1, max_size=12)
THRESHOLD = st.floats(0, 25)


def test_the_groups_share_the_whole_budget():
    every = 259_200.0
    for groups in (list(SHARES), ["features", "features", "quality"], ["quality"]):
        assert sum(1 / exp(t) for t in thresholds(groups, every).values()) == pytest.approx(1 / every)


def test_what_is_not_configured_goes_to_the_others():
    found = thresholds(["features", "quality"], 90.0)
    assert found == pytest.approx({"features": log(90 * 45 / 40), "quality": log(90 * 45 / 5)})


def test_one_signal_alone_needs_the_whole_of_its_group():
    assert flagged([10.0], 10.0) == [0]
    assert flagged([9.999], 10.0) == []


def test_alone_among_many_a_signal_needs_so_many_times_as_much():
    assert flagged([10 + log(4) + 1e-9, 0, 0, 0], 10.0) == [0]
    assert flagged([10 + log(4) - 1e-9, 0, 0, 0], 10.0) == []


def test_together_each_needs_less():
    assert flagged([10 + log(2), 0, 10 + log(2), 0], 10.0) == [0, 2]
    assert flagged([10.0] * 4, 10.0) == [0, 1, 2, 3]


def test_a_weak_one_is_lifted_by_strong_ones_only_as_far_as_they_suffice():
    assert flagged([50, 50, 10 + log(4 / 3), 1], 10.0) == [0, 1, 2]
    assert flagged([50, 10 + log(4 / 3), 1, 1], 10.0) == [0]


@given(EVIDENCE, THRESHOLD)
def test_a_hit_means_that_the_average_evidence_reaches_the_threshold(evidence, threshold):
    found = flagged(evidence, threshold)
    total = sum(exp(evidence[i] - threshold) for i in found)
    assert not found or total / len(evidence) >= 1 - 1e-9


@given(EVIDENCE, THRESHOLD)
def test_the_flagged_are_the_largest_and_as_many_as_can_be(evidence, threshold):
    found = flagged(evidence, threshold)
    ordered = sorted(evidence, reverse=True)
    many = [k for k in range(1, len(ordered) + 1) if ordered[k - 1] >= threshold + log(len(ordered) / k)]
    assert len(found) == max(many, default=0)
    assert sorted((evidence[i] for i in found), reverse=True) == ordered[: len(found)]


@given(EVIDENCE, THRESHOLD, st.data())
def test_more_evidence_never_takes_an_alarm_back(evidence, threshold, data):
    raised = [v + data.draw(st.floats(0, 10)) for v in evidence]
    assert set(flagged(evidence, threshold)) <= set(flagged(raised, threshold))


@given(EVIDENCE, THRESHOLD, st.randoms())
def test_the_order_of_signals_does_not_matter(evidence, threshold, random):
    distinct = list(dict.fromkeys(evidence))
    places = list(range(len(distinct)))
    random.shuffle(places)
    moved = flagged([distinct[p] for p in places], threshold)
    assert sorted(places[i] for i in moved) == flagged(distinct, threshold)


def test_of_equals_all_or_none():
    assert flagged([12.0, 12.0, 3.0], 11.5) == [0, 1]
    assert flagged([11.5 + log(3)] * 2 + [0.0], 11.5) == [0, 1]
    assert flagged([11.5] * 2 + [0.0], 11.5) == []
