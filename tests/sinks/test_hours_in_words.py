"""When something moved that is compared within its hours, in messages."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sample_events import SHIFT

from sinks.wording import message


@pytest.mark.parametrize(
    ("given", "mostly"),
    [
        ("hour of the day (mostly 07:00–10:00)", "07:00–10:00 (UTC)"),
        (
            "hour of the day (mostly 22:00–02:00 shifted up, 10:00–14:00 shifted down)",
            "22:00–02:00 shifted up, 10:00–14:00 shifted down (UTC)",
        ),
        ("weekday (mostly Sat–Sun)", "Sat–Sun"),
    ],
)
def test_when_it_moved_most_is_said(given, mostly):
    (first, *rest) = SHIFT.signals
    told = message(replace(SHIFT, signals=(replace(first, given=given), *rest)))
    facts = dict(told.facts)
    assert facts["Compared"] == f"with what was accepted for the same {given.partition(' (')[0]} (UTC)"
    assert facts["Mostly"] == mostly
    assert f"income shifted up, mostly {mostly.partition(' ')[0]}: 21 %" in told.story
