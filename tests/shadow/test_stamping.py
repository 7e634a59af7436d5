"""Stamps of answers follow a clock that may do anything, and never go back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.parts import Now
from monitor.shadow.stamping import Stamps

MOST = 600_000
DAY = 86_400_000
START = 1_767_225_600_000

CLOCKS = st.lists(st.tuples(st.floats(0, 1_000), st.integers(0, 2 * START)), min_size=1, max_size=50)


@given(CLOCKS)
def test_whatever_the_wall_clock_does_stamps_never_go_back(readings):
    stamps, steady, given_ = Stamps(MOST), 0.0, []
    for passed, wall in readings:
        steady += passed
        given_.append(stamps.next(Now(steady, wall)))
    assert given_ == sorted(given_)


def test_with_a_clock_that_only_goes_on_a_stamp_is_its_time():
    stamps = Stamps(MOST)
    times = [(s, START + 1_000 * s) for s in (0, 1, 5, 4_000)]
    assert [stamps.next(Now(float(s), wall)) for s, wall in times] == [wall for _, wall in times]


def test_a_single_reading_a_day_ahead_takes_what_follows_no_further_than_that():
    stamps = Stamps(MOST)
    stamps.next(Now(0.0, START))
    assert stamps.next(Now(1.0, START + DAY)) == START + 1_000 + MOST
    behind = [stamps.next(Now(float(s), START + 1_000 * s)) - (START + 1_000 * s) for s in range(2, 1_300)]
    assert max(behind) <= MOST
    assert behind[-1] == 0


def test_a_clock_set_right_by_a_day_is_followed_step_by_step():
    stamps = Stamps(MOST)
    stamps.next(Now(0.0, START))
    assert [stamps.next(Now(s / 10, START + DAY + 100 * s)) for s in range(200)][-1] == START + DAY + 100 * 199


def test_behind_a_clock_that_was_set_back_stamps_go_on_at_half_the_speed_however_often_is_asked():
    stamps = Stamps(MOST)
    stamps.next(Now(0.0, START))
    for tick in range(1, 100_001):
        last = stamps.next(Now(tick / 1_000, START - DAY + tick))
    assert last == START + 50_000


def test_after_a_restart_any_time_may_have_passed_but_none_backwards():
    later, earlier = Stamps(MOST), Stamps(MOST)
    for stamps in (later, earlier):
        stamps.follow(START)
        stamps.follow(START - 7)
    assert later.next(Now(0.0, START + DAY)) == START + DAY
    assert earlier.next(Now(0.0, START - DAY)) == START


def test_processes_that_read_each_other_do_not_drive_each_other_on():
    several = [Stamps(MOST) for _ in range(5)]
    last = START + DAY
    for tick in range(1_000):
        for stamps in several:
            stamps.follow(last)
            last = stamps.next(Now(tick / 10, START + 100 * tick))
    assert last <= START + DAY + 100_000 / 2 + 100
