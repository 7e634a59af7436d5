from __future__ import annotations

import numpy as np
import pytest

from monitor.judge.effect import value_effect


@pytest.mark.parametrize("records", [200, 1_000, 100_000])
def test_records_that_all_lie_in_one_bin_leave_room_for_others(records):
    found = value_effect([records, 0, 0], [0.92, 0.07, 0.01], 1.0)
    assert found.low < found.w < found.high


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.3])
def test_the_interval_holds_the_size_at_every_moment(share):
    size = abs(share - 0.1) / np.sqrt(0.09)
    missed = 0
    for seed in range(100):
        events = np.random.default_rng(seed).random(5_000) < share
        looks = ((n, int(events[:n].sum())) for n in range(200, 5_001, 200))
        found = [value_effect([n - k, k], [0.9, 0.1], 1.0) for n, k in looks]
        missed += any(not one.low - 1e-9 <= size <= one.high + 1e-9 for one in found)
    assert missed <= 10
