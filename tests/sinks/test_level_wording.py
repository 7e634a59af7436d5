"""What moved in one level of a field, in words."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sample_events import SHIFT

from sinks.signals import at_level
from sinks.wording import message


def test_what_moved_in_one_level_of_a_field_is_told_of_that_level():
    (first, *rest) = SHIFT.signals
    told = message(replace(SHIFT, signals=(replace(first, given="tenant", level="t07"), *rest)))
    assert "income shifted up for tenant t07: " in told.story
    assert dict(told.facts)["Compared"] == "with what was accepted for tenant t07"
    assert told.look_first.startswith("at what changed for tenant t07, then at the source of income")


@pytest.mark.parametrize(
    ("level", "words"),
    [
        ("t07", " for tenant t07"),
        ("any other", " for any other tenant"),
        ("missing", " where tenant is missing"),
        ("t\x1b7", " for tenant t\\x1b7"),
        (None, ""),
    ],
)
def test_levels_are_named_as_they_are_spoken_of(level, words):
    assert at_level(replace(SHIFT.signals[0], given="tenant", level=level)) == words
