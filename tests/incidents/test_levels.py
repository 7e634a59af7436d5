"""Levels of a field that moved: one is told, the others are noted."""

from __future__ import annotations

from incident_findings import Told, finding, w


def told(*moved):
    """Return the incident of one signal that moved in these levels, by these sizes, one after the other."""
    policy = Told()
    for slot, (level, size) in enumerate(moved):
        policy.slot(slot, finding("feature.income", slot, w(size), given="tenant", level=level))
    (incident,) = policy.policy.incidents
    return incident


def test_of_levels_that_moved_the_largest_is_told_and_the_others_noted():
    incident = told(("t07", 0.8), ("t12", 0.5), ("t07", 0.9), ("t03", 1.2), ("t12", 0.5))
    assert incident.signals["feature.income"].level == "t03"
    assert [note for note in incident.notes if "tenant" in note] == [
        "income moved for tenant t12 too",
        "income moved for tenant t07 too",
    ]


def test_what_moves_everywhere_is_told_in_place_of_a_single_level():
    assert told(("t07", 0.8), (None, 0.4)).signals["feature.income"].level is None
    assert told((None, 0.4), ("t07", 0.8)).signals["feature.income"].level == "t07"
