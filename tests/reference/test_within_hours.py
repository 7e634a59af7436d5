"""A strong cycle moves within an hour too: that is known, and nobody is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cycles_world import daily, reference_of, slots_of, steady, weekend

from monitor.judge.judge import Budget, Judge
from monitor.reference.contexts import DAY

SLOT = 600_000
STEEPEST = 1.5 * 6.283 / 24 / 2
"""By how much the mean lies off its hour's at the end of the steepest hour."""


def alarms(reference, law):
    judge = Judge(reference, Budget(30 * DAY / SLOT, in_records=False), lambda _: 0.1, SLOT)
    return sum(len(judge.advance(slot, tally).alarms) for slot, tally in slots_of(reference, law, 3, 6_000, seed=2))


@pytest.mark.parametrize("seed", range(4))
def test_how_far_a_law_moves_within_an_hour_is_found(seed):
    found = reference_of(daily(1.5), 28, 20_000, seed).within["feature.x"]
    assert STEEPEST <= found <= 1.6 * STEEPEST


@pytest.mark.parametrize("law", [steady, weekend(1.0), daily(0.2)])
def test_what_does_not_move_within_an_hour_is_not_said_to(law):
    assert not any(reference_of(law, 28, 20_000, seed).within for seed in range(8))


def test_a_strong_cycle_is_quiet_at_any_time_of_an_hour():
    reference = reference_of(daily(1.5), 28, 20_000, seed=1)
    assert alarms(reference, daily(1.5)) == 0
    assert alarms(replace(reference, within={}), daily(1.5)) > 0


def test_a_shift_that_is_larger_than_that_is_told():
    reference = reference_of(daily(1.5), 28, 20_000, seed=1)
    shifted = daily(1.5)
    assert alarms(reference, lambda times, draw: 0.6 + shifted(times, draw)) > 0
