from __future__ import annotations

import time
from collections import Counter

import pytest
from fake_sinks import BUSY, REFUSED, HangingSink, RecordingSink
from msgspec.structs import replace
from sample_events import SHIFT
from structlog.testing import capture_logs

from monitor.delivery import lane
from monitor.delivery.dispatcher import Dispatcher, close_all
from monitor.errors import DeliveryError

PLENTY = 60.0


def event(name, kind="opened", *, incident="inc_1", severity="error"):
    return replace(SHIFT, id=name, event=kind, incident=incident, severity=severity)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(lane, "_backoff", lambda _: 0.0)


@pytest.fixture
def counted():
    return Counter()


@pytest.fixture
def dispatch(counted):
    """Make dispatchers, and let them go at the end, hanging sinks too."""
    made = []

    def make(*sinks, **more):
        made.append((Dispatcher(sinks, lambda *what: counted.update([what]), **more), sinks))
        return made[-1][0]

    yield make
    for dispatcher, sinks in made:
        for sink in sinks:
            if isinstance(sink, HangingSink):
                sink.released.set()
        dispatcher.close(PLENTY)


def test_every_sink_gets_every_event_in_order(dispatch, counted):
    sinks = RecordingSink("a"), RecordingSink("b")
    dispatcher = dispatch(*sinks)
    for i in range(100):
        dispatcher.put([event(f"{i}", incident=f"inc_{i}"), event(f"{i}+", incident=f"inc_{i}")])
    dispatcher.close(PLENTY)
    wanted = [(f"{i}{more}", f"thread of inc_{i}" if more else None) for i in range(100) for more in ("", "+")]
    assert [s.taken for s in sinks] == [wanted, wanted]
    assert counted == {("a", "delivered"): 200, ("b", "delivered"): 200}
    assert dispatcher.pending() == []
    assert [s.closed for s in sinks] == [True, True]


def test_a_slot_that_tells_nothing_wakes_no_sink(dispatch, monkeypatch):
    dispatcher, woken = dispatch(RecordingSink("a")), []
    monkeypatch.setattr(lane.Lane, "put", lambda _, events: woken.append(events))
    dispatcher.put([])
    assert woken == []


def test_a_sink_that_hangs_delays_neither_put_nor_another_sink(dispatch):
    hanging, other = HangingSink(), RecordingSink()
    dispatcher = dispatch(hanging, other)
    dispatcher.put([event("1")])
    hanging.entered.wait()
    dispatcher.put([event("2")])
    wait_until(lambda: len(other.taken) == 2)
    dispatcher.close(0.0)
    assert [name for name, _ in other.taken] == ["1", "2"]
    assert [(sink, e.id) for sink, e in dispatcher.pending()] == [("hanging", "1"), ("hanging", "2")]
    assert (dispatcher.depth("hanging"), dispatcher.depth("recording")) == (2, 0)


def test_what_is_refused_for_now_is_tried_until_it_is_taken_and_nothing_overtakes_it(dispatch, counted):
    sink = RecordingSink(script=[BUSY, BUSY, None, BUSY])
    dispatcher = dispatch(sink)
    with capture_logs() as logs:
        dispatcher.put([event("1"), event("2")])
        wait_until_empty(dispatcher)
        dispatcher.close(PLENTY)
    assert sink.attempts == ["1", "1", "1", "2", "2"]
    assert counted == {("recording", "retried"): 3, ("recording", "delivered"): 2}
    assert {(entry["event"], entry["why"]) for entry in logs} == {("delivery retried", "busy")}


def test_what_is_refused_for_good_is_logged_counted_and_dropped(dispatch, counted):
    sink = RecordingSink(script=[REFUSED])
    with capture_logs() as logs:
        dispatcher = dispatch(sink)
        dispatcher.put([event("1"), event("2")])
        dispatcher.close(PLENTY)
    assert sink.taken == [("2", None)]
    assert counted == {("recording", "failed"): 1, ("recording", "delivered"): 1}
    (entry,) = logs
    assert (entry["event"], entry["why"], entry["incident"]) == ("delivery failed", "refused", "inc_1")


def test_a_mistake_in_a_sink_is_named_without_the_librarys_words_and_does_not_end_it(dispatch, counted):
    sink = RecordingSink(script=[KeyError("https://hooks.example/secret")])
    with capture_logs() as logs:
        dispatcher = dispatch(sink)
        dispatcher.put([event("1"), event("2")])
        dispatcher.close(PLENTY)
    assert sink.taken == [("2", None)]
    assert counted["recording", "failed"] == 1
    assert logs[0]["why"].startswith("KeyError at ")
    assert "secret" not in str(logs)


def test_a_full_queue_lets_go_of_its_oldest_update_first_then_of_its_oldest(dispatch, counted):
    sink = HangingSink()
    dispatcher = dispatch(sink, bound=3)
    dispatcher.put([event("sending", "updated")])
    sink.entered.wait()
    with capture_logs() as logs:
        dispatcher.put([event("1"), event("2", "updated"), event("3", "updated")])
        assert [e.id for _, e in dispatcher.pending()] == ["sending", "1", "3"]
        dispatcher.put([event("4", "resolved")])
        assert [e.id for _, e in dispatcher.pending()] == ["sending", "1", "4"]
        dispatcher.put([event("5")])
    assert [e.id for _, e in dispatcher.pending()] == ["sending", "4", "5"]
    assert counted == {("hanging", "dropped"): 3}
    assert [entry["why"] for entry in logs] == ["queue full"] * 3


