"""Signals given the level of a field: what one level does is told of it, what all do of all, and neither by chance."""

from __future__ import annotations

import copy
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judge_streams import judge_of, judged, outcomes
from level_shop import Shop, X, by_level, shop, until

from detectors import CategoryBins, NumericBins
from monitor.counting.tally import Layout, Tally
from monitor.judge.alone import shared
from monitor.judge.bets import SCALE
from monitor.judge.by_level import ALONE, TOGETHER, ByLevel, following_in
from monitor.judge.edetector import NOTHING, log_total
from monitor.judge.strata import strata
from monitor.reference.contexts import Contexts, names_of
from monitor.reference.schema import Schema
from monitor.reference.store import Reference
from monitor.state import snapshot


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_shift_of_one_level_is_told_within_a_few_dozen_of_its_records(seed):
    """Of 2 standard deviations log(AJ) / KL is some 10 records of that level, log(20) / KL for the search 2 more."""
    traffic, judge = shop(seed)
    records, finding = until(judge, traffic, 10, t7=2.0)
    assert records <= 1_000  # 50 of its own
    assert (finding.given, finding.level) == ("feature.tenant", "t07")
    assert finding.signal.bins == by_level(judge).null.signals[0].bins
    assert finding.onset >= 18
    assert finding.effect.w > 0.8
    assert sum(b.expected for b in finding.bins) < 0.4
    assert finding.bins[0].observed > 0.3  # of that level's records


def test_a_small_shift_of_one_level_is_told_of_it():
    traffic, judge = shop()
    records, finding = until(judge, traffic, 40, t7=0.7)
    assert records <= 6_000
    assert (finding.level, finding.shape) == ("t07", "shifted up")


def test_values_that_are_missing_in_one_level_are_told_of_it():
    traffic, judge = shop()
    found = []
    while not found and judge.last < 25:
        tally = traffic.tally(200)
        for cells in (tally.cells, tally.given[7]):
            cells[3 + 18] = 5
        (verdict,) = judged(judge, [tally])
        found = [f for f in verdict.alarms if f.signal.name == "quality.missing.x"]
    assert (found[0].level, found[0].shape) == ("t07", "missing")
    assert 15 < found[0].effect.points < 50  # of that level's records


@pytest.mark.parametrize("seed", [1, 2])
def test_a_shift_of_all_levels_is_told_of_all(seed):
    traffic, judge = shop(seed)
    records, finding = until(judge, traffic, 10, **{f"t{n}": 0.3 for n in range(20)})
    assert records <= 1_200
    assert (finding.given, finding.level) == ("feature.tenant", None)


def test_all_levels_together_keep_three_quarters_of_the_evidence():
    traffic, judge = shop()
    judged(judge, [traffic.tally(200, **{f"t{n}": 0.1 for n in range(20)}) for _ in range(3)])
    family, tally = by_level(judge), traffic.tally(200)
    told = family.advance(tally.cells, mass=200, slot=30, slots=1, records=0, given=tally.given)
    assert (told >= family.detector.evidence() + TOGETHER).all()
    assert (told >= log_total(family.alone.detector.evidence().reshape(-1, 2).T) + ALONE).all()


def test_levels_stay_quiet():
    traffic, judge = shop(records=20_000)
    assert not [v.alarms for v in judged(judge, [traffic.tally(1_000) for _ in range(150)]) if v.alarms]


def test_records_that_begin_to_come_five_times_in_a_row_are_known_within_levels():
    """No level has 100 records in a slot: what all of them show together is known long before."""
    traffic, judge = shop(tolerance=0.1)

    def bursts(slots):
        return [traffic.tally(40) for _ in range(slots)]

    def repeated(tally):
        return Tally(tally.cells * 5, given=tally.given * 5)

    judged(judge, [repeated(tally) for tally in bursts(150)])
    family = by_level(judge)
    assert 3 < family.bursts.effect(0) < 7
    assert 3 < family.alone.bursts.effect(0) < 10
    assert not [v.alarms for v in judged(judge, [repeated(tally) for tally in bursts(300)]) if v.alarms]


