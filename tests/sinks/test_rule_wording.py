"""How sure an alarm is, in words: by the evidence of what leads it, or by a rule that no budget covers."""

from __future__ import annotations

from msgspec.structs import replace
from sample_events import SHIFT

from monitor.types import Effect, SignalChange
from sinks.signals import size
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


def test_how_sure_is_the_leading_signals_evidence_however_sure_another_is():
    lead, other = (replace(SHIFT.signals[0], signal=f"feature.{name}", evidence=e) for name, e in (("a", 3), ("b", 40)))
    assert dict(message(replace(SHIFT, signals=(lead, other))).facts)["How sure"].startswith("evidence 1 : 1,000,")


def test_an_interval_that_ends_above_1_says_only_where_it_begins():
    assert size(Effect(w=3.59, low=0.1, high=20.57)) == "3.59 (0.5 is large), 95 % interval 0.10 or more"
    assert size(Effect(w=1.1, low=0.0, high=2.3)) == "1.10 (0.5 is large); so few records do not say how large"
    assert size(Effect(w=0.9, low=0.8, high=1.0)) == "0.90 (0.5 is large), 95 % interval 0.80–1.00"
    assert size(Effect(points=53.7, low=17.3, high=90.0)).endswith("95 % interval 17–90")
