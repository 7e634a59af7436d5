"""8. Stamps from the far future or the far past neither close slots nor reopen them; a gap in time costs nothing."""

from __future__ import annotations

import time

from tallying import at, book_of, ended, send, slots_of, steady

DAY = 86_400


def test_records_from_the_far_future_are_dead_letters_and_close_no_slot(broker, topic, tallied):
    name = topic(1, retention_ms=-1)
    ahead = [at(3, "f1", stamp=3), at(2 * DAY, "f2", stamp=3), at(100 * 365 * DAY, "f3", stamp=3)]
    send(broker.bootstrap, name, [*steady(0, 3), *ahead, *steady(3, 10)])
    assert tallied(name) == {"records": 101, "late": 0, "dead": 2}


def test_where_the_log_stamps_a_clock_that_is_ahead_within_the_hour_closes_nothing_either(broker, topic, tallied):
    name = topic(1, retention_ms=-1, message_timestamp_type="LogAppendTime")
    now = round(time.time() * 1_000)
    ahead = at(50 * 60, "f1", since=now)
    send(broker.bootstrap, name, [*steady(-5, -3, since=now), ahead, *steady(-3, 0, since=now)])
    assert tallied(name) == {"records": 51, "late": 0, "dead": 0}


def test_records_from_the_far_past_are_late_and_open_no_slot_again(broker, topic, witnessed_monitor):
    name = topic(1, retention_ms=-1)
    send(broker.bootstrap, name, [*steady(0, 8), at(-DAY, "p1"), at(-50 * 365 * DAY, "p2"), *steady(8, 10)])
    one = witnessed_monitor(name)
    one.start()
    assert ended(one) == {"records": 100, "late": 2, "dead": 0}
    slots = slots_of(book_of(one))
    assert len(slots) == 10
    assert slots[7]["late"] == 2


def test_a_weekend_without_traffic_has_no_slots_and_alarms_nobody(broker, topic, witnessed_monitor):
    name = topic(2, retention_ms=-1)
    monday = round(2.5 * DAY)
    both = [*steady(0, 10), *steady(0, 10, 1), *steady(monday, monday + 10), *steady(monday, monday + 10, 1)]
    send(broker.bootstrap, name, both)
    one = witnessed_monitor(name)
    one.start()
    assert ended(one) == {"records": 400, "late": 0, "dead": 0}
    assert len(slots_of(book_of(one))) == 20
    assert one.events() == []
