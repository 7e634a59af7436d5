"""What an earlier build remembered: this one goes on from it as if it had been here all along."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from left_behind import plain
from stored_snapshot import configured, started

from monitor.assembly import DEAD_LETTERS
from monitor.errors import ForeignSnapshot, SnapshotError
from monitor.remembered import SNAPSHOT
from monitor.state import snapshot
from monitor.state.migration import STEPS, VERSION, migrated

STORED = Path(__file__).parent
VERSIONS = range(1, VERSION)


def letters(folder):
    lines = (folder / "state" / DEAD_LETTERS).read_text().splitlines()
    return {(letter["partition"], letter["offset"]) for letter in map(json.loads, lines)}


@pytest.mark.parametrize("version", VERSIONS)
def test_from_a_stored_snapshot_everything_goes_on_as_in_a_run_that_never_stopped(tmp_path, version):
    stored = STORED / f"version-{version}"
    ends = []
    for name in ("whole", "restarted"):
        folder = tmp_path / name
        folder.mkdir()
        path, told = configured(folder, stored / "reference"), []
        if name == "restarted":
            shutil.copy(stored / SNAPSHOT, folder / "state" / SNAPSHOT)
        pipeline = started(path, len(name), told)
        pipeline.run()
        ends.append((folder, told, plain(pipeline.parts.models[0].state())))
    (whole, told, state), (restarted, told_again, state_again) = ends
    assert [event.event for event in told].count("opened") == 3
    assert told_again == told
    assert state_again == state
    read = {number: done for _, number, *_, done in snapshot.load(stored / SNAPSHOT)["partitions"]}
    assert letters(restarted) == {(number, offset) for number, offset in letters(whole) if offset >= read[number]}
    assert snapshot.read(restarted / "state" / SNAPSHOT)["version"] == VERSION


@pytest.mark.parametrize("version", VERSIONS)
def test_the_stored_snapshot_is_of_its_version_and_holds_what_is_hard(version):
    saved = snapshot.read(STORED / f"version-{version}" / SNAPSHOT)
    ((name, model),) = saved["models"].items()
    assert saved["version"] == version
    assert len(saved["partitions"]) == 4
    assert len(model["policy"]["incidents"]) == 3
    assert len(saved["pending"][name]) == 5
    assert len(saved["unsent"]) == 1


def test_there_is_a_step_from_every_version():
    assert sorted(STEPS) == list(VERSIONS)


def test_a_later_build_is_named_and_nothing_else_is_tried(tmp_path):
    content = {"version": VERSION + 1, "build": "4.2"}
    with pytest.raises(SnapshotError, match=rf"later build, Seawall 4\.2 \(snapshot version {VERSION + 1}; this one"):
        migrated(content, tmp_path)


@pytest.mark.parametrize("content", [{}, {"version": 0}, {"version": "1"}, {"version": None}, []], ids=repr)
def test_what_is_of_no_version_is_refused_in_words(tmp_path, content):
    with pytest.raises(ForeignSnapshot, match="it does not hold what this build remembers"):
        migrated(content, tmp_path)
