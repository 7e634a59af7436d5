"""One process at a time on a state_dir."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from monitor.errors import SnapshotError
from monitor.state.lock import lock

HOLDER = """
import sys, time
from pathlib import Path
from monitor.state.lock import lock
held = lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that has the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_refused_in_words(tmp_path, holder):
    with pytest.raises(SnapshotError) as refused:
        lock(tmp_path)
    words = str(refused.value)
    assert str(tmp_path) in words
    assert "in use by another seawall process" in words
    assert "its own state_dir" in words


def test_a_process_killed_with_9_leaves_no_lock_behind(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    lock(tmp_path).close()


def test_closing_lets_others_in_and_the_folder_is_made(tmp_path):
    folder = tmp_path / "new" / "state"
    lock(folder).close()
    held = lock(folder)
    with pytest.raises(SnapshotError, match="in use"):
        lock(folder)
    held.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SnapshotError, match=f"cannot be written: {tmp_path / 'file'} is a file. Name a folder"):
        lock(tmp_path / "file" / "state")
