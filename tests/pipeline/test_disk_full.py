"""A full disk stops nothing but the saving; when there is room again, all that was kept back is written, once."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
import traffic
from fake_source import FakeSource
from structlog.testing import capture_logs
from traffic import START

from monitor.assembly import DEAD_LETTERS, SNAPSHOT, running, watched_models
from monitor.config.loading import load
from monitor.delivery.dead_letters import DeadLetter, FileWriter
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.parts import Now
from monitor.types import Message, Partition

A = Partition("t", 0)


def full(*_):
    raise OSError(28, "No space left on device")


def letters(*offsets):
    return [DeadLetter(Message("t", 0, offset, START, None, b"torn"), "not_json", "torn") for offset in offsets]


def offsets(path):
    return [json.loads(line)["offset"] for line in path.read_text().splitlines()]


@pytest.fixture
def writer(tmp_path):
    """Return a function that makes a writer, given what `flush` said last."""
    made = []

    def make(size=None):
        made.append(FileWriter(tmp_path / "dead", size))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_what_the_disk_did_not_take_is_written_later_without_half_a_line(writer, tmp_path, monkeypatch):
    one = writer()
    one.write(letters(1))
    one.flush()
    write = os.write

    def half(descriptor, data):
        write(descriptor, data[: len(data) // 2])
        full()

    monkeypatch.setattr(os, "write", half)
    one.write(letters(2, 3))
    with pytest.raises(OSError, match="No space left"):
        one.flush()
    assert offsets(tmp_path / "dead") == [1]
    one.write(letters(*range(4, 2_000)))
    monkeypatch.undo()
    assert one.flush()[0] == (tmp_path / "dead").stat().st_size
    assert offsets(tmp_path / "dead") == list(range(1, 2_000))


def test_what_a_sync_that_failed_has_dropped_is_written_again(writer, tmp_path, monkeypatch):
    """After it the kernel takes the pages for written, and the next sync says that all is well."""
    one, fsync = writer(), os.fsync
    one.write(letters(1))
    one.flush()
    kept = (tmp_path / "dead").stat().st_size

    def dropping(descriptor):
        os.ftruncate(descriptor, kept)
        full()

    one.write(letters(*range(2, 1_200)))  # more than wait for a flush
    for again in range(2):
        monkeypatch.setattr(os, "fsync", dropping)
        with pytest.raises(OSError, match="No space left"):
            one.flush()
        monkeypatch.setattr(os, "fsync", fsync)
        one.write(letters(1_200 + again))
    assert one.flush()[0] == (tmp_path / "dead").stat().st_size
    assert offsets(tmp_path / "dead") == list(range(1, 1_202))


def test_what_is_kept_until_it_is_on_the_disk_is_bounded(writer, monkeypatch):
    monkeypatch.setattr("monitor.delivery.appended.MOST_APPENDED", 10_000)
    one, synced, fsync = writer(), [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(fsync(descriptor)))
    for begin in range(0, 10_000, 1_000):
        one.write(letters(*range(begin, begin + 1_000)))
    assert len(synced) == 10


def test_what_is_no_file_is_written_to_all_the_same():
    one = FileWriter(Path("/dev/null"))
    one.write(letters(1, 2))
    assert one.flush()[0] > 0
    one.close()


def test_short_writes_are_gone_on_with(writer, tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    one = writer()
    one.write(letters(1, 2))
    assert one.flush()[0] == (tmp_path / "dead").stat().st_size
    assert offsets(tmp_path / "dead") == [1, 2]


def test_letters_that_wait_are_bounded_and_reading_waits_with_them(writer, monkeypatch):
    monkeypatch.setattr("monitor.delivery.appended.MOST_WAITING", 2_000)
    monkeypatch.setattr(os, "write", full)
    one = writer()
    one.write(letters(1))
    assert not one.full
    one.write(letters(*range(2, 40)))
    assert one.full
    monkeypatch.undo()
    one.flush()
    assert not one.full


def test_what_came_after_the_snapshot_is_cut_off_and_the_size_is_that_of_the_rest(writer, tmp_path):
    one = writer()
    one.write(letters(1))
    saved = one.flush()
    one.write(letters(2))
    one.flush()
    two = writer(saved)
    assert two.flush() == saved
    assert saved[0] == (tmp_path / "dead").stat().st_size
    two.write(letters(3))
    two.flush()
    assert offsets(tmp_path / "dead") == [1, 3]


def test_letters_of_a_file_that_was_taken_away_meanwhile_begin_a_new_one(writer, tmp_path):
    one = writer()
    one.write(letters(1, 2, 3))
    saved = one.flush()
    (tmp_path / "dead").unlink()
    two = writer(saved)
    two.write(letters(4))
    two.flush()
    assert offsets(tmp_path / "dead") == [4]


@pytest.mark.parametrize("others", [b"x\n", b"torn", b"%s\n" % (b"y" * 2_000)])
def test_a_file_that_somebody_wrote_anew_meanwhile_is_left_as_it_is_and_gone_on_with(writer, tmp_path, capsys, others):
    one = writer()
    one.write(letters(1, 2, 3))
    saved = one.flush()
    (tmp_path / "dead").write_bytes(others)
    two = writer(saved)
    two.write(letters(4))
    two.flush()
    first, last = (tmp_path / "dead").read_bytes().splitlines()
    assert first == others.strip()
    assert json.loads(last)["offset"] == 4
    assert "is not as it was left" in capsys.readouterr().out


def test_a_snapshot_that_knows_the_size_alone_is_gone_on_with(writer, tmp_path):
    one = writer()
    one.write(letters(1))
    size, _ = one.flush()
    one.write(letters(2))
    one.flush()
    writer(size)
    assert offsets(tmp_path / "dead") == [1]


@pytest.fixture
def monitor(tmp_path, configured):
    """Return a function that makes a monitor of a fake source, which tells a file."""

    def make():
        path = configured(sinks=[{"type": "file", "path": str(tmp_path / "told.jsonl")}])
        config = load(path, secrets=False)
        config.state_dir.mkdir(exist_ok=True)
        models = watched_models(config, str(path))
        source = FakeSource(there={A})
        return running(config, models, Health(0.0), Metrics("0"), stopping=threading.Event(), source=source)

    return make


def turn(pipeline, seconds):
    pipeline.clock = lambda: Now(float(seconds), START + 1_000 * seconds)
    pipeline.step()


def told(tmp_path):
    lines = (tmp_path / "told.jsonl").read_text().splitlines()
    return [(e["event"], e["severity"], e["summary"]) for e in map(json.loads, lines)]


def test_somebody_is_told_when_nothing_can_be_saved_for_a_minute_and_when_it_can_again(tmp_path, monitor, monkeypatch):
    one = monitor()
    turn(one, 0)
    monkeypatch.setattr(os, "fsync", full)
    for seconds in range(10, 200, 10):
        turn(one, seconds)
    monkeypatch.undo()
    turn(one, 200)
    turn(one, 210)
    one.parts.outbox.close(one, Now(220.0, START + 220_000))
    opened, resolved = told(tmp_path)
    assert opened[:2] == ("opened", "critical")
    assert "nothing saved for 60 s" in opened[2]
    assert "No space left on device" in opened[2]
    assert resolved[0] == "resolved"


def test_the_log_says_the_first_failure_and_then_once_a_minute_how_many(monitor, monkeypatch):
    one = monitor()
    turn(one, 0)
    monkeypatch.setattr(os, "fsync", full)
    with capture_logs() as said:
        for seconds in range(1, 131):
            turn(one, seconds)
    monkeypatch.undo()
    one.parts.outbox.close(one, Now(140.0, START))
    failed = [entry["times"] for entry in said if entry["event"] == "snapshot failed"]
    assert failed == [1, 60, 60]


def test_a_disk_that_is_full_for_a_moment_tells_nobody(tmp_path, monitor, monkeypatch):
    one = monitor()
    for seconds in range(0, 200, 20):
        with monkeypatch.context() as disk:
            if seconds % 60:
                disk.setattr(os, "fsync", full)
            turn(one, seconds)
    one.parts.outbox.close(one, Now(220.0, START + 220_000))
    assert not (tmp_path / "told.jsonl").exists() or told(tmp_path) == []


def test_the_monitor_reads_on_says_it_is_not_ready_and_catches_up(tmp_path, configured, monkeypatch):
    path = configured(dead_letters={"to": "file"})
    config = load(path, secrets=False)
    config.state_dir.mkdir()
    health, source = Health(0.0), FakeSource(there={A})
    models = watched_models(config, str(path))
    pipeline = running(config, models, health, Metrics("0"), stopping=threading.Event(), source=source)
    records = [json.dumps(record).encode() for record in traffic.traffic(30, seed=1)]

    def turn(second):
        values = [*records[100 * second : 100 * second + 100], b"torn"]
        source.arriving[A] = [Message("t", 0, 101 * second + i, START, None, v) for i, v in enumerate(values)]
        pipeline.clock = lambda: Now(10.0 * second, START)
        pipeline.step()

    turn(0)
    before = (config.state_dir / SNAPSHOT).read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    for second in range(1, 10):
        turn(second)
    assert health.readyz(90.0).why == {"state": f"{config.state_dir} cannot be written: No space left on device"}
    assert health.healthz(90.0).well
    assert (config.state_dir / SNAPSHOT).read_bytes() == before
    monkeypatch.undo()
    turn(10)
    assert health.readyz(100.0).well
    pipeline.parts.outbox.close(pipeline, Now(200.0, START))
    assert offsets(config.state_dir / DEAD_LETTERS) == [101 * second + 100 for second in range(11)]
