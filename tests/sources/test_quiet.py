"""kafka-python's log stays readable."""

from __future__ import annotations

import inspect
import logging

import pytest
from kafka import cluster
from kafka.coordinator import base
from kafka.net import selector

from monitor.sources.quiet import MOST_KINDS, OncePerMinute, quiet_kafka


@pytest.fixture
def said(monkeypatch):
    """What reaches the root logger."""
    lines = []

    class Keep(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [Keep()])
    return lines


def record(message, *args, at=0.0, name="kafka.coordinator"):
    made = logging.LogRecord(name, logging.WARNING, "", 0, message, args, None)
    made.created = at
    return made


def test_the_first_of_a_kind_passes_and_repeats_are_counted_once_a_minute(said):
    handler = OncePerMinute()
    for i in range(16_000):
        handler.emit(record("Marking the coordinator dead (node %s)", i, at=i / 800))
    assert said == ["Marking the coordinator dead (node 0)"]
    handler.emit(record("something else", at=60.0))
    assert said[1:] == [
        "Marking the coordinator dead (node 15999) (the last of 15999 more like it, 40 s ago)",
        "something else",
    ]


def test_repeats_that_go_on_are_said_without_an_age(said):
    handler = OncePerMinute()
    for second in range(62):
        handler.emit(record("lost", at=float(second)))
    assert said == ["lost", "lost (the last of 59 more like it, 1 s ago)", "lost"]


def test_numbers_written_into_the_message_do_not_make_another_kind(said):
    handler = OncePerMinute()
    for i in range(10):
        handler.emit(record(f"attempt failed: <Task at 0x7f{i:03x}> (backoff 0.{i} secs)"))
    assert said == ["attempt failed: <Task at 0x7f000> (backoff 0.0 secs)"]


def test_another_logger_is_another_kind(said):
    handler = OncePerMinute()
    handler.emit(record("lost", name="kafka.net"))
    handler.emit(record("lost", name="kafka.cluster"))
    assert said == ["lost", "lost"]


def test_a_kind_passes_again_after_its_minute(said):
    handler = OncePerMinute()
    handler.emit(record("lost", at=0.0))
    handler.emit(record("lost", at=61.0))
    assert said == ["lost", "lost"]


def test_what_is_kept_is_bounded(said):
    handler = OncePerMinute()
    for i in range(10_000):
        handler.emit(record("x" * (i + 1)))
    assert len(said) == MOST_KINDS + 1
    assert len(handler._kinds) == MOST_KINDS + 1


def test_a_healthy_start_warns_of_no_missing_metadata(said, monkeypatch):
    monkeypatch.setattr(logging.getLogger("kafka"), "handlers", [])
    monkeypatch.setattr(logging.getLogger("kafka"), "propagate", True)
    quiet_kafka()
    logging.getLogger("kafka.coordinator.assignors.sticky.sticky_assignor").warning("No partition metadata for topic t")
    assert said == []


def test_what_the_client_tells_its_own_makers_is_not_said(said):
    handler = OncePerMinute()
    slow = "Task <kafka.net.selector.Task at 0x7f> ran for 0.505s (>0.2s threshold). It is blocking the event loop"
    handler.emit(record(f"{slow} -- likely a tight sync loop", name="kafka.net.selector"))
    handler.emit(record("Unhandled Heartbeat loop error: %s", RuntimeError("NetworkSelector closed!")))
    handler.emit(record("Topic %s not found in cluster metadata", "t.dead-letter", name="kafka.cluster"))
    assert said == []
    handler.emit(record("Unhandled Heartbeat loop error: %s", RuntimeError("odd")))
    assert said == ["Unhandled Heartbeat loop error: odd"]


def test_those_words_are_still_the_clients_own():
    assert "'Task %r ran for %.3fs (>%.3fs threshold). It is '" in inspect.getsource(selector)
    assert "'blocking the event loop" in inspect.getsource(selector)
    assert "RuntimeError('NetworkSelector closed!')" in inspect.getsource(selector)
    assert "'Unhandled Heartbeat loop error: %s', exc" in inspect.getsource(base)
    assert '"Topic %s not found in cluster metadata"' in inspect.getsource(cluster)


def test_the_clients_loggers_speak_through_it_once(said, monkeypatch):
    logger = logging.getLogger("kafka")
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "propagate", True)
    quiet_kafka()
    quiet_kafka()
    for _ in range(3):
        logging.getLogger("kafka.net.manager").warning("lost")
        logging.getLogger("kafka.net.manager").info("connecting")
    assert said == ["lost"]


def test_a_connection_that_broke_is_said_without_its_trace_and_a_mistake_with_it(said):
    traces = []
    logging.getLogger().handlers[0].emit = lambda record: traces.append(record.exc_info)
    handler = OncePerMinute()
    for number, why in enumerate((ConnectionResetError(104, "reset"), ValueError("odd"))):
        one = record(f"failed {'once' * number}")
        one.exc_info = (type(why), why, None)
        handler.emit(one)
    assert [trace and trace[0] for trace in traces] == [None, ValueError]
