"""What operators say is read whole, once, and whatever else is in the file hinders nothing."""

from __future__ import annotations

import msgspec
import pytest
import structlog.testing
from hypothesis import given
from hypothesis import strategies as st

from monitor.state.operator_log import FILE, LONGEST, heard, say
from monitor.types import Word


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


def everything(folder, begin=0):
    """Return all that is heard, turn after turn, and where it ends."""
    found, end = heard(folder, begin)
    while end != begin:
        begin = end
        words, end = heard(folder, begin)
        found += words
    return found, end


@pytest.mark.parametrize("size", [LONGEST - 1, LONGEST, LONGEST + 1, 3 * LONGEST, 3 * LONGEST + 7])
@pytest.mark.parametrize("ended", [True, False])
def test_a_line_too_long_for_a_word_costs_no_other_word(tmp_path, size, ended):
    say(tmp_path, word("run_1"))
    with (tmp_path / FILE).open("ab") as file:
        file.write(bytes(size) + b"\n" * ended)
    before, there = everything(tmp_path)
    say(tmp_path, word("run_2"))
    after, end = everything(tmp_path, there)
    assert (before, after) == ([word("run_1")], [word("run_2")])
    assert end == (tmp_path / FILE).stat().st_size
    assert everything(tmp_path) == ([word("run_1"), word("run_2")], end)


def test_what_stands_at_the_end_of_a_line_that_is_skipped_is_no_word(tmp_path):
    whole = say(tmp_path, word()).read_bytes()
    (tmp_path / FILE).write_bytes(b" " * LONGEST + whole)
    with structlog.testing.capture_logs() as logs:
        assert everything(tmp_path) == ([], LONGEST + len(whole))
    assert [entry["event"] for entry in logs] == ["line skipped, too long for an operator's word"]


def test_a_word_that_could_not_be_heard_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="too long"):
        say(tmp_path, msgspec.structs.replace(word(), why="x" * LONGEST))
    assert not (tmp_path / FILE).exists()


def test_nobody_else_may_read_or_write_it(tmp_path):
    assert say(tmp_path, word()).stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_read_is_an_error_for_whoever_asks(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(IsADirectoryError):
        heard(tmp_path, 0)
