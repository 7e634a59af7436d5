"""What is told of a signal that is judged given its hour: how far it moved there, and when."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_hours import MOVES, heard
from hypothesis import given
from hypothesis import strategies as st

from monitor.judge.edetector import Onset
from monitor.judge.visits import Visits


@pytest.mark.parametrize("name", MOVES)
def test_what_is_told_is_how_far_it_moved_at_its_hours_and_the_interval_holds_it(name):
    held = []
    for seed in range(3):
        found = heard(MOVES[name], seed, per_slot=30, days=1.5)
        held += [
            f.effect.low - 1e-3 <= truth <= f.effect.high + 1e-3
            for f, truth in zip(found.findings, found.counted, strict=True)
        ]
        if name in ("alike", "alike on a strong cycle", "three hours", "no cycle any more", "night for day"):
            last = found.findings[-1]
            assert last.effect.w == pytest.approx(found.counted[-1], rel=0.3)
    assert held
    assert np.mean(held) >= 0.95


def test_bins_that_are_joined_at_an_hour_add_no_shift():
    """At noon hardly any value lies low: how these few are spread over the low bins is not known, and nothing moved."""
    found = heard(MOVES["alike on a strong cycle"], 3, per_slot=200, reference=20_000, days=0.2)
    late = [(f.effect.w, truth) for f, truth in zip(found.findings, found.counted, strict=True)][-5:]
    assert late
    assert all(w == pytest.approx(truth, rel=0.2) for w, truth in late)


def test_hours_that_moved_are_named_once_others_came_and_lead_what_is_told():
    found = heard(MOVES["three hours"], 3, per_slot=6, reference=20_000, days=3).findings[-1]
    assert found.given == "hour_of_day"
    assert found.mostly in ("07:00–10:00", "08:00–10:00")
    assert found.shape == "shifted up"
    assert found.effect.w > 0.3
    assert found.bins[0].observed > 2 * found.bins[0].expected


def test_hours_that_moved_in_opposite_ways_are_named_with_what_each_did():
    told = [
        f for f in heard(MOVES["night for day"], 3, per_slot=6, days=2).findings if " shifted up" in (f.mostly or "")
    ]
    assert told
    assert all(" shifted down" in f.mostly and f.shape in ("shifted up", "shifted down") for f in told)
    assert all(f.effect.w > 0.6 for f in told)


@pytest.mark.parametrize("name", ["alike", "alike on a strong cycle", "wider"])
def test_no_hours_are_named_where_all_moved_alike(name):
    told = [f.mostly for seed in range(3) for f in heard(MOVES[name], seed, per_slot=30, days=1.5).findings]
    assert told
    assert np.mean([mostly is None for mostly in told]) >= 0.9


@pytest.mark.parametrize(("name", "least"), [("an hour late", 0.1), ("night for day", 0.5)])
def test_the_present_effect_does_not_read_nothing_where_hours_cancel(name, least):
    assert heard(MOVES[name], 1, per_slot=30, days=2).present > least


VISITS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 20)), min_size=2, max_size=14)
"""How many slots each hour in turn has records in, and how many these are."""


@given(VISITS, st.data())
def test_what_was_seen_in_each_context_since_an_onset_of_the_last_turn_is_known_exactly(hours, data):
    visits, seen, draw = Visits(1, 14, 3), [], np.random.default_rng(1)
    for hour, (slots, records) in enumerate(hours):
        for part in range(slots):
            seen.append((4 * hour + part, hour, draw.multinomial(records, [0.5, 0.3, 0.2])))
            visits.add(seen[-1][0], hour, seen[-1][2][None])
    begin = data.draw(st.sampled_from([slot for slot, _, _ in seen]))
    expected = np.zeros((14, 3), dtype=np.int64)
    for slot, hour, counts in seen:
        expected[hour] += counts * (slot >= begin)
    onset = Onset(begin, 0, np.zeros(0, dtype=np.int64))
    assert np.array_equal(visits.since(0, onset, expected.sum(axis=0), expected.sum(axis=1)), expected)


def test_what_is_remembered_goes_on_to_the_same_words():
    whole = heard(MOVES["three hours"], 2, per_slot=30, days=1.5)
    again = heard(MOVES["three hours"], 2, per_slot=30, days=1.5, restart_at=130)
    assert [f.mostly for f in again.findings] == [f.mostly for f in whole.findings]
    assert again.findings == whole.findings
    assert again.present == whole.present
