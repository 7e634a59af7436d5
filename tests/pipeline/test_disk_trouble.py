"""A disk that takes nothing for a while, or a clock that jumps, changes nothing of what is judged, told and written."""

from __future__ import annotations

import errno
import os
from random import Random

import pytest
import traffic
from minding_permissions import minding_permissions
from one_life import life, log_of
from traffic import SLOT_RECORDS

from monitor.errors import SnapshotError
from monitor.state import snapshot
from monitor.state.lock import lock

__all__ = ["life"]

HOUR = 3_600_000
CODES = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO)
TROUBLE = range(15, 45)
"""Turns in which the disk takes nothing; three seconds each, so more than a minute."""


@pytest.fixture(scope="module")
def log():
    """A shift and its end, with records that are none."""
    records = list(traffic.traffic(80, seed=2, changed=range(20, 50), change=traffic.higher_income))
    return log_of([b"torn" if number % 250 == 7 else record for number, record in enumerate(records)])


def lived(one, log, around=None, walls=None):
    """Live through the log, a slot a turn; `around` is asked before each turn, and `walls` how far a clock is off."""
    for number in range(1, 1 + len(log) // SLOT_RECORDS):
        if around:
            around(number)
        one.read(number * SLOT_RECORDS, 3 * number, wall=walls(number) if walls else 0)
    told, judge = one.end()
    apart = [event for event in told if event["signals"][0]["signal"] == "quality.state"]
    return [event for event in told if event not in apart], judge, one.letters(), [e["event"] for e in apart]


@pytest.fixture(scope="module")
def expected():
    return {}


@pytest.fixture
def undisturbed(life, log, expected):
    if not expected:
        expected["end"] = lived(life("whole", log), log)
        assert [event["event"] for event in expected["end"][0]] == ["opened", "resolved"]
    return expected["end"]


def failing(code):
    def call(*_, **__):
        raise OSError(code, os.strerror(code))

    return call


@pytest.mark.parametrize("call", ["open", "write", "fsync", "rename"])
@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.get)
def test_whatever_the_disk_refuses_reading_goes_on_it_is_told_and_made_good(life, log, undisturbed, call, code):
    one = life("one", log)
    saved = {}
    with pytest.MonkeyPatch.context() as disk:

        def around(number):
            if number == TROUBLE.start:
                saved["before"] = snapshot.load(one.newest)["judged"]
                disk.setattr(os, call, failing(code))
            elif number == TROUBLE.stop - 1:
                assert one.health.readyz(3.0 * number - 3).why == {
                    "state": f"{one.newest.parent} cannot be written: {os.strerror(code)}"
                }
                assert snapshot.load(one.newest)["judged"] == saved["before"]
            elif number == TROUBLE.stop:
                disk.undo()
            elif number == TROUBLE.stop + 1:
                assert one.health.readyz(3.0 * number - 3).well
                for path in (one.newest, snapshot.previous(one.newest)):  # of what was told meanwhile both know
                    assert snapshot.read(path)["judged"] > saved["before"]

        told, judge, letters, state = lived(one, log, around)
    assert (told, judge, letters) == undisturbed[:3]
    assert state == ["opened", "resolved"]


def test_a_folder_that_may_not_be_written_any_more_is_told_and_made_good_when_it_may(life, log, undisturbed):
    one = life("one", log)
    folder = one.newest.parent

    def around(number):
        if number == TROUBLE.start:
            folder.chmod(0o500)
        elif number == TROUBLE.stop - 1:
            assert one.health.readyz(3.0 * number - 3).why == {
                "state": f"{folder} cannot be written: Permission denied"
            }
        elif number == TROUBLE.stop:
            folder.chmod(0o700)

    with minding_permissions():
        ended = lived(one, log, around)
    assert ended[:3] == undisturbed[:3]
    assert ended[3] == ["opened", "resolved"]


def test_killed_while_nothing_could_be_saved_it_goes_back_and_the_same_is_told(life, log, undisturbed):
    one = life("one", log)
    with pytest.MonkeyPatch.context() as disk:

        def around(number):
            if number == TROUBLE.start:
                disk.setattr(os, "fsync", failing(errno.ENOSPC))
            elif number == TROUBLE.stop:
                disk.undo()
                one.kill()
                one.start()

        told, judge, letters, _ = lived(one, log, around)
    assert (told, judge, letters) == undisturbed[:3]


def test_calls_that_fail_now_and_then_change_nothing(life, log, undisturbed):
    one, rng = life("one", log), Random(3)
    failures = 0

    def now_and_then(call):
        def tried(*given, **more):
            nonlocal failures
            if rng.random() < 0.2:
                failures += 1
                raise OSError(code := rng.choice(CODES), os.strerror(code))
            return call(*given, **more)

        return tried

    with pytest.MonkeyPatch.context() as disk:
        for name in ("open", "fsync", "rename"):
            disk.setattr(os, name, now_and_then(getattr(os, name)))

        def around(number):
            if number == len(log) // SLOT_RECORDS:
                disk.undo()

        told, judge, letters, _ = lived(one, log, around)
    assert (told, judge, letters) == undisturbed[:3]
    assert failures > 20


def test_a_start_in_a_folder_that_may_not_be_written_ends_in_words_and_keeps_what_is_there(tmp_path):
    lock(tmp_path).close()
    tmp_path.chmod(0o500)
    with (
        minding_permissions(),
        pytest.raises(SnapshotError, match=f"state_dir {tmp_path} cannot be written: Permission denied"),
    ):
        lock(tmp_path)
    tmp_path.chmod(0o700)
    lock(tmp_path).close()


def test_a_start_on_a_snapshot_that_may_not_be_read_ends_in_words_and_goes_back_to_no_other(life, log):
    one = life("one", log)
    for second in (1, 3):
        one.read(500 * second, second)
    one.kill()
    one.newest.chmod(0o000)
    with minding_permissions(), pytest.raises(SnapshotError, match="snapshot cannot be read: Permission denied"):
        one.start()


@pytest.mark.parametrize("seed", range(3))
def test_a_wall_clock_that_jumps_hours_back_and_forth_changes_no_verdict_and_stops_no_saving(
    life, log, undisturbed, seed
):
    rng = Random(seed)
    one = life("one", log)
    judged = []

    def around(number):
        if number > 1:
            judged.append(snapshot.load(one.newest)["judged"])

    ended = lived(one, log, around, walls=lambda _: rng.choice([0, -30 * HOUR, -HOUR, HOUR, 50 * HOUR]))
    assert ended == undisturbed
    assert judged == sorted(judged)
    assert len(set(judged)) > 70


def test_a_wall_clock_that_jumps_makes_no_partition_idle_and_keeps_none_awake(life, log):
    ends = []
    for name, walls in (("steady", [0] * 6), ("jumping", [0, 90 * HOUR, -90 * HOUR, HOUR, -HOUR, 0])):
        one = life(name, log)
        idle = []
        for number, (second, wall) in enumerate(zip((1, 20, 50, 75, 100, 130), walls, strict=True)):
            one.source.ended = number > 0
            one.read(2_000 + 10 * (number == 4), second, wall=wall)
            idle.append(bool(one.pipeline.parts.partitions.idle))
        ends.append((idle, *one.end()))
    assert ends[0] == ends[1]
    assert ends[0][0] == [False, False, False, True, False, False]
