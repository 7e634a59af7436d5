"""Brokers that are away when a process that shares the work begins are said as one process says it."""

from __future__ import annotations

import threading

import pytest
from structlog.testing import capture_logs

from monitor.config.loading import load
from monitor.http.health import Health
from monitor.parts import Now
from monitor.replicas import topics, waiting
from monitor.replicas.others import await_alike
from monitor.replicas.topics import ready
from monitor.replicas.waiting import Waiting
from monitor.sources.kafka_connecting import UnreachableError

AWAY = "Kafka at 127.0.0.1:1: cannot be reached (connection refused); trying again in 2 s"


def away(configured):
    source = {"type": "kafka", "bootstrap_servers": "127.0.0.1:1", "topics": ["t"], "group_id": "g"}
    return load(configured(source=source, replicas={"partitions": 3}), secrets=False)


class Once(threading.Event):
    """Asks to stop as soon as somebody waits."""

    def wait(self, timeout=None):
        self.set()
        return True


@pytest.mark.parametrize("begin", [ready, lambda _, *others: await_alike(others[0], "tallies", "ours", *others[1:])])
def test_brokers_that_are_away_are_said_as_one_process_says_it(configured, begin):
    config, health = away(configured), Health(0.0)
    assert not begin(config, config.source.connection(), health, Once())
    assert health.readyz(0.0) == (False, "stuck", {"source": AWAY})


def test_that_they_are_away_is_a_warning_seldom_and_ends(monkeypatch):
    health, seconds = Health(0.0), iter(range(0, 72, 2))
    monkeypatch.setattr(waiting, "clock", lambda: Now(next(seconds), 0))
    one = Waiting({"bootstrap_servers": ["127.0.0.1:1"]}, health, "the topics are not known yet")
    with capture_logs() as said:
        for _ in range(35):
            one.hindered(UnreachableError("connection refused"))
        one.answered()
    assert [(each["log_level"], each["event"], each.get("why")) for each in said] == [
        ("warning", "source cannot be read", AWAY),
        ("warning", "source cannot be read", AWAY),
        ("info", "source is read again", None),
    ]
    assert health.readyz(0.0) == (False, "starting", {"start": "has not begun to read"})


def test_brokers_that_answer_and_do_not_say_are_told_from_those_that_are_away():
    health = Health(0.0)
    one = Waiting({"bootstrap_servers": ["h:1"]}, health, "the topics are not known yet")
    one.hindered(OSError(None, "t.state cannot be read (no leader)"))
    (words,) = health.readyz(0.0).why.values()
    assert (
        words == "Kafka at h:1: the topics are not known yet (t.state cannot be read (no leader)); trying again in 2 s"
    )


def test_topics_that_were_just_made_are_waited_for_in_words(configured, monkeypatch):
    monkeypatch.setattr(topics, "_ready", lambda *_: 0)
    config, health = away(configured), Health(0.0)
    assert ready(config, config.source.connection(), health, Once()) == 0
    assert health.readyz(0.0) == (False, "starting", {"replicas": topics.JUST_MADE})
