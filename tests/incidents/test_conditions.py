"""The monitor's own sight: silence, standstill, unusable records."""

from __future__ import annotations

import msgspec
import pytest

from monitor.incidents.conditions import Conditions

SILENT = "no records read for 10 min"
NOW = 1_800_000_000_000


def look(conditions, words, now=NOW, **more):
    given = {"since": NOW - 600_000, "records": 500, "severity": "error"} | more
    return conditions.look("quality.freshness", words, now, **given)


def test_a_condition_is_told_once_while_it_holds_and_once_when_it_is_over():
    conditions = Conditions("credit", "sha256:3f9c", "https://runbooks.example/{model}/{signal}")
    opened = look(conditions, SILENT)[0]
    for minute in range(1, 600):
        assert look(conditions, f"no records read for {10 + minute} min", NOW + 60_000 * minute) == []
    resolved = look(conditions, None, NOW + 36_000_000, records=700)[0]
    assert look(conditions, None, NOW + 36_060_000) == []
    assert (opened.event, opened.severity, opened.summary, opened.records) == ("opened", "error", SILENT, 500)
    assert (opened.time, opened.since) == ("2027-01-15T08:00:00Z", "2027-01-15T07:50:00Z")
    assert opened.runbook == "https://runbooks.example/credit/quality.freshness"
    assert [(s.signal, s.group, s.evidence, s.shape) for s in opened.signals] == [
        ("quality.freshness", "quality", None, SILENT)
    ]
    assert (resolved.event, resolved.incident, resolved.records) == ("resolved", opened.incident, 700)
    assert resolved.id != opened.id


def test_that_nothing_is_saved_is_the_same_incident_after_every_restart():
    keys = set()
    for start in (NOW, NOW + 5_000_000):
        conditions = Conditions("credit", None)
        given = {"since": start, "records": 5, "severity": "critical"}
        keys.add(conditions.look("quality.state", "nothing saved for 60 s", start, **given)[0].incident)
    assert len(keys) == 1


def test_one_that_still_holds_is_told_again_as_it_now_is():
    conditions = Conditions("credit", None, remind_every=3_600_000)
    opened = look(conditions, SILENT)[0]
    assert look(conditions, "no records read for 69 min", NOW + 3_540_000) == []
    again = look(conditions, "no records read for 70 min", NOW + 3_600_000)[0]
    assert (again.event, again.incident, again.summary) == ("updated", opened.incident, "no records read for 70 min")
    assert look(conditions, "no records read for 71 min", NOW + 3_660_000) == []


@pytest.mark.parametrize("severity", ["error", "critical"])
def test_conditions_are_apart_from_each_other(severity):
    conditions = Conditions("credit", None)
    silent = look(conditions, SILENT)[0]
    stuck = conditions.look("quality.progress", "judging waits", NOW, since=NOW, records=5, severity=severity)[0]
    assert silent.incident != stuck.incident
    assert stuck.severity == severity
    assert set(conditions.open) == {"quality.freshness", "quality.progress"}
    assert look(conditions, None)[0].incident == silent.incident
    assert set(conditions.open) == {"quality.progress"}


def test_a_second_time_is_another_incident():
    conditions = Conditions("credit", None)
    first = look(conditions, SILENT)[0]
    look(conditions, None, NOW + 60_000)
    assert look(conditions, SILENT, NOW + 9_000_000, since=NOW + 8_400_000)[0].incident != first.incident


def test_an_open_condition_is_remembered_over_a_restart():
    conditions, restored = Conditions("credit", None), Conditions("credit", None)
    opened = look(conditions, SILENT)[0]
    restored.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(conditions.state())))
    assert look(restored, SILENT, NOW + 60_000) == []
    assert look(restored, None, NOW + 120_000)[0].incident == opened.incident
