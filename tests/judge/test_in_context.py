"""Signals given the hour or the weekday: quiet through cycles, quick at shifts, valid in every context."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cycles_world import MONDAY, daily, reference_of, slots_of, steady, weekend
from judge_streams import judge_of

from detectors import CategoryBins, NumericBins
from monitor.counting.tally import RECORDS, Layout
from monitor.formats.batch import Batch
from monitor.judge.bets import SCALE
from monitor.judge.in_context import FamilyInContext
from monitor.reference.contexts import DAY, HOUR, Given
from monitor.reference.in_time import InTime
from monitor.reference.schema import Schema
from monitor.reference.store import Reference

SLOT = 900_000


def _judge(reference, tolerance=0.0):
    return judge_of(reference, tolerance=tolerance, every=1e6, slot=SLOT)


def _run(judge, slots):
    return [(slot, finding) for slot, tally in slots for finding in judge.advance(slot, tally).alarms]


def _both(times, draw):
    return daily(0.5)(times, draw) + weekend(0.5)(times, draw)


def _shifted(law, by):
    return lambda times, draw: law(times, draw) + by


@pytest.mark.parametrize("law", [daily(0.5), weekend(0.5), _both], ids=["daily", "weekly", "both"])
@pytest.mark.parametrize("records", [10_000, 40_000])
def test_a_cycle_is_no_shift_with_what_build_chose_by_itself(law, records):
    reference = reference_of(law, 28, records, seed=1)
    assert reference.contexts
    assert _run(_judge(reference), slots_of(reference, law, 7, 200, seed=2)) == []


def test_a_weekend_without_records_costs_nothing_and_ends_quietly():
    reference = reference_of(daily(0.5), 28, 20_000, seed=1)
    judge = judge_of(reference, tolerance=0.0, every=1e6, slot=HOUR)
    week = [
        (at, tally)
        for at, tally in slots_of(reference, daily(0.5), 9, 600, seed=2, slot=HOUR)
        if _day(at) not in (5, 6)
    ]
    assert _run(judge, week) == []
    assert judge.records == 7 * 24 * 600


def test_hours_that_the_reference_never_had_are_not_judged_and_stop_nothing():
    reference = reference_of(daily(0.5), 5, 20_000, seed=1, cycles=("hour_of_week",))
    judge = judge_of(reference, tolerance=0.0, every=1e6, slot=HOUR)
    assert _run(judge, slots_of(reference, daily(0.5), 8, 600, seed=2, slot=HOUR)) == []


def _day(slot):
    """Days since the Monday on which live slots begin."""
    return (slot * HOUR - MONDAY - 364 * DAY) // DAY


@pytest.mark.parametrize("law", [daily(0.5), weekend(0.5)], ids=["daily", "weekly"])
def test_without_contexts_it_would_be_told(law):
    reference = replace(reference_of(law, 28, 50_000, seed=1), contexts=())
    assert _run(_judge(reference), slots_of(reference, law, 7, 200, seed=2))


@pytest.mark.parametrize(
    ("law", "by", "within"), [(daily(0.5), 0.5, 3), (daily(0.5), -0.3, 8), (weekend(0.5), 0.3, 4), (_both, 0.5, 6)]
)
def test_a_shift_is_told_for_what_it_is_whatever_the_hour(law, by, within):
    reference = reference_of(law, 28, 50_000, seed=1)
    judge = _judge(reference)
    assert _run(judge, slots_of(reference, law, 1, 200, seed=2)) == []
    start = judge.last
    slots = ((start + 1 + n, tally) for n, (_, tally) in enumerate(slots_of(reference, _shifted(law, by), 1, 200, 3)))
    slot, finding = next((s, f) for s, tally in slots for f in judge.advance(s, tally).alarms)
    assert slot - start <= within
    assert finding.shape == ("shifted up" if by > 0 else "shifted down")
    assert finding.given == reference.contexts[0].by
    assert abs(by) * 0.7 < finding.effect.w < abs(by) * 1.6  # about what is accepted at that hour, of few records


def test_hours_that_follow_each_other_are_no_bursts():
    """A block of records is longer than an hour here, so neighbours would always differ."""
    law = daily(1.0)
    reference = reference_of(law, 28, 50_000, seed=1)
    judge = _judge(reference)
    _run(judge, slots_of(reference, law, 4, 10, seed=2))
    (family,) = [f for f in judge.families if isinstance(f, FamilyInContext) and f.values]
    assert family.bursts.effect(0) == family.null.effects[0]


def test_night_instead_of_day_is_told():
    """Twelve hours later everything looks alike, but for the clock."""
    law = daily(0.5)
    reference = reference_of(law, 28, 50_000, seed=1)
    late = slots_of(reference, lambda t, d: law(t + 43_200_000, d), 1, 200, seed=2)
    assert _run(_judge(reference), late)


def _worst(p, factors, radius):
    """Return the largest mean of the factors over the chi-square ball, which Cauchy-Schwarz gives."""
    mean = float(p @ factors)
    return mean + radius * float(p @ (factors - mean) ** 2) ** 0.5


@pytest.mark.parametrize("records", [5_000, 50_000])
def test_every_bet_is_fair_in_every_context_for_every_law_in_its_ball(records):
    reference = reference_of(daily(0.5), 14, records, seed=1)
    judge = _judge(reference)
    _run(judge, slots_of(reference, _shifted(daily(0.5), 0.2), 2, 200, seed=2))
    (family,) = [f for f in judge.families if isinstance(f, FamilyInContext) and f.values]
    for context, null in enumerate(family.strata.nulls):
        tables, active = family._bets(context)
        p = family.strata.accepted[context, 0]
        assert p.sum() == pytest.approx(1)
        assert active.any() == (len(null.signals[0].bins) > 1)
        for bet in np.flatnonzero(active[0]).tolist():
            radius = null.fixed[0] if bet < family.fixed_bets else null.adaptive[0]
            assert _worst(p, np.exp(tables[0, bet, : len(p)] / SCALE), float(radius)) <= 1 + 1e-6


def test_bins_that_are_thin_in_a_context_are_joined_there():
    reference = reference_of(daily(1.0), 14, 5_000, seed=1)
    (family,) = [f for f in _judge(reference).families if isinstance(f, FamilyInContext) and f.values]
    (contexts,) = reference.contexts
    for context, null in enumerate(family.strata.nulls):
        held = family.null.gather(contexts.counts[context])[0]
        joined = np.bincount(family.strata.groups[context, 0], weights=held)
        assert joined.min() >= 50
        assert len(null.signals[0].bins) == len(joined) <= len(held)


def test_what_is_remembered_goes_on_to_the_same_verdicts():
    reference = reference_of(daily(0.5), 14, 20_000, seed=1)
    slots = list(slots_of(reference, _shifted(daily(0.5), 0.15), 2, 200, seed=2))
    whole, half = _judge(reference), _judge(reference)
    expected = [whole.advance(slot, tally) for slot, tally in slots]
    for slot, tally in slots[:100]:
        half.advance(slot, tally)
    again = _judge(reference)
    again.restore(half.state())
    assert [again.advance(slot, tally) for slot, tally in slots[100:]] == expected[100:]


def test_a_stream_that_is_back_is_calm_in_every_context():
    law = daily(0.5)
    reference = reference_of(law, 28, 50_000, seed=1)
    judge = _judge(reference, tolerance=0.1)
    found = _run(judge, slots_of(reference, _shifted(law, 0.5), 1, 200, seed=2))
    assert found
    assert not judge.calm("feature.x")
    start = judge.last
    for n, (_, tally) in enumerate(slots_of(reference, law, 1, 200, seed=3)):
        judge.advance(start + 1 + n, tally)
    assert judge.calm("feature.x")


def test_a_share_is_accepted_by_the_hour():
    """Missing at night only: more of it by day is told, as much of it at night is not."""
    reference = reference_of(steady, 28, 50_000, seed=1, cycles=("hour_of_day",))
    (contexts,) = reference.contexts
    start = reference.layout.starts[0]
    missing = start + reference.layout.detectors[0].cells - 2
    counts, whole = contexts.counts.copy(), reference.counts.copy()
    counts[:6, missing] = 500
    whole[missing] += 3_000
    reference = replace(reference, counts=whole, contexts=(replace(contexts, counts=counts),))
    judge, draw = _judge(reference, tolerance=0.1), np.random.default_rng(1)

    def slots(share):
        for slot, tally in slots_of(reference, steady, 2, 200, seed=2):
            tally.cells[missing] = draw.binomial(200, share if slot % 96 < 24 else 0.0)
            yield slot, tally

    assert _run(judge, slots(0.15)) == []
    assert _run(_judge(reference, tolerance=0.1), ((s + 48, t) for s, t in slots(0.15)))


REGIONS = ("north", "south", "east")
FEATURE = NumericBins("feature.x", "features", tuple(np.linspace(-4.0, 6.0, 21).tolist()))
FIELD = CategoryBins("feature.region", "features", REGIONS)


def _regions(draw, shares, records, by=0.0):
    """A batch whose values differ from region to region, all of them moved by so much."""
    of = draw.choice(3, records, p=shares)
    values = np.clip(of + by + draw.normal(size=records), -3.9, 5.9)
    return Batch(np.arange(records), numbers={"feature.x": values}, texts={"feature.region": [REGIONS[r] for r in of]})


def _tally(layout, batch):
    return layout.count(batch, layout.codes(batch), np.arange(len(batch)))


def _by_region(seed=1, records=30_000):
    layout = Layout([FEATURE, FIELD])
    batch = _regions(np.random.default_rng(seed), [0.5, 0.3, 0.2], records)
    codes = layout.codes(batch)
    counts = _tally(layout, batch).cells
    found = InTime(layout, counts, ("feature.region",))
    given = Given(np.zeros(records, dtype=np.int64), codes[1] - layout.starts[1])
    found.look([(0, codes[0] - layout.starts[0], given), (1, given.levels, given)])
    assert counts[RECORDS] == records
    return Reference("m", Schema(()), layout, counts, records, {}, None, None, contexts=found.contexts)


@pytest.mark.parametrize(("shares", "by", "told"), [((0.1, 0.1, 0.8), 0.0, False), ((0.5, 0.3, 0.2), 0.5, True)])
def test_given_a_field_another_mix_of_it_is_no_shift_of_the_others(shares, by, told):
    reference, draw = _by_region(), np.random.default_rng(2)
    layout = reference.layout.watching(set(), context="feature.region")
    judge = _judge(reference)
    found = [_tally(layout, _regions(draw, shares, 300, by)) for _ in range(40)]
    alarms = {finding.signal.name for slot, tally in enumerate(found) for finding in judge.advance(slot, tally).alarms}
    assert ("feature.x" in alarms) == told
    assert ("feature.region" in alarms) == (shares[0] < 0.5)


def test_given_a_field_parts_of_a_slot_add_in_any_order():
    reference, draw = _by_region(), np.random.default_rng(2)
    layout = reference.layout.watching(set(), context="feature.region")
    batches = [_regions(draw, [0.2, 0.3, 0.5], 100) for _ in range(3)]
    one, other = layout.empty(), layout.empty()
    for batch in batches:
        one += _tally(layout, batch)
    for batch in reversed(batches):
        other += _tally(layout, batch)
    assert np.array_equal(one.given, other.given)
    assert np.array_equal(one.given.sum(axis=0)[3:], one.cells[3:])
    assert _judge(reference).advance(0, one) == _judge(reference).advance(0, other)


def test_levels_that_nobody_accepted_are_not_judged_by_others():
    reference = _by_region()
    layout = reference.layout.watching(set(), context="feature.region")
    batch = Batch(np.arange(500), numbers={"feature.x": np.full(500, 5.0)}, texts={"feature.region": ["west"] * 500})
    verdict = _judge(reference).advance(0, _tally(layout, batch))
    assert "feature.x" not in {finding.signal.name for finding in verdict.alarms}
    assert "quality.unseen.region" in {finding.signal.name for finding in verdict.alarms}
