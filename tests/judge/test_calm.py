from __future__ import annotations

import numpy as np
import pytest

from monitor.judge.calm import share_calm, value_calm


def _slots_until_back(calm, beyond, within, slots_beyond):
    for _ in range(slots_beyond):
        calm.add(np.array(beyond))
    assert not calm.reached
    for slot in range(1, 100):
        calm.add(np.array(within))
        if calm.reached:
            return slot
    return None


@pytest.mark.parametrize("slots_beyond", [1, 30, 10_000])
def test_the_way_back_is_short_however_long_a_value_stayed_beyond(slots_beyond):
    calm = value_calm([-1.0, 1.0], 0.1, 1.0, 2, slot=0)
    assert _slots_until_back(calm, [400, 600], [500, 500], slots_beyond) <= 5


@pytest.mark.parametrize("slots_beyond", [1, 30, 10_000])
def test_the_way_back_is_short_however_long_a_share_stayed_beyond(slots_beyond):
    calm = share_calm([0.02], 1.0, 2, slot=0)
    assert _slots_until_back(calm, [970, 30], [1000, 0], slots_beyond) <= 5


def test_a_signal_that_stays_beyond_is_never_called_back():
    calm = value_calm([-1.0, 1.0], 0.1, 1.0, 2, slot=0)
    ups = np.random.default_rng(1).binomial(1_000, 0.55, 20_000)
    reached = 0
    for up in ups.tolist():
        calm.add(np.array([1_000 - up, up]))
        reached += calm.reached
    assert reached == 0
