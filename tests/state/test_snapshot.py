"""A snapshot is the old one or the new one, whole, or it is refused in words a person can act on."""

from __future__ import annotations

import errno
import hashlib
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ForeignSnapshot, SnapshotError, TornSnapshot
from monitor.remembered import remembered_state
from monitor.state import snapshot
from monitor.state.migration import VERSION

DTYPES = ["<i8", "<i4", "<u2", "<f8", "<f4", "|b1", ">i8"]
SHAPES = [(), (0,), (3,), (2, 3), (2, 0, 4), (2, 2, 2)]


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    shape = draw(st.sampled_from(SHAPES))
    numbers = draw(st.lists(st.integers(0, 1), min_size=math.prod(shape), max_size=math.prod(shape)))
    array = np.array(numbers).astype(draw(st.sampled_from(DTYPES))).reshape(shape)
    return array.T if draw(st.booleans()) else array


plain = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.text(), st.binary()
)
contents = st.dictionaries(
    st.text(),
    st.recursive(
        st.one_of(plain, arrays()),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
        max_leaves=10,
    ),
    max_size=5,
)


def same(a: Any, b: Any) -> bool:
    """Compare deeply, arrays by type, shape and bytes."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@settings(deadline=None, max_examples=150)
@given(content=contents)
def test_what_is_saved_is_read_back_the_same(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "snapshot"
    snapshot.save(path, content)
    assert same(content, snapshot.load(path))


def test_nan_and_the_smallest_numbers_survive(tmp_path):
    odd = {"nan": float("nan"), "inf": -math.inf, "tiny": 5e-324, "array": np.array([np.nan, -0.0, 5e-324])}
    snapshot.save(tmp_path / "snapshot", odd)
    loaded = snapshot.load(tmp_path / "snapshot")
    assert math.isnan(loaded["nan"])
    assert (loaded["inf"], loaded["tiny"]) == (-math.inf, 5e-324)
    assert loaded["array"].tobytes() == odd["array"].tobytes()


def test_what_cannot_be_written_is_refused_and_the_old_snapshot_stays(tmp_path):
    snapshot.save(tmp_path / "snapshot", {"a": 1})
    with pytest.raises(NotImplementedError, match="Random in a snapshot"):
        snapshot.save(tmp_path / "snapshot", {"a": Random(0)})
    assert snapshot.load(tmp_path / "snapshot") == {"a": 1}


def test_no_snapshot_is_a_first_start(tmp_path):
    assert snapshot.load(tmp_path / "snapshot") is None
    assert remembered_state(tmp_path / "snapshot")["partitions"] == []


def flipped(whole: bytes) -> Iterator[bytes]:
    """Yield the file with one bit turned, a byte at a time."""
    for place in range(len(whole)):
        yield whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :]


def harmed(whole: bytes) -> Iterator[bytes]:
    """Yield the file cut off anywhere, or with one bit turned anywhere."""
    yield from (whole[:length] for length in range(len(whole)))
    yield from flipped(whole)


def test_a_file_cut_off_or_with_a_bit_turned_anywhere_is_refused_where_it_is_the_only_one(tmp_path):
    path = tmp_path / "snapshot"
    snapshot.save(path, {"judged": 7, "counts": np.arange(4)})
    for content in harmed(path.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(TornSnapshot, match=r"snapshot is (empty|not whole), and there is no snapshot\.1"):
            snapshot.load(path)


def test_wherever_the_newest_is_cut_off_or_a_bit_turned_the_one_before_is_found_and_it_is_said(tmp_path):
    path = tmp_path / "snapshot"
    for number in (1, 2, 3):
        snapshot.save(path, {"number": number, "counts": np.arange(4)})
    for content in harmed(path.read_bytes()):
        path.write_bytes(content)
        found = snapshot.find(path)
        assert (found.path, found.content["number"]) == (tmp_path / "snapshot.1", 2)
        assert found.instead == f"{path} is {'not whole' if content else 'empty'}"


def test_of_two_that_are_harmed_nothing_is_left_and_both_are_named(tmp_path):
    path = tmp_path / "snapshot"
    snapshot.save(path, {"number": 1}, twice=True)
    path.write_bytes(b"")
    (tmp_path / "snapshot.1").write_bytes(b"torn")
    with pytest.raises(TornSnapshot, match=r"snapshot is empty, and .*snapshot\.1 is not whole: nothing is left"):
        snapshot.find(path)
    path.unlink()
    with pytest.raises(TornSnapshot, match=r"snapshot is not there, and .*snapshot\.1 is not whole"):
        snapshot.find(path)


def test_one_that_is_whole_and_not_understood_is_never_passed_over_for_an_older_one(tmp_path):
    path = tmp_path / "snapshot"
    for content in ({"version": VERSION, "judged": 1}, {"version": VERSION + 1, "build": "9.9"}):
        snapshot.save(path, content)
    with pytest.raises(SnapshotError, match=r"snapshot was written by a later build, Seawall 9\.9"):
        remembered_state(path)
    body = b"\xc1"
    path.write_bytes(snapshot.MARK + hashlib.blake2b(body, digest_size=32).digest() + body)
    with pytest.raises(ForeignSnapshot, match="snapshot is whole, but"):
        snapshot.load(path)


def test_one_that_was_not_whole_is_put_aside_and_never_replaces_the_one_before(tmp_path):
    path = tmp_path / "snapshot"
    for number in (1, 2):
        snapshot.save(path, {"number": number})
    path.write_bytes(b"torn")
    assert snapshot.recover(path).content == {"number": 1}
    assert (tmp_path / "snapshot.torn").read_bytes() == b"torn"
    snapshot.save(path, {"number": 3})
    path.write_bytes(b"torn again")
    assert snapshot.recover(path).content == {"number": 1}


def test_saved_twice_nothing_is_lost_whichever_is_harmed(tmp_path):
    path = tmp_path / "snapshot"
    for number, twice in ((1, False), (2, True)):
        snapshot.save(path, {"number": number}, twice=twice)
    assert path.stat().st_ino != (tmp_path / "snapshot.1").stat().st_ino
    path.write_bytes(b"")
    assert snapshot.load(path) == {"number": 2}


def test_a_sector_that_cannot_be_read_is_damage_and_a_file_that_may_not_be_read_is_not(tmp_path, monkeypatch):
    path = tmp_path / "snapshot"
    for number in (1, 2):
        snapshot.save(path, {"number": number})
    reading = Path.read_bytes

    def failing(code):
        def read(self):
            if self == path:
                raise OSError(code, os.strerror(code))
            return reading(self)

        return read

    monkeypatch.setattr(Path, "read_bytes", failing(errno.EIO))
    assert snapshot.find(path).instead == f"{path} cannot be read: Input/output error"
    monkeypatch.setattr(Path, "read_bytes", failing(errno.EACCES))
    with pytest.raises(SnapshotError, match="snapshot cannot be read: Permission denied"):
        snapshot.find(path)


def test_one_that_comes_while_the_one_before_is_read_is_taken(tmp_path, monkeypatch):
    path = tmp_path / "snapshot"
    snapshot.save(path, {"number": 1}, twice=True)
    path.rename(tmp_path / "snapshot.new")
    reading = Path.read_bytes

    def read(self):
        if self.name == "snapshot.1":
            (tmp_path / "snapshot.new").rename(path)
        return reading(self)

    monkeypatch.setattr(Path, "read_bytes", read)
    assert snapshot.find(path).instead is None


FOREIGN = {"empty": b"", "text": b"hello\n", "another program's": b"\x80\x04K\x01." * 20, "longer": None}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_file_is_refused_and_the_words_say_which_and_what_to_do(tmp_path, what):
    path = tmp_path / "snapshot"
    snapshot.save(path, {"a": 1})
    path.write_bytes(path.read_bytes() + b"\0" if FOREIGN[what] is None else FOREIGN[what])
    with pytest.raises(SnapshotError) as refused:
        snapshot.load(path)
    assert str(path) in str(refused.value)
    assert "Move them away" in str(refused.value)
    assert "seawall state reset" in str(refused.value)


def test_a_folder_in_its_place_is_refused_in_words(tmp_path):
    with pytest.raises(SnapshotError, match="cannot be read"):
        snapshot.load(tmp_path)


def test_a_part_this_build_does_not_know_is_refused(tmp_path):
    body = msgspec.msgpack.encode({"a": msgspec.msgpack.Ext(7, b"x")})
    digest = hashlib.blake2b(body, digest_size=32).digest()
    (tmp_path / "snapshot").write_bytes(snapshot.MARK + digest + body)
    with pytest.raises(SnapshotError, match="unknown part 7"):
        snapshot.load(tmp_path / "snapshot")


def test_another_version_is_refused_and_named(tmp_path):
    snapshot.save(tmp_path / "snapshot", {"version": 99})
    with pytest.raises(SnapshotError, match="version 99"):
        remembered_state(tmp_path / "snapshot")


WRITER = """
import sys
from pathlib import Path
import numpy as np
from monitor.state import snapshot
for number in range(10**9):
    snapshot.save(Path(sys.argv[1]), {"number": number, "counts": np.full(50_000, number)})
"""


def test_kill_9_in_the_middle_of_writing_leaves_a_whole_snapshot(tmp_path):
    path, last = tmp_path / "snapshot", -1
    for pause in (0.0, 0.01, 0.023, 0.037):
        path.unlink(missing_ok=True)
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
        try:
            while not path.exists():
                assert writer.poll() is None
                time.sleep(0.002)
            time.sleep(pause)
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        found = snapshot.load(path)
        assert set(found["counts"].tolist()) == {found["number"]}
        last = max(last, found["number"])
    assert last > 0
