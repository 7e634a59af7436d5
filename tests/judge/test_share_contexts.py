"""A share that is watched given a context: what contexts come must not matter, how often events come in each must."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judge_streams import null_of

from detectors.detector import Signal
from monitor.judge.bets import SCALE, share_bets
from monitor.judge.calm import back_from_shares
from monitor.judge.family import Family
from monitor.judge.null import DELTA, SHARES
from monitor.reference.quantiles import share_at_most

BINS = ("stays at low", "flips at low", "stays at high", "flips at high")
FLIPS = Signal("shadow.noise", "robustness", "share", ordered=False, bins=BINS, bin_of=(0, 1, 2, 3))
ACCEPTED = [800, 200, 3_960, 40]
"""A share of .2 in one context, .01 in the other."""


def test_each_context_has_its_own_bound():
    bounds = null_of(FLIPS, ACCEPTED, tolerance=3.0).bounds[0]
    upper = DELTA * SHARES / 2
    assert bounds.tolist() == pytest.approx(
        [share_at_most(200, 1_000, upper) + 0.03, share_at_most(40, 4_000, upper) + 0.03]
    )


@given(st.floats(0, 1), st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_no_bet_wins_on_average_whatever_contexts_come(low, below):
    null = null_of(FLIPS, ACCEPTED, tolerance=3.0)
    tables, weights = share_bets(null)
    shares = [part * bound for part, bound in zip(below, null.bounds[0].tolist(), strict=True)]
    law = [w for mix, s in zip((low, 1 - low), shares, strict=True) for w in (mix * (1 - s), mix * s)]
    for table in np.exp(tables[0][weights[0] > 0] / SCALE):
        assert float(table @ law) <= 1 + 1e-9


def test_inputs_that_move_to_where_answers_flip_are_no_evidence_and_no_effect():
    family = Family(null_of(FLIPS, ACCEPTED, tolerance=3.0), 8_640)
    for slot in range(50):  # nine of ten answers come at low confidence, where one in five flips as accepted
        family.advance(np.array([72, 18, 10, 0]), mass=1, slot=slot, slots=1, records=100 * slot)
    assert family.detector.evidence()[0] < 5 * SCALE
    (effect,) = family.present()
    assert abs(effect.points) < 1


def test_more_flips_than_expected_where_they_come_are_evidence_and_the_effect_is_their_excess():
    family = Family(null_of(FLIPS, ACCEPTED, tolerance=3.0), 8_640)
    for slot in range(20):
        family.advance(np.array([10, 0, 72, 18]), mass=1, slot=slot, slots=1, records=100 * slot)
    log_m = family.detector.evidence()[0]
    assert log_m > 50 * SCALE
    finding, _ = family.finding(0, int(log_m))
    (moved,) = finding.bins
    assert (moved.bin, moved.observed) == ("flips", 0.18)
    assert moved.expected == pytest.approx(0.1 * 0.2 + 0.9 * 0.01, abs=1e-4)
    assert finding.effect.points == pytest.approx(18 - 2.9, abs=0.02)


@given(st.floats(0, 1))
def test_the_way_back_is_not_believed_while_any_mix_is_at_the_bounds(low):
    bounds = null_of(FLIPS, ACCEPTED, tolerance=3.0).bounds[0].tolist()
    law = [w for mix, s in zip((low, 1 - low), bounds, strict=True) for w in (mix * (1 - s), mix * s)]
    for table in np.exp(back_from_shares(bounds, 1.0, 4) / SCALE):
        assert float(table @ law) <= 1 + 1e-9
