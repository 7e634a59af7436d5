"""Partitions together: who holds up whom, who is held back, and that what is remembered stays small."""

from __future__ import annotations

import pytest
from counting_logs import SLOT, block, layouts
from counting_rules import Post, Row

from monitor.counting.fold import NEVER
from monitor.counting.partitions import Partitions, Timing, from_plain, plain
from monitor.formats.batch import DEAD, IGNORED
from monitor.types import Partition

A, B = Partition("t", 0), Partition("t", 1)


@pytest.fixture
def both() -> Partitions:
    """Two partitions, lateness 0, a minute's slack of six slots."""
    partitions = Partitions(Timing(SLOT, 0, 60), layouts(1))
    partitions.add(A, 0.0)
    partitions.add(B, 0.0)
    return partitions


def read(partitions: Partitions, name: Partition, *times: int, offset: int | None = None, model: int = 0) -> None:
    first = max(partitions.folds[name].next.offset, 0) if offset is None else offset
    posts = [Post(first + i, (Row(model, time, time),)) for i, time in enumerate(times)]
    partitions.fold(name, block(posts, 1), now=1.0)


def judged(partitions: Partitions) -> dict[int, tuple[int, ...]]:
    """Return records, late and dead of every slot that is closed now."""
    return {slot: tuple(tallies[0].cells[:3].tolist()) for slot, tallies in partitions.closed()}


def restarted(partitions: Partitions) -> Partitions:
    """Return what a restart makes of it."""
    again = Partitions(partitions.timing, partitions.layouts, partitions.judged)
    for name, remembered in from_plain(plain(partitions.remembered())).items():
        again.add(name, 0.0, remembered)
    return again


def test_a_slot_waits_for_the_slowest_partition(both):
    read(both, A, 1, 11, 21)
    assert judged(both) == {}
    read(both, B, 2, 12)
    assert judged(both) == {0: (2, 0, 0)}


def test_a_partition_that_was_never_read_holds_up_judging_until_it_is_idle(both):
    read(both, A, 1, 11, 21)
    assert judged(both) == {}
    both.close_idle(B)
    assert list(judged(both)) == [0, 1]


def test_an_idle_partition_holds_up_nobody_and_what_it_had_is_judged(both):
    read(both, B, 3)
    read(both, A, 1, 11, 21)
    both.close_idle(B)
    assert judged(both) == {0: (2, 0, 0), 1: (1, 0, 0)}


def test_when_all_are_idle_all_is_judged(both):
    read(both, A, 1, 31)
    read(both, B, 3)
    both.close_idle(A)
    both.close_idle(B)
    assert list(judged(both)) == [0, 3]


def test_a_partition_rejoins_behind_what_was_judged_without_it(both):
    read(both, B, 3)
    both.close_idle(B)
    read(both, A, 1, 51)
    assert judged(both) == {0: (2, 0, 0)}
    read(both, A, 61)
    assert list(judged(both)) == [5]
    read(both, B, 22, 65)
    read(both, A, 72)
    read(both, B, 75)
    assert judged(both) == {6: (2, 1, 0)}


def test_a_restart_does_not_let_an_idle_partition_rejoin_into_what_is_judged(both):
    read(both, B, 3)
    both.close_idle(B)
    read(both, A, 1, 51, 61)
    assert list(judged(both)) == [0, 5]
    again = restarted(both)
    read(again, B, 22, 65, offset=1)
    read(again, A, 61, offset=both.wanted[A] - 1)
    read(again, A, 72)
    read(again, B, 75)
    assert judged(again) == {6: (2, 1, 0)}


def test_a_partition_added_later_begins_behind_what_was_judged():
    partitions = Partitions(Timing(SLOT, 0, 60), layouts(1))
    partitions.add(A, 0.0)
    read(partitions, A, 1, 51, 61)
    assert list(judged(partitions)) == [0, 5]
    partitions.add(B, 0.0)
    read(partitions, A, 71)
    assert judged(partitions) == {}
    read(partitions, B, 4, 72)
    assert judged(partitions) == {6: (1, 1, 0)}


def test_where_an_unread_partition_begins_is_remembered_and_it_still_begins_behind_what_was_judged():
    partitions = Partitions(Timing(SLOT, 0, 60), layouts(1))
    partitions.add(A, 0.0)
    read(partitions, A, 1, 51, 61)
    assert list(judged(partitions)) == [0, 5]
    partitions.add(B, 0.0)
    assert partitions.unread == [B]
    partitions.begin(B, 150)
    assert partitions.unread == []
    again = restarted(partitions)
    assert again.wanted[B] == 150
    read(again, B, 4, 72, offset=150)
    read(again, A, 61, offset=partitions.wanted[A] - 1)
    read(again, A, 71)
    assert judged(again) == {6: (1, 1, 0)}