@given(st.lists(st.integers(0, 1 << 30), min_size=1, max_size=30).filter(any), st.integers(1, 1 << 31))
def test_parts_of_a_start_mass_add_up_to_it_or_a_little_less(records, mass):
    parts = shared(np.array([mass]), np.array(records)[:, None]).ravel()
    assert ((parts == NOTHING) == (np.array(records) == 0)).all()
    added = sum(exp(part / SCALE) for part in parts.tolist() if part > NOTHING)
    assert mass * (1 - 1e-6) <= added <= mass * (1 + 1e-12)


def small():
    """Return two levels with two bins, and of each the law at the border of what is accepted there."""
    layout = Layout([NumericBins(X, "features", (0.0, 1.0, 2.0)), CategoryBins("feature.of", "features", ("a", "b"))])
    cells = np.zeros((6, layout.total), dtype=np.int64)
    cells[0, [4, 5]], cells[1, [4, 5]] = (7_000, 3_000), (3_000, 3_000)
    counts = cells.sum(axis=0)
    contexts = Contexts("feature.of", names_of("feature.of", layout), (X,), cells)
    reference = Reference("m", Schema(()), layout, counts, 16_000, {}, None, None, contexts=(contexts,))
    watched = [(s, start) for s, start in layout.signals(counts) if s.name == X]
    family = ByLevel(strata(reference, contexts, watched, lambda _: 0.1, [])[0], slots_a_day=8_640)
    laws = []
    for level, null in enumerate(family.strata.nulls[:2]):
        p, radius = null.accepted[0], float(null.fixed[0])
        moved = radius * (p[0] * p[1]) ** 0.5 * (1 if level == 0 else -1)
        laws.append((float(p[0] - moved), float(p[1] + moved)))
    return layout, family, laws


def test_evidence_of_levels_is_at_most_the_start_mass_on_average():
    """All paths of three slots of two records: which levels come, and what they bring, one level up and one down."""
    layout, family, laws = small()
    law = tuple(share * p for share, own in zip((0.25, 0.75), laws, strict=True) for p in own)
    expected, alone = np.zeros(3), np.zeros(3)

    def walk(before, slot, probability):
        for counts, chance in outcomes(2, law):
            own = copy.deepcopy(before)
            cells = np.zeros((6, layout.total), dtype=np.int64)
            cells[0, [4, 5]], cells[1, [4, 5]] = counts[:2], counts[2:]
            told = own.advance(cells.sum(axis=0), mass=1, slot=slot, slots=1, records=2 * slot, given=cells)
            expected[slot] += probability * chance * exp(int(told[0]) / SCALE)
            sums = own.alone.detector.log_r + own.alone.detector.log_shares
            alone[slot] += probability * chance * float(np.exp(sums / SCALE).sum())
            if slot < 2:
                walk(own, slot + 1, probability * chance)

    walk(family, 0, 1.0)
    for found in (expected, alone):
        assert (found <= np.arange(1, 4) + 1e-9).all()
        assert found[-1] > 0.5


def test_an_alarm_starts_a_signal_anew_in_all_levels_and_no_other_signal():
    traffic, judge = shop()
    until(judge, traffic, 10, t7=2.0)
    family = by_level(judge)
    own = family.alone.detector.log_r.reshape(family.alone.levels, 2, -1)
    assert (own[:, 0] == NOTHING).all()
    assert (family.detector.log_r[0] == NOTHING).all()
    assert (own[:20, 1].max(axis=1) > NOTHING).all()


def test_a_level_is_back_when_its_own_records_are():
    traffic, judge = shop(tolerance=0.1)
    until(judge, traffic, 10, t7=2.0)
    until(judge, traffic, 10, t7=2.0)
    judged(judge, [traffic.tally(200, t7=2.0) for _ in range(20)])
    assert list(judge.calms) == [(X, 7)]
    assert not judge.calm(X)
    judged(judge, [traffic.tally(200) for _ in range(600)])
    assert judge.calm(X)
    assert judge.calms[X, 7].onset is None


