"""Every half ends as part of a record, alone, twice, late or as a dead letter: whatever its body holds."""

from __future__ import annotations

import pytest
from half_logs import LARGE, TOGETHER, both, inputs, live, logs, outputs
from hypothesis import example, given, settings


@pytest.mark.parametrize("what", TOGETHER)
def test_two_halves_that_are_each_small_enough_are_a_record_together(what):
    life = live(both(*TOGETHER[what]))
    assert (life.records, life.dead, life.dead_pairs) == (1, 0, [])


@settings(deadline=None, max_examples=300)
@given(logs())
@example(both(inputs(LARGE), outputs(LARGE)))
def test_every_half_is_part_of_a_record_or_alone_or_twice_or_late_or_a_dead_letter(log):
    life = live(log)
    rules, totals = life.rules, life.partitions.pairing.totals
    assert life.dead_pairs == []
    assert life.records == sum(one.mark for counts in rules.found.values() for one in counts[0].kept)
    assert life.late == life.late_by_rules
    assert +totals.unpaired == +rules.unpaired
    assert +totals.duplicates == +rules.duplicates
    assert life.partitions.pairing.state() == []
