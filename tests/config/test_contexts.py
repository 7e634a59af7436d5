from __future__ import annotations

import pytest
from cycles_world import daily, reference_of

from monitor.config.reference import ReferenceSection
from monitor.misfits import straddling
from monitor.reference.contexts import CYCLES


def test_contexts_are_found_unless_the_configuration_says_which():
    assert ReferenceSection(path="r").cycles == tuple(CYCLES)
    assert ReferenceSection(path="r", contexts="off").cycles == ()
    assert ReferenceSection(path="r", contexts="hour_of_day").cycles == ("hour_of_day",)


@pytest.mark.parametrize(("slot", "fits"), [(10_000, True), (600_000, True), (3_600_000, True), (420_000, False)])
def test_slots_must_divide_the_hours_that_the_reference_compares_by(slot, fits):
    wrong = list(straddling(slot, reference_of(daily(0.5), 14, 10_000, seed=1)))
    words = "slots of 7m do not divide the hours or days that the reference compares by (hour of the day)"
    built = "it was built with 10m. Build it again: seawall reference build DATA"
    assert wrong == ([] if fits else [f"slot: {words}; {built}"])
