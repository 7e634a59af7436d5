"""Saving is interrupted at every step, by an error, by death, by lost power: what is found is the old or the new.

What is on the disk after a loss of power is drawn by POSIX's rules: of a file that was not synced any part, of names
that were changed since the folder was synced any of them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.state import snapshot

CALLS = ("open", "write", "fsync", "rename", "close")
CODES = (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO)


class DiedError(BaseException):
    """The process is gone."""


class Disk:
    """Counts the calls that change something, and fails at one of them, before or after its effect."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, at: int, failure: BaseException, *, after: bool = False
    ) -> None:
        self.calls: list[str] = []
        self.at, self.failure, self.after = at, failure, after
        for name in CALLS:
            monkeypatch.setattr(os, name, self._failing(name, getattr(os, name)))

    def _failing(self, name: str, call: Any) -> Any:
        def failing(*given: Any, **more: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) - 1 != self.at:
                return call(*given, **more)
            if name == "close" or self.after:
                call(*given, **more)  # a descriptor is gone whatever close says
            elif name == "write":
                call(given[0], given[1][: len(given[1]) // 2])
            raise self.failure

        return failing


def content(number: int) -> dict[str, Any]:
    return {"number": number, "counts": np.full(50, number)}


def steps(path: Path, *, twice: bool) -> int:
    """Return how many calls one saving makes."""
    with pytest.MonkeyPatch.context() as patched:
        disk = Disk(patched, -1, DiedError())
        snapshot.save(path, content(0), twice=twice)
    return len(disk.calls)


def number(path: Path) -> int:
    return snapshot.load(path)["number"]


@pytest.fixture
def saved(tmp_path):
    """Return a function that makes a folder with so many snapshots saved, and returns the newest's path."""

    def make(times: int) -> Path:
        shutil.rmtree(tmp_path / "state", ignore_errors=True)
        (tmp_path / "state").mkdir()
        for one in range(1, times + 1):
            snapshot.save(tmp_path / "state" / "snapshot", content(one))
        return tmp_path / "state" / "snapshot"

    return make


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("failure", [*CODES, None], ids=lambda code: os.strerror(code) if code else "death")
def test_wherever_saving_ends_the_old_or_the_new_is_found_and_the_next_saving_goes_on(saved, failure, twice):
    effects = 0
    for before, after, at in product((0, 1, 2), (False, True), range(steps(saved(2), twice=twice))):
        path = saved(before)
        with pytest.MonkeyPatch.context() as patched:
            raised = OSError(failure, os.strerror(failure)) if failure else DiedError()
            disk = Disk(patched, at, raised, after=after)
            with contextlib.suppress(OSError, DiedError):
                snapshot.save(path, content(9), twice=twice)
                effects -= 1
            effects += 1
        if len(disk.calls) <= at:
            continue  # the first has no older one to rename
        found = snapshot.recover(path)
        assert (found is None and before == 0) or found.content["number"] in (before, 9)
        snapshot.save(path, content(10), twice=twice)
        assert number(path) == 10
        path.write_bytes(b"")
        assert before == 0 or number(path) in ((10,) if twice else (before, 9))
    assert effects > 20


def test_writes_that_take_a_few_bytes_each_are_gone_on_with(saved, monkeypatch):
    path, write = saved(1), os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    snapshot.save(path, content(2))
    assert number(path) == 2


class Power:
    """A disk that writes in the order it likes what nobody asked it to write at once.

    Attributes
    ----------
    names : dict of str to bytes
        The folder as it was synced last, and with what its files held.
    changes : list of (old, new)
        Renames since then.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, rng: Random) -> None:
        self.folder, self.rng = folder, rng
        self.real = {name: getattr(os, name) for name in ("open", "fsync", "rename")}
        self.opened: dict[int, Path] = {}
        self.synced: set[int] = {each.stat().st_ino for each in folder.iterdir()}
        self.names = {each.name: each.stat().st_ino for each in folder.iterdir()}
        self.held = {each.stat().st_ino: each.read_bytes() for each in folder.iterdir()}
        self.changes: list[tuple[str, str]] = []
        self.seen: list[dict[str, bytes]] = [self.after_power()]
        for name in self.real:
            monkeypatch.setattr(os, name, getattr(self, name))

    def open(self, path: Any, *given: Any) -> int:
        new = not Path(path).exists()
        descriptor: int = self.real["open"](path, *given)
        self.opened[descriptor] = Path(path)
        if new:
            inode = os.fstat(descriptor).st_ino
            self.synced.discard(inode)
            self.changes.append(("", f"{Path(path).name} {inode}"))
        elif Path(path) != self.folder:
            self.synced.discard(os.fstat(descriptor).st_ino)
        self.seen.append(self.after_power())
        return descriptor

    def fsync(self, descriptor: int) -> None:
        self.seen.append(self.after_power())
        path = self.opened[descriptor]
        if path == self.folder:
            self.names = {each.name: each.stat().st_ino for each in self.folder.iterdir()}
            self.changes.clear()
        else:
            self.synced.add(os.fstat(descriptor).st_ino)
            self.held[os.fstat(descriptor).st_ino] = path.read_bytes()
        self.seen.append(self.after_power())

    def rename(self, old: Any, new: Any) -> None:
        self.seen.append(self.after_power())
        self.changes.append((Path(old).name, f"{Path(new).name} {Path(old).stat().st_ino}"))
        self.real["rename"](old, new)
        self.seen.append(self.after_power())

    def after_power(self) -> dict[str, bytes]:
        """Return a folder as it may be after a loss of power now: some of the changes, in their order."""
        names = dict(self.names)
        for old, new in self.changes:
            if self.rng.random() < 0.5:
                name, inode = new.split()
                names.pop(old, None)
                names[name] = int(inode)
        return {name: self._held(inode) for name, inode in names.items()}

    def _held(self, inode: int) -> bytes:
        whole = self.held.get(inode, b"")
        if inode in self.synced:
            return whole
        return self.rng.choice([b"", whole[: len(whole) // 2], bytes(len(whole))])


def lost_power(folder: Path, seed: int, *, twice: bool) -> tuple[list[dict[str, bytes]], dict[str, bytes]]:
    """Save once, and return what may be on the disk at any time, and when saving has returned."""
    with pytest.MonkeyPatch.context() as patched:
        power = Power(folder, patched, Random(seed))
        snapshot.save(folder / "snapshot", content(9), twice=twice)
        return power.seen, power.after_power()


def restored(folder: Path, files: dict[str, bytes]) -> int:
    """Return which snapshot is found among the files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, whole in files.items():
        (folder / name).write_bytes(whole)
    return number(folder / "snapshot")


@given(st.integers(0, 10**9), st.booleans())
def test_power_lost_at_any_time_leaves_the_old_or_the_new_and_the_new_once_it_was_saved(tmp_path_factory, seed, twice):
    folder = tmp_path_factory.mktemp("disk")
    for one in (1, 2):
        snapshot.save(folder / "snapshot", content(one))
    meanwhile, afterwards = lost_power(folder, seed, twice=twice)
    assert {restored(folder / "again", files) for files in meanwhile} <= {2, 9}
    assert restored(folder / "again", afterwards) == 9


@pytest.mark.parametrize("forgotten", ["file", "folder"])
def test_without_either_fsync_power_that_is_lost_takes_what_was_saved(tmp_path, monkeypatch, forgotten):
    """The test above sees what it should: each fsync is needed."""
    fsync = os.fsync
    kept = "folder" if forgotten == "file" else "file"
    found = set()
    for seed in range(60):
        folder = tmp_path / str(seed)
        folder.mkdir()
        snapshot.save(folder / "snapshot", content(1), twice=True)
        with pytest.MonkeyPatch.context() as patched:
            power = Power(folder, patched, Random(seed))
            patched.setattr(os, "fsync", lambda d, power=power: power.fsync(d) if _is(power, d) == kept else fsync(d))
            snapshot.save(folder / "snapshot", content(9))
            files = power.after_power()
        try:
            found.add(restored(folder / "again", files))
        except snapshot.TornSnapshot:
            found.add(0)
    assert found - {9}


def _is(power: Power, descriptor: int) -> str:
    return "folder" if power.opened[descriptor] == power.folder else "file"
