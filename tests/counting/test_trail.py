"""Where the judged slots lie in a partition: never later than the truth, near it, and in bounded room."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from monitor.counting.trail import FINENESS, MOST, Trail, from_plain, plain
from monitor.types import Partition

DAYS_30 = 30 * 24 * 360  # slots of ten seconds


def walked(slots, first=lambda slot: 10 * slot):
    trail = Trail()
    for slot in slots:
        trail.add(slot, first(slot), first(slot) + 10)
    return trail


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 300), st.integers(1, 50)), min_size=1, max_size=80))
def test_nothing_of_a_slot_or_a_later_one_lies_before_what_is_said_of_it(steps):
    trail, slot, seen = Trail(), 0, []
    for gap, first, length in steps:
        slot += gap
        seen.append((slot, first, first + length))
        trail.add(*seen[-1])
    for asked in range(slot + 2):
        later = [first for s, first, _ in seen if s >= asked]
        assert trail.first(asked) <= min(later, default=trail.end)
    assert trail.end == max(end for _, _, end in seen)
    exact = min(first for s, first, _ in seen if s >= seen[0][0])
    assert trail.first(seen[0][0]) == exact


def test_young_slots_are_known_exactly_and_old_ones_to_a_sixteenth_of_their_age():
    trail = walked(range(DAYS_30))
    for age in [0, 1, 10, *range(100, DAYS_30, 5_003)]:
        slot = DAYS_30 - 1 - age
        said = trail.first(slot) // 10
        assert slot - age // FINENESS - 1 <= said <= slot
    assert trail.first(DAYS_30 - 5) == 10 * (DAYS_30 - 5)


def test_thirty_days_fit_into_a_few_hundred_marks():
    trail = Trail()
    most = 0
    for slot in range(DAYS_30):
        trail.add(slot, 7 * slot, 7 * slot + 7)
        most = max(most, len(trail.marks))
    assert most <= MOST + 1
    assert len(msgspec.msgpack.encode(plain({Partition("t", 0): trail}))) < 8_000


def test_it_begins_where_it_is_first_known_and_at_the_end_where_nothing_is():
    assert walked([50, 51]).first(3) == 500
    assert Trail().first(3) == 0


def test_what_is_remembered_goes_on_as_if_nothing_had_been():
    whole, half = walked(range(2_000)), walked(range(1_000))
    rows = msgspec.msgpack.decode(msgspec.msgpack.encode(plain({Partition("t", 1): half})))
    again = from_plain(rows)[Partition("t", 1)]
    for slot in range(1_000, 2_000):
        again.add(slot, 10 * slot, 10 * slot + 10)
    assert again == whole
