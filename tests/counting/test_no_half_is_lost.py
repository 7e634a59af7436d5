"""Every half ends as part of a record, alone, twice, late or as a dead letter: whatever its body holds."""

from __future__ import annotations

import pytest
from half_logs import LARGE, TOGETHER, both, inputs, live, logs, outputs
from hypothesis import example, given, settings
from kserve_log import tensor

from monitor.counting import pairing
from monitor.formats.decoder import Decoder


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


def test_a_pair_of_many_rows_with_long_names_is_decoded_in_small_parts(monkeypatch):
    monkeypatch.setattr(pairing, "BLOCK_BYTES", 2_000)
    rows = 400
    log = both(
        {"inputs": [tensor("n" * 500, [rows], "FP64", list(range(rows)))]},
        {"outputs": [tensor("predict", [rows], "BYTES", ["no"] * rows)]},
    )
    seen = []
    monkeypatch.setattr(Decoder, "decode", noting(Decoder.decode, seen))
    assert live(log).records == rows
    assert max(seen[1:]) < 2_000 + 1_000
    assert len(seen) > 100


def noting(decode, seen):
    """Return the decoder's method, which then notes how many bytes it is given at once."""

    def noted(self, messages):
        seen.append(sum(len(message.value) for message in messages))
        return decode(self, messages)

    return noted
