from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from monitor.parts import Now
from monitor.shadow.budget import DAY_MS, QueryBudget

STEPS = st.lists(st.tuples(st.integers(0, 6), st.floats(0, 3), st.integers(0, DAY_MS)), max_size=50)


@given(STEPS)
def test_no_more_is_asked_than_the_budget_allows(steps):
    budget = QueryBudget(2.0, 20, 4)
    steady, wall = 0.0, 0
    taken, by_day = [], Counter()
    for queries, seconds, milliseconds in steps:
        steady, wall = steady + seconds, wall + milliseconds
        if budget.take(queries, Now(steady, wall)):
            taken.append((steady, queries))
            by_day[wall // DAY_MS] += queries
    assert max(by_day.values(), default=0) <= 20
    for at, _ in taken:
        since = [(s, q) for s, q in taken if s >= at]
        assert sum(q for _, q in since) <= 4 + 2.0 * (since[-1][0] - at) + 1e-6 if since else True


def test_a_restart_buys_no_queries():
    budget = QueryBudget(5.0, 100, 4)
    budget.day, budget.spent = 3, 98
    assert not budget.take(1, Now(10.0, 3 * DAY_MS))  # the bucket begins empty
    assert not budget.take(4, Now(20.0, 3 * DAY_MS))  # the day has two left
    assert budget.take(2, Now(30.0, 3 * DAY_MS))
    assert budget.take(4, Now(40.0, 4 * DAY_MS))
