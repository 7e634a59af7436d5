"""What operators say is read whole, once, and whatever else is in the file hinders nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.state.operator_log import FILE, Word, heard, say


def word(run="run_1", what="approve"):
    return Word(what, "credit", run, "ann", "2026-01-01T00:00:00Z", "it is spring")


def test_what_is_said_is_heard_once(tmp_path):
    say(tmp_path, word("run_1"))
    first, there = heard(tmp_path, 0)
    say(tmp_path, word("run_2", "reject"))
    second, end = heard(tmp_path, there)
    assert (first, second) == ([word("run_1")], [word("run_2", "reject")])
    assert heard(tmp_path, end) == ([], end)


def test_without_a_file_nobody_said_anything(tmp_path):
    assert heard(tmp_path, 0) == ([], 0)
    assert heard(tmp_path, 70) == ([], 0)


def test_half_a_line_is_heard_when_it_is_whole(tmp_path):
    whole = say(tmp_path, word()).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:30])
    assert heard(tmp_path, 0) == ([], 0)
    (tmp_path / FILE).write_bytes(whole)
    assert heard(tmp_path, 0) == ([word()], len(whole))


def test_a_line_that_was_cut_off_does_not_spoil_the_next(tmp_path):
    (tmp_path / FILE).write_bytes(b'{"word": "appr')
    say(tmp_path, word())
    words, _ = heard(tmp_path, 0)
    assert words == [word()]


def test_a_file_that_was_begun_anew_is_read_from_its_beginning(tmp_path):
    say(tmp_path, word("run_1"))
    say(tmp_path, word("run_2"))
    _, there = heard(tmp_path, 0)
    (tmp_path / FILE).unlink()
    say(tmp_path, word("run_3"))
    words, _ = heard(tmp_path, there)
    assert words == [word("run_3")]


@given(st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line and b"\r" not in line), max_size=5))
def test_whatever_stands_in_the_file_only_whole_words_are_heard(tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("state")
    (folder / FILE).write_bytes(b"".join(line + b"\n" for line in lines))
    say(folder, word())
    words, end = heard(folder, 0)
    assert words == [word()]
    assert end == (folder / FILE).stat().st_size


def test_nobody_else_may_read_or_write_it(tmp_path):
    assert say(tmp_path, word()).stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_read_is_an_error_for_whoever_asks(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(IsADirectoryError):
        heard(tmp_path, 0)
