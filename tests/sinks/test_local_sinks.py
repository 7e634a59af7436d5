"""Standard output and files."""

from __future__ import annotations

import io
import json
import resource
import sys
from pathlib import Path

import pytest
from sample_events import HOSTILE, RESOLVED, SHIFT

from monitor.errors import DeliveryError
from sinks.file import FileConfig
from sinks.stdout import StdoutConfig, in_words


class Terminal(io.StringIO):
    def isatty(self):
        return True


def on_a_terminal(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", Terminal())
    return sys.stdout


def test_a_terminal_gets_words_in_colour(monkeypatch):
    terminal = on_a_terminal(monkeypatch)
    StdoutConfig().build().send(SHIFT, None)
    first = terminal.getvalue().splitlines()[0]
    assert first == "\x1b[31m\x1b[1m▲ error · credit-risk v7 · income shifted up\x1b[0m"


def test_no_color_is_respected(monkeypatch):
    terminal = on_a_terminal(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    StdoutConfig().build().send(SHIFT, None)
    assert "\x1b" not in terminal.getvalue()


def test_a_crafted_name_cannot_colour_the_terminal():
    said = in_words(HOSTILE, colours=False)
    assert all(line.isprintable() for line in said.split("\n"))


def test_a_pipe_gets_one_json_object_a_line(capsys):
    sink = StdoutConfig().build()
    sink.send(SHIFT, None)
    sink.send(RESOLVED, None)
    assert [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()] == ["opened", "resolved"]


def test_a_closed_standard_output_is_not_tried_again(monkeypatch):
    terminal = on_a_terminal(monkeypatch)
    sink = StdoutConfig().build()
    terminal.close()
    with pytest.raises(DeliveryError, match="standard output is gone") as refused:
        sink.send(SHIFT, None)
    assert not refused.value.retryable


def test_a_file_is_appended_to_and_may_be_moved_away(tmp_path):
    path = tmp_path / "events.jsonl"
    sink = FileConfig(path=path).build()
    sink.send(SHIFT, None)
    path.rename(tmp_path / "events.1")
    sink.send(RESOLVED, None)
    sink.send(SHIFT, None)
    assert len(path.read_text().splitlines()) == 2


def test_a_disk_that_takes_half_a_line_keeps_nothing_of_it(tmp_path):
    path = tmp_path / "events.jsonl"
    sink = FileConfig(path=path).build()
    sink.send(SHIFT, None)
    before, (soft, hard) = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
    try:
        with pytest.raises(DeliveryError, match="File too large"):
            sink.send(RESOLVED, None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    sink.send(RESOLVED, None)
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == [SHIFT.id, RESOLVED.id]


def test_a_line_cut_off_by_a_crash_does_not_spoil_the_next(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"event": "ope')
    FileConfig(path=path).build().send(SHIFT, None)
    cut, whole = path.read_text().splitlines()
    assert cut == '{"event": "ope'
    assert json.loads(whole)["id"] == SHIFT.id


@pytest.mark.parametrize(("path", "why"), [("/dev/full", "No space left on device"), ("/proc/none/x", "No such file")])
def test_a_file_that_cannot_be_written_is_tried_again(path, why):
    with pytest.raises(DeliveryError, match=why) as refused:
        FileConfig(path=Path(path)).build().send(SHIFT, None)
    assert refused.value.retryable
