"""The newest snapshot is damaged: a run goes on from the one before it, and says so; what was told is not forgotten."""

from __future__ import annotations

import pytest
import traffic
from one_life import A, life, log_of
from structlog.testing import capture_logs
from traffic import SLOT_RECORDS

from monitor.errors import SnapshotError
from monitor.state import snapshot

__all__ = ["life"]


@pytest.fixture(scope="module")
def log():
    """A shift that goes on; then fifty records that come when their slot is closed, then ten slots more.

    By the log's stamps no time passes: nothing but the decision that the partition is idle closes a slot.
    """
    records = list(traffic.traffic(50, seed=2, changed=range(20, 50), change=traffic.higher_income))
    behind = [record | {"id": f"late-{record['id']}"} for record in records[39 * SLOT_RECORDS :][:50]]
    return log_of(records[: 40 * SLOT_RECORDS] + behind + records[40 * SLOT_RECORDS :], every=0)


IDLE = 40 * SLOT_RECORDS


@pytest.mark.parametrize("harm", [b"", b"torn", None], ids=["empty", "torn", "gone"])
def test_what_was_told_after_a_partition_fell_idle_is_decided_again_the_same(life, log, harm):
    """The decision came from a clock, so both snapshots know it before anybody hears what followed from it."""
    ends = []
    for name in ("whole", "harmed"):
        one = life(name, log)
        for number in range(1, 41):
            one.read(number * SLOT_RECORDS, number)
        before = len(one.told())
        one.source.ended = True
        one.turn(200)
        assert len(snapshot.load(one.newest)["unsent"]) > 0
        if name == "harmed":
            one.kill()
            assert len(one.told()) > before
            one.newest.unlink()
            if harm is not None:
                one.newest.write_bytes(harm)
            one.start()
            one.read(IDLE, 201)
        one.read(IDLE + 50, 202)
        one.read(len(log), 203)
        ends.append(one.end())
    (told, judge), (told_again, judge_again) = ends
    assert told_again == told != []
    assert judge_again == judge


def test_the_log_says_why_and_how_old_the_one_before_is_and_the_damaged_one_is_kept(life, log):
    one = life("one", log)
    one.read(500, 1)
    one.read(1_000, 3)
    one.kill()
    one.newest.write_bytes(b"torn")
    with capture_logs() as said:
        one.start()
    (entry,) = (each for each in said if each["event"] == "previous snapshot used")
    assert entry["log_level"] == "warning"
    assert entry["why"] == f"{one.newest} is not whole"
    assert entry["path"] == str(snapshot.previous(one.newest))
    assert entry["saved"][:2] == "20"
    assert snapshot.torn(one.newest).read_bytes() == b"torn"
    assert next(each for each in said if each["event"] == "snapshot read")["path"] == str(snapshot.previous(one.newest))
    one.kill()


def test_a_damaged_one_that_cannot_be_put_aside_stops_the_start_and_nothing_is_lost(life, log, monkeypatch):
    one = life("one", log)
    for second in (1, 3):
        one.read(500 * second, second)
    one.kill()
    one.newest.write_bytes(b"torn")
    before = snapshot.previous(one.newest).read_bytes()

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as disk:
        disk.setattr("os.rename", denied)
        with pytest.raises(SnapshotError, match=r"state_dir .* cannot be written: Permission denied"):
            one.start()
    assert snapshot.previous(one.newest).read_bytes() == before
    one.start()
    one.read(2_000, 5)
    assert snapshot.find(one.newest).instead is None
    one.kill()


def test_both_know_where_a_partition_goes_on_before_that_is_committed(life, log):
    """Else a run that goes on from the one before would begin where the group committed, and lose what lies between."""
    one = life("one", log)
    one.turn(1)
    assert one.source.committed == {}
    one.read(500, 3)
    assert one.source.committed == {A: 500}
    for path in (one.newest, snapshot.previous(one.newest)):
        assert [row[:3] for row in snapshot.read(path)["partitions"]] == [[*A, 0]]
    one.read(1_000, 5)
    assert one.newest.read_bytes() != snapshot.previous(one.newest).read_bytes()  # no need to, from then on
    one.kill()
