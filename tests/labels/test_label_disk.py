"""A disk that takes nothing for a while: SQLite takes back what it could not commit, and nothing of it is lost.

The disk is made full by a limit of the process's own on how far into a file it may write.
"""

from __future__ import annotations

import contextlib
import resource
from random import Random

import pytest
from labels_world import START, ended, world
from left_behind import forget, plain
from structlog.testing import capture_logs

from monitor.labels import transaction
from monitor.labels.halves import Halves
from monitor.labels.rows import Half, LabelHalf
from monitor.parts import Now

EVERY_ID = b"\xff" * 9
ROOM = 64 << 10


@contextlib.contextmanager
def full():
    """Let no file grow beyond some kilobytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def halves(tmp_path):
    """Return a function that opens a file of halves."""
    made = []

    def make(name):
        made.append(Halves(tmp_path / name, 10, EVERY_ID, only="m"))
        return made[-1]

    yield make
    for one in made:
        one.close()


def keep(kept, slot):
    """Keep a slot's halves, and return what is paired in it."""
    kept.predict("m", [Half(f"{slot}-{n}", slot, "yes") for n in range(500)])
    kept.label([LabelHalf(f"{slot - 1}-{n}", slot, "yes" if n % 7 else "no") for n in range(500)])
    return kept.pairs("m", slot)


def test_what_a_commit_took_back_is_still_here_and_is_on_the_disk_once_there_is_room(halves, tmp_path):
    whole, one = halves("whole"), halves("one")
    for slot in range(30):
        with full() if 5 <= slot < 20 else contextlib.nullcontext():
            assert keep(one, slot) == keep(whole, slot)
            whole_fails, one_fails = (_fails(each) for each in (whole, one))
            assert (whole_fails, one_fails) == (5 <= slot < 20,) * 2
            if not one_fails:
                one.forget(slot, EVERY_ID)
    life = one.life
    one.close()
    again = halves("one")
    assert again.life == life
    assert again.pairs("m", 29) == whole.pairs("m", 29) != []


def _fails(kept):
    try:
        kept.commit()
    except OSError:
        return True
    return False


def test_what_waits_for_a_disk_is_bounded_and_reading_waits_with_it(halves, monkeypatch):
    monkeypatch.setattr(transaction, "MOST", 3_000)
    one = halves("one")
    with full():
        for slot in range(3):
            assert not one.full
            keep(one, slot)
            _fails(one)
        assert one.full
    one.commit()
    assert not one.full


def test_so_much_that_reading_would_stop_is_saved_at_once_and_only_once(started, monkeypatch):
    """Reading may stand still for another reason: then saving does not help, and goes by its time again."""
    monkeypatch.setattr(transaction, "MOST", 50)
    pipeline = started(world(4, 6, wrong=doubles), Random(1))
    outbox, saves = pipeline.parts.outbox, []
    monkeypatch.setattr(outbox, "_hand_over", lambda: saves.append(1))
    pipeline.clock = lambda: Now(1.0, START)
    pipeline.open()
    pipeline.parts.sides[0].open()
    outbox.save(pipeline, pipeline.clock())
    pipeline.step()
    assert len(saves) == 2  # both at the same second
    assert not pipeline.parts.full
    for full in (False, True, True, True):
        monkeypatch.setattr(Halves, "full", full)
        outbox.save(pipeline, pipeline.clock())
    assert len(saves) == 3
    outbox.close(pipeline, pipeline.clock())
    pipeline.parts.sides[0].close()


def doubles(number):
    return 0.05 if number < 3_000 else 0.2


def test_a_disk_full_for_minutes_changes_nothing_that_is_joined_or_told(started, lived, tmp_path):
    made = world(70, 6, wrong=doubles, parts=2, mess=True)
    undisturbed = lived(made)
    forget(tmp_path)
    pipeline, blocked = started(made, Random(1), most=60), 0
    pipeline.open()
    pipeline.parts.sides[0].open()
    with contextlib.ExitStack() as disk, capture_logs():
        for turn in range(10**6):
            if pipeline.over:
                break
            if turn == 40:
                disk.enter_context(full())
            elif turn == 200:
                disk.close()
            pipeline.step()
            blocked += pipeline.parts.outbox.health.blocked("state") is not None
    pipeline.end()
    pipeline.parts.outbox.close(pipeline, pipeline.clock())
    pipeline.parts.sides[0].close()
    end = ended(pipeline, tmp_path)
    events = [event for event in end.events if event["signals"][0]["signal"] != "quality.state"]
    assert blocked > 100
    assert events == undisturbed.events != []
    assert plain(end.state) == plain(undisturbed.state)