def test_a_signal_is_back_when_all_its_levels_are():
    traffic, judge = shop(tolerance=0.1)
    judged(judge, [traffic.tally(200, t7=2.0, t12=2.0) for _ in range(20)])
    assert sorted(judge.calms) == [(X, 7), (X, 12)]
    judged(judge, [traffic.tally(200, t12=2.0) for _ in range(600)])
    assert judge.calms[X, 7].reached
    assert not judge.calm(X)
    judge.forget([X])
    assert judge.calm(X)
    assert judge.alarmed(X) is None


def test_a_level_that_sends_nothing_for_a_day_keeps_no_incident_open():
    traffic = Shop()
    judge = judge_of(traffic.reference(), slot=3_600_000)
    until(judge, traffic, 10, t7=2.0)
    traffic.shares = np.array([0.0 if n == 7 else 1 / 19 for n in range(20)])
    calm = []
    for _ in range(30):
        judged(judge, [traffic.tally(200)])
        calm.append(judge.calm(X))
    assert calm == [False] * 24 + [True] * 6


def test_later_alarms_of_a_level_rest_on_all_its_records_since_the_onset():
    traffic, judge = shop()
    _, first = until(judge, traffic, 10, t7=1.5)
    judged(judge, [traffic.tally(200, t7=1.5) for _ in range(40)])
    _, later = until(judge, traffic, 10, t7=1.5)
    assert later.onset == first.onset
    assert later.effect.high - later.effect.low < 0.5 * (first.effect.high - first.effect.low)


def test_a_judge_of_levels_goes_on_after_a_restart_as_if_nothing_had_been(tmp_path):
    traffic, whole = shop()
    until(whole, traffic, 10, t7=2.0)
    snapshot.save(tmp_path / "snapshot", whole.state())
    restored = judge_of(Shop(seed=1).reference(), tolerance=0.0)
    restored.restore(snapshot.load(tmp_path / "snapshot"))
    slots = [traffic.tally(200, t7=2.0, t3=1.0) for _ in range(30)]
    assert judged(whole, slots) == judged(restored, slots)
    assert repr(whole.state()) == repr(restored.state())


def test_bets_that_follow_all_levels_are_the_same_one_level_at_a_time():
    traffic, judge = shop(records=10_000)
    judged(judge, [traffic.tally(200, **{f"t{n}": 0.4 for n in range(20)}) for _ in range(6)])
    family = by_level(judge)
    counts = traffic.given(5_000)
    family.here = family._levels(counts)
    family.alone.take(family.here)
    tables, awake = following_in(family.memory, family.alone)
    assert awake.any()
    made = (tables * family.alone.counts[:, None, :]).sum(axis=2)
    for level, own in family.here:
        expected, there = family.memory.bets_in(level)
        rows = slice(2 * level, 2 * level + 2)
        assert (awake[rows] == there).all()
        assert np.abs(made[rows] - (expected * own[:, None, :]).sum(axis=2)).max() <= own.sum()


def test_bins_that_are_joined_in_a_level_are_called_by_all_of_them():
    family = by_level(judge_of(Shop().reference(9_000)))
    assert len(family.strata.nulls[0].signals[0].bins) < 16
    for signal in family.alone.null.signals[:40]:
        edges = [label[1:-1].split(", ") for label in signal.bins[1:-1]]
        bounds = [signal.bins[0][2:], *(right for _, right in edges)]
        assert bounds == [*(left for left, _ in edges), signal.bins[-1][2:]]


def test_slots_of_which_nothing_is_known_by_level_only_wait():
    traffic, judge = shop()
    tally = traffic.tally(200)
    tally.given = None
    (verdict,) = judged(judge, [tally])
    assert verdict.alarms == []
    assert set(by_level(judge).detector.pending.tolist()) == {200}


def test_more_records_by_level_than_fit_are_judged_as_fewer_of_the_same():
    traffic, judge = shop()
    tally = traffic.tally(200, t7=2.0)
    tally.cells <<= 30
    tally.given <<= 30
    (verdict,) = judged(judge, [tally])
    assert X in {f.signal.name for f in verdict.alarms}
    assert 0 < verdict.evidence[judge.signals.index(by_level(judge).null.signals[0])] < 1e10
