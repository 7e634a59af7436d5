"""Since when, in which shape and where: what a first alarm says, against the truth of drawn shifts."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest
from drawn_shifts import QUIET, SHIFTS, told

RUNS = 12


@pytest.mark.parametrize("name", [n for n in SHIFTS if n not in ("mean .15", "upper tail")])
def test_a_drawn_shift_is_told_in_the_right_words_and_bins(name):
    shift = SHIFTS[name]
    found = [told(shift, seed).findings[0] for seed in range(RUNS)]
    assert np.mean([f.shape in shift.words for f in found]) >= 0.9
    if shift.bins:
        assert np.mean([f.bins[0].bin in shift.bins for f in found]) >= 0.6


def test_a_heavy_tail_of_few_records_is_told_as_one_more_often_than_not():
    found = [told(SHIFTS["upper tail"], seed).findings[0] for seed in range(30)]
    assert np.mean([f.shape == "heavier upper tail" for f in found]) >= 0.6
    assert all(f.bins[0].bin == "≥ 15" for f in found)


@pytest.mark.parametrize("name", ["mean .3", "mean 1", "scale 1.3", "3 to 8 %", "missing"])
def test_the_onset_is_known_to_a_part_of_the_delay(name):
    runs = [told(SHIFTS[name], seed) for seed in range(RUNS)]
    errors = [abs(run.findings[0].onset_records - QUIET) for run in runs]
    assert median(errors) <= max(50, 0.2 * median(run.delay for run in runs))
    assert np.quantile(errors, 0.9) <= max(100, 0.8 * median(run.delay for run in runs))
