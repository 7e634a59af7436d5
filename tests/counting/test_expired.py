"""Records of an idle partition expire in the end: whoever takes it over goes on behind them, and counts none twice."""

from __future__ import annotations

import pytest
from counting_logs import SLOT, block, layouts
from counting_rules import Post, Row

from monitor.counting.apart import Apart
from monitor.counting.merging import Merging, Reached
from monitor.counting.partitions import Remembered, Timing
from monitor.counting.tally import LATE, RECORDS
from monitor.errors import SnapshotError
from monitor.replicas.metadata import remembered_of, what_is_left, words_of
from monitor.types import Partition

A = Partition("t", 0)


def apart(remembered: Remembered | None = None) -> Apart:
    process = Apart(Timing(SLOT, 0, 60), layouts(1), ["a"], "1")
    process.add(A, 0.0, remembered)
    return process


def read(process: Apart, first: int, *times: int) -> None:
    process.fold(A, block([Post(first + i, (Row(0, time, time),)) for i, time in enumerate(times)], 1), 0.0)


def hand_over(process: Apart, judge: Merging) -> Remembered:
    """Hand over, as the outbox does; return what is committed."""
    through = process.published_through()
    for message in [*process.tallies(), *process.markers({"t": 1}, {})]:
        for slot, tally, _ in judge.take(judge.next, message):
            found.append((slot, int(tally.cells[RECORDS]), int(tally.cells[LATE])))
    process.handed_over(through)
    remembered = process.remembered()[A]
    return remembered_of(A, remembered.at.offset, words_of(remembered, SLOT), SLOT)


found: list[tuple[int, int, int]] = []


@pytest.fixture
def judge() -> Merging:
    found.clear()
    return Merging("a", layouts(1)[0], ["t"], "1", at=Reached())


def test_what_an_idle_partition_has_open_is_read_again_as_long_as_it_is_there(judge):
    process = apart()
    read(process, 0, 1, 11, 12)
    assert hand_over(process, judge).rest is None
    process.close_idle(A)
    remembered = what_is_left(hand_over(process, judge), begins=1)
    assert (remembered.at.offset, remembered.at.closed) == (1, -1)


def test_once_it_has_expired_reading_goes_on_behind_it_and_nothing_counts_twice(judge):
    process = apart()
    read(process, 0, 1, 11, 12)
    process.close_idle(A)
    remembered = what_is_left(hand_over(process, judge), begins=3)
    assert found == [(0, 1, 0), (1, 2, 0)]
    assert remembered.at.offset == 3
    onward = apart(remembered)
    read(onward, 3, 13, 14, 35)
    hand_over(onward, judge)
    onward.close_idle(A)
    hand_over(onward, judge)
    assert found[2:] == [(2, 0, 2), (3, 1, 0)]


def test_what_was_not_handed_over_is_not_passed_over(judge):
    process = apart()
    read(process, 0, 1, 11, 12)
    remembered = hand_over(process, judge)
    assert what_is_left(remembered, begins=3) == remembered


def test_words_of_a_build_that_did_not_know_of_it_are_understood():
    words = '{"form":1,"slot":10,"clock":5,"closed":0,"published":0,"done":3}'
    assert remembered_of(A, 3, words, 10).rest is None
    with pytest.raises(SnapshotError):
        remembered_of(A, 3, words, 20)
