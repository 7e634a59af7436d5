"""An action is a sink that hears of nothing but the runs of its own rule."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from fake_sinks import BUSY, RecordingSink
from msgspec.structs import replace
from sample_events import RESOLVED, SHIFT, TRIGGER

from monitor.delivery import lane
from monitor.delivery.dispatcher import Dispatcher
from monitor.types import OUTCOMES, action_name

PLENTY = 60.0


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(lane, "_backoff", lambda _: 0.0)


def action(rule=TRIGGER.rule, **more):
    return RecordingSink(action_name(rule), None, **more)


def told(sinks, *news, **more):
    counted = Counter()
    dispatcher = Dispatcher(sinks, lambda *what: counted.update([what]), **more)
    dispatcher.put(news)
    dispatcher.close(PLENTY)
    return counted, dispatcher


def test_a_run_goes_to_the_action_of_its_rule_and_an_event_to_nobodys():
    mine, other, people = action(), action("another"), RecordingSink()
    _, dispatcher = told([mine, other, people], SHIFT, TRIGGER, RESOLVED)
    assert [name for name, _ in mine.taken] == [TRIGGER.run_id]
    assert other.taken == []
    assert [name for name, _ in people.taken] == [SHIFT.id, RESOLVED.id]
    assert dispatcher.threads() == {}


@pytest.mark.parametrize("outcome", [outcome for outcome in OUTCOMES if outcome != "fired"])
def test_what_is_not_fired_reaches_no_action(outcome):
    mine = action()
    told([mine], replace(TRIGGER, event=outcome))
    assert mine.attempts == []


def test_a_run_is_tried_until_it_is_taken():
    mine, taken, counted = action(script=[BUSY, BUSY]), threading.Event(), Counter()

    def count(sink, outcome):
        counted[outcome] += 1
        if outcome == "delivered":
            taken.set()

    dispatcher = Dispatcher([mine], count)
    dispatcher.put([TRIGGER])
    assert taken.wait(PLENTY)
    dispatcher.close(PLENTY)
    assert mine.attempts == [TRIGGER.run_id] * 3
    assert counted == {"retried": 2, "delivered": 1}


def test_a_run_that_was_not_taken_is_still_to_be_sent_after_a_restart():
    busy = action(script=[BUSY] * 1_000)
    dispatcher = Dispatcher([busy], lambda *_: None)
    dispatcher.put([TRIGGER])
    dispatcher.close(0.0)
    pending = dispatcher.pending()
    assert pending == [(busy.name, TRIGGER)]
    again = action()
    told([again], pending=pending, threads=dispatcher.threads())
    assert [name for name, _ in again.taken] == [TRIGGER.run_id]
