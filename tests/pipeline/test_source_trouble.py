"""Trouble of the source in the log."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from fake_source import FakeSource
from structlog.testing import capture_logs

from monitor.observers import TROUBLE_PATIENCE, SourceTrouble
from monitor.parts import Now
from monitor.sight import read_elsewhere
from monitor.types import Partition

MISSPELT = 'Kafka at h:1: topic "inferense" does not exist'


@pytest.fixture
def look():
    """Return a function that lets the observer look at each second, and returns what it said."""
    observer, source = SourceTrouble(), FakeSource()
    pipeline = SimpleNamespace(parts=SimpleNamespace(source=source))

    def look(words, seconds):
        source.words = words
        with capture_logs() as said:
            for second in seconds:
                observer.turned(pipeline, Now(float(second), 0))
        look.said = [entry["event"] for entry in said]
        return [(entry["log_level"], *(entry.get(key) for key in ("why", "for_s", "after_s"))) for entry in said]

    look.source = source
    return look


def test_trouble_that_lasts_is_a_warning_once_a_minute_until_it_is_over(look):
    assert look(MISSPELT, range(131)) == [("warning", MISSPELT, at, None) for at in (5, 65, 125)]
    assert look(None, range(131, 200)) == [("info", None, None, 131)]


def test_that_another_process_of_the_group_reads_is_said_once_a_minute(look):
    ours, theirs = Partition("t", 0), Partition("t", 1)
    look.source.elsewhere = {ours, theirs}
    (first, again) = look(None, range(66))
    assert first[1] == (
        "judging waits: partitions t/0, t/1 are read by another process of the group; one alone judges a topic. "
        "Stop one of the two, give this one a group_id of its own, or let both share it with replicas: {}"
    )
    assert again[2] == 65
    look.source.there, look.source.elsewhere = {ours, theirs}, frozenset()
    assert look(None, range(66, 70)) == [("info", None, None, 66)]


def test_a_source_that_can_be_read_is_not_said_to_be_unreadable(look):
    look(MISSPELT, range(6))
    assert look.said == ["source cannot be read"]
    look.source.elsewhere = {Partition("t", 1)}
    look(None, range(6, 70))
    assert look.said == ["judging waits"]
    look.source.elsewhere = frozenset()
    look(None, range(70, 71))
    assert look.said == ["judging goes on"]


def test_while_nobody_knows_yet_who_reads_nobody_is_named():
    assert read_elsewhere(FakeSource(elsewhere={Partition("t", 0)}, words="not given out yet")) is None
    assert read_elsewhere(FakeSource(there={Partition("t", 0)})) is None


def test_what_ends_by_itself_at_a_start_is_no_trouble(look):
    assert look("not connected yet", range(int(TROUBLE_PATIENCE))) == []
    assert look(None, range(5, 10)) == []
