from __future__ import annotations

from types import SimpleNamespace

import pytest
from cycles_world import daily, reference_of

from monitor.config.reference import ReferenceSection
from monitor.config.tolerance import Tolerance
from monitor.misfits import straddling, without_effect
from monitor.reference.contexts import CYCLES


def test_contexts_are_found_unless_the_configuration_says_which():
    assert ReferenceSection(path="r").allowed == tuple(CYCLES)
    assert ReferenceSection(path="r", contexts="none").allowed == ()
    assert ReferenceSection(path="r", contexts="hour_of_day").allowed == ("hour_of_day",)


@pytest.mark.parametrize(
    ("slot", "cycle", "wrong"),
    [
        (10_000, "quarter_of_day", None),
        (900_000, "quarter_of_day", None),
        (3_600_000, "quarter_of_day", "1h do not divide the quarters of an hour"),
        (3_600_000, "hour_of_day", None),
        (420_000, "hour_of_day", "7m do not divide the hours"),
        (420_000, "day_of_week", "7m do not divide the days"),
    ],
)
def test_slots_must_divide_what_the_reference_compares_by(slot, cycle, wrong):
    found = list(straddling(slot, reference_of(daily(0.5), 28, 10_000, seed=1, cycles=(cycle,))))
    called = CYCLES[cycle].called
    words = f"slot: slots of {wrong} that the reference compares by ({called}); it was built with 5m."
    assert found == ([f"{words} Build it again: seawall reference build DATA"] if wrong else [])


@pytest.mark.parametrize(
    ("wanted", "built", "told"),
    [
        ("auto", 14, 0),
        ("quarter_of_day", 14, 0),
        ("hour_of_day", 14, 1),
        ("none", 14, 1),
        ("month", 14, 1),
        ("none", 1, 0),
    ],
)
def test_contexts_of_a_reference_that_is_there_do_not_change(wanted, built, told):
    reference = reference_of(daily(0.5), built, 10_000, seed=1)
    settings = SimpleNamespace(
        features={}, tolerance=Tolerance(), reference=ReferenceSection(path="r", contexts=wanted)
    )
    found = list(without_effect(settings, reference))
    assert len(found) == told
    assert all(
        words.startswith("reference.contexts has no effect yet: the reference was built with") for words in found
    )
