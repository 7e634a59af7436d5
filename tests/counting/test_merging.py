"""Markers: who is waited for, and what hinders whom."""

from __future__ import annotations

import pytest
from counting_logs import layouts
from msgspec.structs import replace

from monitor.counting.handover import Counted, Handed, Marker
from monitor.counting.markers import SILENT_AFTER
from monitor.counting.merging import Merging, Reached
from monitor.counting.tally import RECORDS
from monitor.replicas.desk import reached_of, reached_plain
from monitor.types import Partition

FIRST, SECOND = (Marker("t", number, 2, "1", 100, 5, idle=False, trouble={}, leaving=False) for number in (0, 1))


@pytest.fixture
def both() -> Merging:
    """Two partitions, the second of which is idle."""
    merging = Merging("a", layouts(1)[0], ["t"], "1", at=Reached())
    assert take(merging, FIRST, replace(SECOND, idle=True)) == []
    return merging


def take(merging: Merging, *messages: Handed) -> list[int]:
    """Return the slots that these close."""
    return [slot for message in messages for slot, _, _ in merging.take(merging.next, message)]


def tally(partition: int, slot: int) -> Counted:
    return Counted("t", partition, slot, "a", "1", first=100, end=200, cells=[(RECORDS, 100)])


def test_what_hinders_whoever_counts_is_known_though_nothing_is_counted_meanwhile(both):
    hindered = replace(FIRST, trouble={"quality.progress": "no progress for 10 min"})
    take(both, hindered)
    assert both.markers[FIRST.where].trouble == hindered.trouble
    take(both, FIRST)
    assert both.markers[FIRST.where].trouble == {}


def test_a_partition_that_its_process_leaves_is_waited_for_until_another_has_looked(both):
    take(both, replace(SECOND, leaving=True))
    onward = replace(FIRST, offset=200, closed=9)
    assert take(both, tally(0, 8), onward, tally(1, 8)) == []
    assert take(both, replace(SECOND, offset=200, closed=9)) == [8]


def test_who_takes_an_idle_partition_over_holds_up_nobody(both):
    assert take(both, SECOND, tally(0, 8), replace(FIRST, offset=200, closed=9)) == [8]


def test_an_idle_marker_said_again_closes_nothing(both):
    take(both, replace(FIRST, idle=True))
    assert take(both, tally(0, 8), replace(SECOND, idle=True)) == []


def test_an_idle_partition_of_which_nobody_tells_any_more_is_waited_for(both):
    later = replace(FIRST, stamp=SILENT_AFTER)
    assert take(
        both, replace(SECOND, idle=True, stamp=0), later, tally(0, 6), replace(later, offset=110, closed=6)
    ) == [6]
    assert both.uncounted == []
    onward = replace(FIRST, offset=120, closed=9, stamp=SILENT_AFTER + 1)
    assert take(both, tally(0, 8), onward) == []
    assert both.uncounted == both.awaited == [SECOND.where]
    assert take(both, replace(SECOND, stamp=SILENT_AFTER + 2)) == []
    assert both.uncounted == []
    assert take(both, replace(SECOND, idle=True, stamp=SILENT_AFTER + 3)) == [8]


def test_whoever_reads_the_log_again_decides_the_same_of_who_is_idle(both):
    take(both, replace(SECOND, idle=True, stamp=10), replace(FIRST, stamp=20), tally(0, 8))
    again = Merging("a", layouts(1)[0], ["t"], "1", at=reached_of(reached_plain(both.resume())))
    onward = replace(FIRST, offset=200, closed=9, stamp=10 + SILENT_AFTER + 1)
    assert take(again, tally(0, 8), onward) == take(both, onward) == []
    assert again.awaited == both.awaited == [SECOND.where]


def test_nobody_waits_for_a_topic_that_is_no_longer_read():
    before = {marker.where: marker for marker in (FIRST, replace(FIRST, topic="gone"))}
    merging = Merging("a", layouts(1)[0], ["t"], "1", at=Reached(markers=before))
    take(merging, SECOND)
    assert take(merging, tally(0, 8), *(replace(each, offset=200, closed=9) for each in (FIRST, SECOND))) == [8]
    assert merging.awaited == [Partition("t", 0), Partition("t", 1)]
