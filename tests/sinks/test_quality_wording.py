"""What a person reads about the quality of the data: a sentence for every kind."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sample_events import SHIFT

from monitor.incidents.summary import summarise
from monitor.judge.effect import share_shape
from monitor.types import BinShift, Effect, SignalChange
from sinks.signals import change, look_first
from sinks.wording import message

QUALITY = {
    "missing.income": ("missing", "income missing: 19 %, accepted 0 %"),
    "type.income": ("not a number", "income of the wrong type: 19 % not a number, accepted 0 %"),
    "type.region": ("wrong type", "region of the wrong type: 19 %, accepted 0 %"),
    "below.income": ("below the accepted range", "income below the accepted range: 19 % of values, accepted 0 %"),
    "above.income": ("above the accepted range", "income above the accepted range: 19 % of values, accepted 0 %"),
    "unseen.region": ("never seen before", "region in categories never seen before: 19 %, accepted 0 %"),
    "schema": ("absent or unknown features", "19 % of records had absent or unknown features, accepted 0 %"),
    "late": ("too late", "19 % of records came too late to count, accepted 0 %"),
    "dead_letters": ("unusable", "19 % of records were unusable, accepted 0 %"),
    "check.parts": ("failing", "check parts failing: 19 %, accepted 0 %"),
}


def quality(what, *more):
    name = f"quality.{what}"
    bins = (BinShift(QUALITY[what][0], 0.0, 0.19), *more)
    return SignalChange(name, "quality", 9.0, Effect(points=19.0), share_shape(name), bins)


@pytest.mark.parametrize("what", QUALITY)
def test_a_quality_signal_is_a_sentence(what):
    said = message(replace(SHIFT, signals=(quality(what),))).story
    assert said == f"Since 2026-01-01 14:05 UTC (55 min, 1,238 requests) {QUALITY[what][1]}."


def test_what_names_itself_is_named():
    named = BinShift("absent: income", 0.0, 0.18)
    assert change([quality("schema", named)]).endswith(" (18 % absent: income, accepted 0 %)")
    assert change([quality("unseen.region", BinShift("west", 0.0, 0.1))]).endswith(": 10 % west, accepted 0 %")


def test_categories_that_may_not_be_named_say_how_they_may():
    told = "for new or renamed categories in what writes region"
    assert look_first([quality("unseen.region")]) == (
        f"{told}; with features.region.show_values: true the next alert names them"
    )
    assert look_first([quality("unseen.region", BinShift("west", 0.0, 0.1))]) == told


def test_records_that_came_late_beside_something_else_are_records():
    beside = dict(message(replace(SHIFT, signals=(SHIFT.signals[0], quality("late")))).facts)["Also"]
    assert beside == "records too late to count (19 %, accepted 0 %)"


def test_one_quantity_is_rounded_alike_wherever_it_stands():
    missing = SignalChange(
        "quality.missing.income", "quality", 9.0, Effect(points=30.2521), "missing", (BinShift("missing", 0.0, 0.3025),)
    )
    said = message(replace(SHIFT, signals=(missing,), summary=summarise([missing])))
    assert said.headline.endswith("income: 30 % missing")
    assert "income missing: 30 %, accepted 0 %" in said.story
    assert dict(said.facts)["Size"] == "30 percentage points above the accepted share"