@pytest.mark.parametrize(
    ("severity", "heard"), [("info", []), ("warning", ["1", "2"]), ("error", ["1", "2"]), ("critical", ["1", "2"])]
)
def test_a_sink_hears_from_its_severity_up(dispatch, severity, heard):
    sink = RecordingSink(min_severity="warning")
    dispatcher = dispatch(sink)
    dispatcher.put([event("1", severity=severity), event("2", "resolved", severity=severity)])
    dispatcher.close(PLENTY)
    assert [name for name, _ in sink.taken] == heard


def test_the_end_is_told_to_who_was_told_of_the_incident_however_mild_it_became(dispatch):
    sink = RecordingSink(min_severity="error")
    dispatcher = dispatch(sink)
    dispatcher.put([event("1"), event("2", "updated", severity="info"), event("3", "resolved", severity="info")])
    dispatcher.put([event("4", "resolved", severity="info", incident="inc_unknown")])
    dispatcher.close(PLENTY)
    assert sink.taken == [("1", None), ("3", "thread of inc_1")]
    assert dispatcher.threads() == {}


def test_what_is_left_goes_on_after_a_restart_in_its_threads(dispatch, counted):
    before = HangingSink("slack")
    first = dispatch(before)
    before.released.set()
    first.put([event("1")])
    wait_until_empty(first)
    before.released.clear()
    first.put([event("2", "updated"), event("3", incident="inc_2")])
    first.close(0.1)
    pending, threads = first.pending(), first.threads()
    assert [e.id for _, e in pending] == ["2", "3"]
    assert threads == {("slack", "inc_1"): "thread of inc_1", ("slack", "inc_2"): None}

    after = RecordingSink("slack", "critical")
    second = dispatch(after, pending=pending, threads=threads)
    second.put([event("4", "resolved"), event("5", "resolved", incident="inc_2")])
    second.close(PLENTY)
    assert after.taken == [
        ("2", "thread of inc_1"),
        ("3", None),
        ("4", "thread of inc_1"),
        ("5", "thread of inc_2"),
    ]


def test_what_was_left_for_a_sink_that_is_gone_is_counted_as_dropped(dispatch, counted):
    with capture_logs() as logs:
        dispatcher = dispatch(RecordingSink(), pending=[("slack", event("1"))], threads={("slack", "inc_1"): "t"})
    assert counted == {("slack", "dropped"): 1}
    assert (logs[0]["event"], logs[0]["sink"]) == ("event dropped", "slack")
    assert (dispatcher.pending(), dispatcher.threads()) == ([], {})


def test_closing_tries_once_more_and_leaves_the_rest(dispatch, counted):
    long = DeliveryError("come back later", retryable=True, retry_after=600)
    sink = RecordingSink(script=[long] * 5)
    dispatcher = dispatch(sink)
    dispatcher.put([event("1"), event("2")])
    wait_until(lambda: counted["recording", "retried"] == 1)
    dispatcher.close(PLENTY)
    assert sink.attempts == ["1", "1"]
    assert [e.id for _, e in dispatcher.pending()] == ["1", "2"]
    assert sink.closed


def test_draining_goes_on_trying_until_all_is_taken_or_refused(dispatch, counted):
    sink = RecordingSink(script=[BUSY, BUSY, None, REFUSED])
    dispatcher = dispatch(sink)
    dispatcher.put([event("1"), event("2")])
    dispatcher.drain(time.monotonic() + PLENTY)
    assert (sink.attempts, dispatcher.pending()) == (["1", "1", "1", "2"], [])
    wait_until(
        lambda: counted == {("recording", "retried"): 2, ("recording", "delivered"): 1, ("recording", "failed"): 1}
    )


def test_draining_ends_with_the_deadline(dispatch):
    sink = HangingSink()
    dispatcher = dispatch(sink)
    dispatcher.put([event("1")])
    dispatcher.drain(time.monotonic())
    assert [e.id for _, e in dispatcher.pending()] == ["1"]


def test_several_close_within_one_deadline_and_each_gets_its_last_try(dispatch):
    hanging = [HangingSink() for _ in range(5)]
    busy = RecordingSink(script=[DeliveryError("later", retryable=True, retry_after=600)] * 2)
    all_of_them = [dispatch(sink) for sink in (*hanging, busy)]
    for dispatcher in all_of_them:
        dispatcher.put([event("1")])
    wait_until(lambda: busy.attempts == ["1"])
    close_all(all_of_them, 0.2)
    assert [len(dispatcher.pending()) for dispatcher in all_of_them] == [1] * 6
    assert busy.attempts == ["1", "1"]
    assert len({one._deadline for dispatcher in all_of_them for one in dispatcher._lanes.values()}) == 1


def test_nothing_is_started_after_the_deadline(dispatch):
    sink = HangingSink()
    dispatcher = dispatch(sink)
    dispatcher.put([event("1"), event("2")])
    sink.entered.wait()
    dispatcher.close(0.0)
    sink.released.set()
    wait_until(lambda: sink.closed)
    assert sink.attempts == ["1"]
    assert [e.id for _, e in dispatcher.pending()] == ["2"]


def wait_until_empty(dispatcher):
    wait_until(lambda: not dispatcher.pending())


def wait_until(true):
    while not true():
        time.sleep(0.001)
