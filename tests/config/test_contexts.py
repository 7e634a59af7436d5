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


@pytest.mark.parametrize(("slot", "fits"), [(10_000, True), (600_000, True), (3_600_000, True), (420_000, False)])
def test_slots_must_divide_the_hours_that_the_reference_compares_by(slot, fits):
    wrong = list(straddling(slot, reference_of(daily(0.5), 14, 10_000, seed=1)))
    words = "slots of 7m do not divide the hours or days that the reference compares by (hour of the day)"
    built = "it was built with 10m. Build it again: seawall reference build DATA"
    assert wrong == ([] if fits else [f"slot: {words}; {built}"])


@pytest.mark.parametrize(
    ("wanted", "built", "told"),
    [("auto", 14, 0), ("hour_of_day", 14, 0), ("none", 14, 1), ("month", 14, 1), ("none", 1, 0)],
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
