"""What a cycle moves within an hour is followed, and nobody is told of what is left of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cycles_world import daily, reference_of, slots_of, steady, weekend

from monitor.judge.judge import Budget, Judge
from monitor.reference.contexts import CYCLES, DAY, HOUR
from monitor.reference.movement import within_quarters

SLOT = 300_000
HOURS = tuple(name for name in CYCLES if not name.startswith("quarter"))


def sharply(size):
    """Return a law that is another one at nine, and again at five."""
    return lambda times, draw: size * ((times // HOUR % 24 + 7) % 24 >= 16) + draw.normal(size=len(times))


def alarms(reference, law, tolerance=0.1):
    judge = Judge(reference, Budget(30 * DAY / SLOT, in_records=False), lambda _: tolerance, SLOT)
    slots = slots_of(reference, law, 2, 6_000, seed=2, slot=SLOT)
    return sum(len(judge.advance(slot, tally).alarms) for slot, tally in slots)


def pace(size):
    """Return how far the mean moves in half an hour, where it is steepest."""
    return size * np.pi / 24


@pytest.mark.parametrize("size", [0.5, 1.5])
@pytest.mark.parametrize("records", [5_000, 50_000])
def test_what_moves_smoothly_is_compared_with_the_hour_and_a_quarter_around_it(size, records):
    reference = reference_of(daily(size), 28, records, seed=1)
    (contexts,) = reference.contexts
    assert contexts.by == "quarter_of_day"
    detector, start = reference.layout.detectors[0], reference.layout.starts[0]
    held = contexts.counts[:, start : start + detector.cells]
    assert held.sum() == 5 * records
    assert within_quarters(pace(size)) <= reference.within["feature.x"] <= within_quarters(pace(size)) + 0.03


@pytest.mark.parametrize("law", [sharply(1.0), sharply(2.0)])
def test_what_begins_sharply_with_an_hour_is_left_to_hours(law):
    references = [reference_of(law, 28, 20_000, seed) for seed in range(8)]
    assert {reference.contexts[0].by for reference in references} == {"hour_of_day"}
    assert alarms(references[0], law) == 0


@pytest.mark.parametrize("law", [steady, weekend(1.0)])
def test_what_does_not_move_within_an_hour_is_not_said_to(law):
    assert not any(reference_of(law, 28, 20_000, seed).within for seed in range(8))


def test_where_only_hours_may_be_compared_how_far_it_moves_is_allowed():
    reference = reference_of(daily(1.5), 28, 20_000, seed=1, cycles=HOURS)
    assert reference.contexts[0].by == "hour_of_day"
    assert pace(1.5) <= reference.within["feature.x"] <= 1.6 * pace(1.5)
    assert alarms(reference, daily(1.5)) == 0
    assert alarms(replace(reference, within={}), daily(1.5)) > 0


@pytest.mark.parametrize("size", [0.5, 1.0, 3.0])
def test_a_cycle_is_quiet_at_any_time_of_an_hour(size):
    """At 20 records a second, with 20,000 accepted ones, and though nothing is tolerated."""
    assert alarms(reference_of(daily(size), 28, 20_000, seed=1), daily(size), tolerance=0.0) == 0


def job(times, draw):
    """Steady but for a job of a quarter of an hour, and no cycle otherwise."""
    return 0.7 * (times % DAY // (HOUR // 4) == 36) + draw.normal(size=len(times))


def test_a_short_job_is_measured_though_its_hour_hardly_moves():
    reference = reference_of(job, 14, 400_000, seed=1)
    assert reference.within["feature.x"] > 0.4
    assert alarms(reference, job) == 0


def test_values_beyond_the_range_may_come_more_often_at_their_hour():
    """Of this draw the accepted minimum lies far in: 3 in 10,000 are below it, 9 at their hour."""
    reference = reference_of(daily(0.5), 28, 20_000, seed=6)
    assert alarms(reference, daily(0.5), tolerance=0.0) == 0


def test_a_shift_that_is_larger_than_that_is_told():
    reference = reference_of(daily(1.5), 28, 20_000, seed=1)
    shifted = daily(1.5)
    assert alarms(reference, lambda times, draw: 0.3 + shifted(times, draw)) > 0
