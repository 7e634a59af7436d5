"""Who counts differently is waited for until it has stopped or is silent, whatever the clocks of machines say."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from monitor.counting.handover import Marker, encode
from monitor.replicas import others
from monitor.replicas.others import CLOCKS_DIFFER, SILENT_AFTER, _Others
from monitor.types import Partition

THEIRS = Marker("t", 0, 1, "theirs", 5, 1)


@pytest.fixture
def log(monkeypatch):
    """What others wrote: (when, by the brokers' clock, message); this machine's is four minutes ahead."""
    written = []

    def tail(_connection, _topic, _partition, seconds, begin):
        recent = [n for n, (when, _) in enumerate(written) if when >= 240.0 - seconds]
        first = begin if begin is not None else min(recent, default=len(written))
        return [(n, encode(message)) for n, (_, message) in enumerate(written) if n >= first]

    monkeypatch.setattr(others, "tail", tail)
    return written


def at_work(one, now):
    return one.look(now) == [Partition("t", 0)]


def test_who_counts_differently_is_seen_though_this_clock_is_ahead(log):
    log.append((0.0, THEIRS))
    one = _Others({}, "tallies", "ours")
    assert at_work(one, 0.0)
    log.append((30.0, replace(THEIRS, offset=6)))
    assert at_work(one, 30.0)
    assert at_work(one, 30.0 + SILENT_AFTER - 1)
    assert not at_work(one, 30.0 + SILENT_AFTER)
    assert CLOCKS_DIFFER > 240.0


def test_who_stops_in_order_is_waited_for_no_longer(log):
    log.append((0.0, THEIRS))
    one = _Others({}, "tallies", "ours")
    assert at_work(one, 0.0)
    log.append((1.0, replace(THEIRS, leaving=True)))
    assert not at_work(one, 2.0)


def test_who_counts_alike_is_not_waited_for(log):
    log.append((0.0, THEIRS))
    assert not at_work(_Others({}, "tallies", "theirs"), 0.0)
