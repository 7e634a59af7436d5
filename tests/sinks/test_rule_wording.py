"""Alarms that follow a rule of their own, in words: who or what it is, and that no budget covers it."""

from __future__ import annotations

from msgspec.structs import replace
from sample_events import SHIFT

from monitor.types import Effect, SignalChange
from sinks.stdout import in_words
from sinks.wording import message

ATTACK = SignalChange(
    "anomaly.queries", "anomalies", None, Effect(), "caller 3f9a1c2b77aa sends near-duplicates of one input"
)
RIVER = SignalChange("feature.income.ADWIN", "features", None, Effect(), "income: ADWIN sees a change")


def test_an_attack():
    event = replace(SHIFT, signals=(ATTACK,), summary=ATTACK.shape, runbook=None)
    assert (
        in_words(event, colours=False, width=110)
        == """\
▲ error · credit-risk v7 · caller 3f9a1c2b77aa sends near-duplicates of one input
  Since 2026-01-01 14:05 UTC (55 min) caller 3f9a1c2b77aa sends near-duplicates of one input.
  How sure    a rule of this detector's own: no false-alarm budget covers it
  Look first  at what this caller asks for, and who it is (docs/queries.md): it may look for inputs that fool
              the model
  inc_4k2f · compared with reference 3f9c1a2b77aa"""
    )


def test_a_librarys_alarm_beside_evidence():
    told = dict(message(replace(SHIFT, signals=(*SHIFT.signals, RIVER))).facts)
    assert "within the false-alarm budget" in told["How sure"]
    assert told["Also"].endswith("; income: ADWIN sees a change")


def test_a_librarys_alarm_alone():
    told = message(replace(SHIFT, signals=(RIVER,), summary=RIVER.shape))
    assert told.story.endswith("income: ADWIN sees a change.")
    assert dict(told.facts)["How sure"].endswith("no false-alarm budget covers it")
