"""Above a share of unusable records in a thousand, reading stops, however the records are cut into blocks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.delivery.dead_letters import WINDOW, Limit


def told(dead, cuts=()):
    limit = Limit(0.5)
    for block in np.split(np.array(dead, dtype=bool), sorted(cuts)):
        limit.add(block)
    return limit.reached


@given(
    good=st.integers(0, 3_000),
    bad=st.integers(400, 1_200),
    behind=st.integers(0, 3_000),
    cuts=st.lists(st.integers(0, 7_200), max_size=12),
)
def test_whether_it_is_reached_does_not_depend_on_blocks(good, bad, behind, cuts):
    dead = [False] * good + [True] * bad + [False] * behind
    total = np.concatenate([[0], np.cumsum(dead)])
    worst = max((total[WINDOW:] - total[:-WINDOW]).tolist(), default=0)
    assert told(dead, [cut for cut in cuts if cut < len(dead)]) == told(dead)
    assert (told(dead) is not None) == (worst > WINDOW / 2)


def test_once_reached_it_stays_so_and_says_the_share_that_was_too_much():
    words = told([False] * 2_000 + [True] * 800 + [False] * 5_000)
    assert words == "50.1 % of the last 1,000 records are unusable, at most 50 % are allowed; reading has stopped"


def test_fewer_than_a_thousand_records_are_too_few_to_tell():
    assert told([True] * (WINDOW - 1)) is None
    assert told([True] * WINDOW) is not None
