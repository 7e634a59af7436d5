"""The promise by exact enumeration: every path of a few slots, each with its probability."""

from __future__ import annotations

import copy
from math import exp, log1p, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judge_streams import judge_of, null_of, outcomes, share_signal, signal

from detectors import CategoryBins
from monitor.counting.tally import RECORDS, Layout, Tally
from monitor.judge.bets import SCALE
from monitor.judge.directions import directions
from monitor.judge.edetector import log_sum
from monitor.judge.family import Family
from monitor.reference.schema import Schema
from monitor.reference.store import Reference


def at_the_border(null, direction):
    """Return the law furthest along a direction of those that the null allows."""
    width = len(null.signals[0].bins)
    accepted = null.accepted[0, :width]
    g = np.array(directions(null.signals[0], accepted.tolist())[direction][1])
    law = accepted * (1 + float(null.fixed[0]) * g)
    assert law.min() > 0
    return tuple((law / law.sum()).tolist())


def paths(null, law, slots, records):
    """Yield (probability, family, Shiryaev-Roberts sums, slot) after each slot of each path."""

    def walk(family, roberts, slot, probability):
        for counts, share in outcomes(records, law):
            own = copy.deepcopy(family)
            tables, active = all_bets(own)
            own.advance(np.array(counts), mass=1, slot=slot, slots=1, records=slot * records)
            gained = np.exp((tables * np.array(counts)).sum(axis=1) / SCALE)
            sums = np.where(active, (roberts + 1) * gained, roberts)
            yield probability * share, own, sums, slot
            if slot + 1 < slots:
                yield from walk(own, sums, slot + 1, probability * share)

    family = Family(null, slots_a_day=8_640)
    yield from walk(family, np.zeros(family.detector.exist.shape[1]), 0, 1.0)


def all_bets(family):
    following, awake = family.recent.bets() if family.values else (family.fixed[:, :0], np.zeros((1, 0), bool))
    tables = np.concatenate([family.fixed, following], axis=1)[0, :, : family.null.shape[1]]
    return tables, np.concatenate([family.detector.exist[:, : family.fixed.shape[1]], awake], axis=1)[0]


def mixture(family):
    detector = family.detector
    return float(np.exp((detector.log_r + detector.log_shares)[0] / SCALE).sum())


CASES = {
    "two bins, a bet a record": (null_of(signal(2), [5_000, 5_000], tolerance=0.1), 0, 6, 1),
    "two bins, bets that follow": (null_of(signal(2), [7_000, 3_000], tolerance=0.1), 0, 3, 12),
    "three bins up": (null_of(signal(3), [4_000, 4_000, 2_000], tolerance=0.1), 0, 4, 2),
    "three bins spread": (null_of(signal(3), [4_000, 4_000, 2_000], tolerance=0.0), 2, 4, 2),
    "three levels": (null_of(signal(3, ordered=False), [6_000, 3_000, 1_000], tolerance=0.2), 4, 4, 2),
}


@pytest.mark.parametrize("case", CASES)
def test_evidence_is_at_most_the_start_mass_on_average(case):
    null, direction, slots, records = CASES[case]
    expected, highest, lowest = np.zeros(slots), 0.0, 1.0
    for probability, family, roberts, slot in paths(null, at_the_border(null, direction), slots, records):
        expected[slot] += probability * mixture(family)
        sums, cusums = np.exp(family.detector.log_r[0] / SCALE), np.exp(family.detector.log_c[0] / SCALE)
        highest = max(highest, float((sums / np.maximum(roberts, 1e-300))[sums > 0].max()))
        lowest = min(lowest, float((sums / np.maximum(roberts, 1e-300))[sums > 0].min()))
        assert (cusums <= sums * (1 + 1e-6)).all()
    assert highest <= 1 + 1e-6  # the mean of the exact sum is the start mass
    assert lowest >= 1 - slots * 2**-11
    assert (expected <= np.arange(1, slots + 1) + 1e-9).all()
    assert expected[-1] > 0.5


def test_evidence_on_a_share_is_at_most_the_start_mass_on_average():
    null = null_of(share_signal(), [9_000, 1_000], tolerance=1.0)
    law = (1 - float(null.fixed[0]), float(null.fixed[0]))
    expected = np.zeros(5)
    for probability, family, _, slot in paths(null, law, 5, 3):
        expected[slot] += probability * mixture(family)
    assert (expected <= np.arange(1, 6) + 1e-9).all()
    assert expected[-1] > 0.5


def test_beyond_the_border_evidence_grows():
    null = null_of(signal(2), [5_000, 5_000], tolerance=0.1)
    assert sum(p * mixture(f) for p, f, _, slot in paths(null, (0.1, 0.9), 3, 12) if slot == 2) > 1_000


@pytest.mark.parametrize("every", [1.5, 4.0])
def test_false_alarms_are_at_most_the_start_mass_over_the_budget(every):
    """With a budget so small that alarms happen, over all paths: restarts after alarms keep the promise."""
    detector = CategoryBins("feature.x", "features", ("a", "b"), quality=())
    layout = Layout([detector])
    counts = np.array([10_000, 0, 0, 7_000, 3_000, 0, 0, 0, 0])
    reference = Reference("m", Schema(()), layout, counts, 10_000, {}, None, None)
    judge = judge_of(reference, tolerance=0.1, every=every, in_records=False)
    share = 0.3 + 0.1 * sqrt(0.3 * 0.7)
    expected = np.zeros(3)

    def walk(state, slot, probability):
        for here, chance in outcomes(14, (1 - share, share)):
            judge.restore(state)
            cells = np.zeros(layout.total, dtype=np.int64)
            cells[RECORDS], cells[3:5] = 14, here
            expected[slot] += probability * chance * bool(judge.advance(slot, Tally(cells)).alarms)
            if slot < 2:
                walk(copy.deepcopy(judge.state()), slot + 1, probability * chance)

    walk(copy.deepcopy(judge.state()), 0, 1.0)
    assert expected[0] > 0
    assert expected[2] > 0
    assert (np.cumsum(expected) <= np.arange(1, 4) / every).all()


def test_what_is_told_as_evidence_is_the_sum_of_all_bets_or_a_little_less():
    family = Family(null_of(signal(2), [5_000, 5_000]), 8_640)
    for slot in range(6):
        told = family.advance(np.array([10, 10 if slot == 0 else 40]), mass=1, slot=slot, slots=1, records=0)
        assert 0.995 * mixture(family) <= exp(int(told[0]) / SCALE) <= mixture(family) * (1 + 1e-9)


@given(st.integers(-(1 << 60), 1 << 36), st.integers(-(1 << 60), 1 << 36))
def test_logarithms_are_added_in_integers_and_rounded_down(a, b):
    told = int(log_sum(np.array([a]), np.array([b]))[0])
    larger, apart = max(a, b), abs(a - b) / SCALE
    assert larger <= told
    assert -1 - SCALE * 2**-11 <= told - larger - SCALE * log1p(exp(-apart)) <= 1e-6
    assert told == int(log_sum(np.array([b]), np.array([a]))[0])