def test_a_partition_of_dead_letters_alone_becomes_idle_and_stays_so(both):
    read(both, B, 3)
    assert both.quiet_since(B) == 1.0
    posts = [Post(1, (Row(DEAD, 0, 0),))]
    both.fold(B, block(posts, 1), now=99.0)
    assert both.quiet_since(B) == 1.0
    both.close_idle(B)
    read(both, A, 1, 11, 21)
    assert judged(both) == {0: (2, 0, 1), 1: (1, 0, 0)}
    read(both, B, 0, model=DEAD)
    assert both.idle == {B}
    read(both, A, 31)
    assert judged(both) == {2: (1, 0, 1)}
    read(both, B, 35, model=IGNORED)
    assert both.idle == set()


def test_dead_letters_before_anything_usable_count_nowhere_and_hold_nothing_back(both):
    read(both, B, 0, 0, model=DEAD)
    assert both.folds[B].slots == {}
    assert both.remembered()[B].at.offset == 2
    both.close_idle(B)
    read(both, A, 1, 11)
    assert judged(both) == {0: (1, 0, 0)}
    read(both, B, 0, model=DEAD)
    read(both, A, 21)
    assert judged(both) == {1: (1, 0, 1)}


def test_who_runs_too_far_ahead_is_held_until_the_slowest_follows_or_falls_idle(both):
    read(both, B, 5)
    read(both, A, 5, 65)
    assert both.ahead() == set()
    read(both, A, 66)
    assert both.ahead() == {A}
    read(both, B, 6)
    assert both.ahead() == set()
    read(both, A, 67)
    both.close_idle(B)
    assert both.ahead() == set()


def test_beside_a_partition_that_was_never_read_one_may_run_ahead_only_so_far(both):
    read(both, A, 1_005)
    read(both, A, 1_065)
    assert both.ahead() == set()
    read(both, A, 1_066)
    assert both.ahead() == {A}


def test_where_open_slots_hold_many_ids_a_slot_ahead_is_too_far(both, monkeypatch):
    monkeypatch.setattr("monitor.counting.partitions.MOST_HELD", 4)
    read(both, B, 5)
    for i in range(4):
        posts = [Post(i, (Row(0, 5 + 4 * i, 5 + 4 * i, id=f"r{i}"),))]
        both.fold(A, block(posts, 1), now=1.0)
    assert both.ahead() == set()  # 12 ahead, four ids
    both.fold(A, block([Post(4, (Row(0, 17, 17, id="r4"),))], 1), now=1.0)
    assert both.ahead() == {A}
    read(both, B, 18)
    assert list(judged(both)) == [0]
    assert both.ahead() == set()


def test_what_is_kept_of_records_without_an_id_counts_among_what_open_slots_hold(monkeypatch):
    monkeypatch.setattr("monitor.counting.partitions.MOST_HELD", 4)
    for keeping in (False, True):
        both = Partitions(Timing(SLOT, 0, 60), layouts(1, keeping=keeping))
        both.add(A, 0.0)
        both.add(B, 0.0)
        read(both, B, 5)
        read(both, A, 5, 9, 13, 17)
        assert both.ahead() == ({A} if keeping else set())


def test_what_is_remembered_stays_small_however_long_nothing_usable_comes(both):
    read(both, A, 1, 21)
    both.close_idle(A)
    both.close_idle(B)
    assert list(judged(both)) == [0, 2]
    for _ in range(100):
        read(both, B, 0, model=DEAD)
        judged(both)
    assert len(both.folds[B].decisions) <= 1
    assert len(both.folds[B].slots) == 1


def test_at_a_start_nobody_is_silent():
    partitions = Partitions(Timing(SLOT, 0, 60), layouts(1))
    assert not partitions.silent
    partitions.add(A, 0.0)
    assert not partitions.silent
    partitions.close_idle(A)
    assert partitions.silent


def test_what_has_no_time_keeps_no_partition_awake(both):
    read(both, A, 5)
    before = both.quiet_since(A)
    both.fold(A, block([Post(9, (Row(IGNORED, -1, -1),))], 1), now=50.0)
    assert both.quiet_since(A) == before


def test_nothing_is_judged_before_anything_was_read():
    partitions = Partitions(Timing(SLOT, 0, 60), layouts(1))
    assert list(partitions.closed()) == []
    partitions.add(A, 0.0)
    partitions.close_all()
    assert list(partitions.closed()) == []
    assert partitions.judged == NEVER
