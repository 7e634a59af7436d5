"""Shares and sizes stand beside the onset and the records that they rest on."""

from __future__ import annotations

from msgspec.structs import replace
from sample_events import SHIFT

from sinks.wording import message, since


def test_what_shares_rest_on_stands_beside_them_where_it_is_less_than_all_requests():
    ember = replace(SHIFT.signals[0], given="tenant", level="ember", records=11)
    told = message(replace(SHIFT, signals=(ember,))).story
    assert told.startswith(
        "Since 2026-01-01 14:05 UTC (55 min, 1,238 requests; shares of 11 of them) income shifted up for tenant ember: "
    )
    whole = replace(SHIFT, signals=(replace(ember, records=1_150),))
    assert since(whole) == "Since 2026-01-01 14:05 UTC (55 min, 1,238 requests)"


def test_shares_stand_beside_their_own_onset_and_an_incident_that_lasted_longer_says_both():
    again = replace(SHIFT.signals[0], since="2026-01-01T14:40:00Z", since_records=31_000, records=250)
    said = message(replace(SHIFT, event="updated", signals=(again,)))
    assert said.story == (
        "Since 2026-01-01 14:40 UTC (20 min, 250 requests) income shifted up: 21 % of values in 5.1–6.0, accepted 5 %; "
        "11 % of values ≥ 6.0, accepted 5 %. The incident began 2026-01-01 14:05 UTC (55 min, 1,238 requests)."
    )


def test_side_streams_do_not_count_requests():
    for group, things in (("performance", "labels"), ("robustness", "answers")):
        late = replace(SHIFT, signals=(replace(SHIFT.signals[0], group=group),))
        assert since(late) == f"Since 2026-01-01 14:05 UTC (55 min, 1,238 {things})"
