"""Which contexts are named, and how."""

from __future__ import annotations

import pytest

from monitor.judge.spans import Way, hours, in_words, leading, together
from monitor.judge.within import Moved
from monitor.reference.contexts import CYCLES


def names(cycle):
    return CYCLES[cycle].names


def each(*by):
    return {context: Moved(float(b), 3.0, 100) for context, b in enumerate(by)}


@pytest.mark.parametrize(("cycle", "told"), [("hour_of_day", 24), ("quarter_of_day", 24), ("quarter_and_weekend", 48)])
def test_parts_of_an_hour_are_told_as_one(cycle, told):
    found = hours(names(cycle))
    assert len(found) == told
    assert [context for one in found for context in one] == list(range(len(names(cycle))))
    assert len({names(cycle)[one[0]] for one in found}) == told
    assert len(hours(names("day_of_week"))) == 7


@pytest.mark.parametrize(
    ("cycle", "contexts", "words"),
    [
        ("hour_of_day", [7, 8, 9], "07:00–10:00"),
        ("hour_of_day", [0, 1, 22, 23], "22:00–02:00"),
        ("hour_of_day", [7, 15, 16], "07:00–08:00, 15:00–17:00"),
        ("hour_of_day", [1, 3, 5, 7], ""),
        ("hour_of_week", [7, 8, 24 + 23], "Mon 07:00–09:00, Tue 23:00–00:00"),
        ("hour_and_weekend", [23, 24], "weekday 23:00–00:00, weekend 00:00–01:00"),
        ("day_of_week", [5, 6], "Sat–Sun"),
        ("day_of_week", [0, 6], "Sun–Mon"),
        ("month", [3], "Apr"),
    ],
)
def test_contexts_that_follow_each_other_are_one_span_and_many_are_no_pattern(cycle, contexts, words):
    assert in_words([Way("shifted up", contexts)], names(cycle)) == words


def test_opposite_ways_are_told_with_their_shapes():
    ways = [Way("shifted up", [0, 1, 23]), Way("shifted down", [10, 11])]
    assert in_words(ways, names("hour_of_day")) == "23:00–02:00 shifted up, 10:00–12:00 shifted down"


def test_the_fewest_contexts_lead_that_hold_most_of_what_moved_and_those_in_between():
    assert leading(each(*[1.0] * 7, 60.0, 4.0, 50.0, *[1.0] * 14)) == [7, 8, 9]


def test_none_leads_that_chance_may_have_chosen():
    assert leading(each(30.0, 5.0, 5.0, 5.0)) == []
    assert leading(each(-1.0, -2.0)) == []


def test_a_shape_of_few_or_of_none_counts_to_what_moved_most():
    ways = [Way("changed shape", [3, 4]), Way("shifted up", [7]), Way("narrowed", [9])]
    assert together(ways, each(0, 0, 0, 50.0, 50.0, 0, 0, 30.0, 0, 2.0)) == [Way("shifted up", [3, 4, 7, 9])]
