from __future__ import annotations

import numpy as np
import pytest
from judge_streams import from_now

from monitor.judge.calm import back_from_shares, back_from_values


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
    calm = from_now(back_from_values([-1.0, 1.0], 0.1, 1.0, 2))
    assert _slots_until_back(calm, [400, 600], [500, 500], slots_beyond) <= 8


@pytest.mark.parametrize("slots_beyond", [1, 30, 10_000])
def test_the_way_back_is_short_however_long_a_share_stayed_beyond(slots_beyond):
    calm = from_now(back_from_shares([0.02], 1.0, 2))
    assert _slots_until_back(calm, [970, 30], [1000, 0], slots_beyond) <= 5


def test_a_signal_that_stays_beyond_is_never_called_back():
    calm = from_now(back_from_values([-1.0, 1.0], 0.1, 1.0, 2))
    ups = np.random.default_rng(1).binomial(1_000, 0.55, 20_000)
    reached = 0
    for up in ups.tolist():
        calm.add(np.array([1_000 - up, up]))
        reached += calm.reached
    assert reached == 0


@pytest.mark.parametrize(("part", "back"), [(0.5, True), (0.95, False), (1.0, False)])
def test_what_stays_near_the_border_is_not_back(part, back):
    """Else a stream that hovers at the tolerance would be told and resolved by turns."""
    value, share = (
        from_now(back_from_values([-1.0, 1.0], 0.1, 1.0, 2)),
        from_now(back_from_shares([0.04], 1.0, 2)),
    )
    draw = np.random.default_rng(1)
    reached = [False, False]
    for ups, events in zip(
        draw.binomial(1_000, 0.5 + 0.05 * part, 1_000), draw.binomial(1_000, 0.02 * (1 + part), 1_000), strict=True
    ):
        value.add(np.array([1_000 - ups, ups]))
        share.add(np.array([1_000 - events, events]))
        reached = [reached[0] or value.reached, reached[1] or share.reached]
    assert reached == [back, back]
