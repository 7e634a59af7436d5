"""Files: lines and their offsets, tables, wrapped messages, standard input, and what cannot be read."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
from contextlib import contextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from source_reading import read_to_end, read_until

from monitor.delivery.dead_letters import DeadLetter, as_fields
from monitor.errors import SourceError
from monitor.sources import lines as lines_of
from monitor.sources.file import FileReader
from monitor.sources.lines import json_lines
from monitor.types import Message, Partition


@pytest.fixture
def read(tmp_path):
    """Writes a file and returns all of its messages."""

    def all_of(content, name="traffic.jsonl", after=0, **settings):
        path = tmp_path / name
        path.write_bytes(content)
        source = FileReader(str(path), **settings)
        with closing(source):
            source.open({Partition(str(path), 0): after})
            return read_to_end(source)

    return all_of


@contextmanager
def closing(source):
    try:
        yield
    finally:
        source.close(1)


def values(messages):
    return [message.value for message in messages]


@given(
    parts=st.lists(st.binary(max_size=20).map(lambda part: part.replace(b"\r", b"")), max_size=30),
    pieces=st.lists(st.integers(1, 40), min_size=1, max_size=20),
)
def test_lines_and_offsets_do_not_depend_on_how_the_bytes_arrive(parts, pieces):
    data = b"\n".join(parts)
    stream, sizes = io.BytesIO(data), iter(pieces * 400)
    found = []
    for block in json_lines(lambda _: stream.read(next(sizes))):
        found += zip(block.offsets, block.values, strict=True)
    expected, offset = [], 0
    for line in data.split(b"\n"):
        if line:
            expected.append((offset, line.removeprefix(b"\xef\xbb\xbf") if not offset else line))
        offset += len(line) + 1
    assert [pair for pair in found if pair[1]] == [pair for pair in expected if pair[1]]
    assert all(data[at : at + len(line)] == line or at == 0 for at, line in found)


def test_a_last_line_without_an_end_is_a_message(read):
    assert values(read(b'{"id": 1}\n{"id": 2, "fea')) == [b'{"id": 1}', b'{"id": 2, "fea']


def test_empty_lines_are_skipped_and_windows_ends_cut(read):
    messages = read(b'\xef\xbb\xbf{"id": 1}\r\n\r\n\n{"id": 2}\r\n')
    assert [(message.offset, message.value) for message in messages] == [(0, b'{"id": 1}'), (17, b'{"id": 2}')]


def test_timestamps_are_the_place_in_the_file_over_the_rate(read):
    content = b'{"a": 1}\n\n' * 5
    assert [message.timestamp for message in read(content)] == [0, 10, 20, 30, 40]
    assert [message.timestamp for message in read(content, rate=3)] == [0, 333, 666, 1000, 1333]
    assert [message.timestamp for message in read(content, after=21)] == [30, 40]


def test_a_line_beyond_all_bounds_is_cut_and_the_next_one_is_whole(read, monkeypatch):
    monkeypatch.setattr(lines_of, "LONGEST", 1_000)
    monkeypatch.setattr(lines_of, "CHUNK", 300)
    messages = read(b"a" * 5_000 + b"\n" + b"b" * 900 + b"\nc\n")
    assert [(message.offset, message.value[:1]) for message in messages] == [(0, b"a"), (5_001, b"b"), (5_902, b"c")]
    assert [len(message.value) for message in messages] == [1_000, 900, 1]


def test_a_long_line_comes_whole(read):
    assert values(read(b"x" * (3 << 20) + b"\n{}\n")) == [b"x" * (3 << 20), b"{}"]


def test_a_gzip_bomb_is_read_in_pieces(tmp_path):
    path = tmp_path / "bomb.jsonl.gz"
    with gzip.open(path, "wb", 9) as bomb:
        for _ in range(64):
            bomb.write(b" " * (1 << 20))
    source = FileReader(str(path))
    with closing(source):
        source.open({})
        sizes = [len(message.value) for message in read_to_end(source)]
    assert len(sizes) == 1
    assert sizes[0] <= lines_of.LONGEST


def test_a_wrapped_message_is_unwrapped(read):
    line = {"key": "k", "headers": {"ce_id": "7"}, "value": '{"id": 1}'}
    (message,) = read(json.dumps(line).encode())
    assert (message.key, message.headers, message.value) == (b"k", [("ce_id", b"7")], b'{"id": 1}')
    (message,) = read(b'{"value": {"id": 1}, "headers": [["a", "b"], ["a", null]]}')
    assert (message.value, message.headers) == (b'{"id":1}', [("a", b"b"), ("a", b"")])


@pytest.mark.parametrize("value", [b'{"id": 1', b"\xff\x00", None, b""])
@pytest.mark.parametrize("key", [b"k", b"\xfe\x00", None, b""])
@pytest.mark.parametrize(
    "headers", [[("ce_id", b"7")], [("h", b"1"), ("h", b"2")], [("h", b"\xff"), ("a", b"base64")], []]
)
def test_a_dead_letter_comes_back_as_the_message_it_was(read, value, key, headers):
    lost = Message("inference", 3, 77, 1_700_000_000_123, key, value, headers)
    line = json.dumps(as_fields(DeadLetter(lost, "not_json", "why"))).encode()
    (message,) = read(line)
    assert (message.key, message.value, message.headers, message.timestamp) == (
        lost.key,
        lost.value,
        lost.headers,
        lost.timestamp,
    )
    assert (message.partition, message.offset) == (0, 0)


@pytest.mark.parametrize(
    "line",
    [
        b'{"value": 3, "features": {}}',
        b'{"value": 3}',
        b'{"key": 1, "value": "x"}',
        b'{"value": "x", "encoding": "base64"}',
        b'{"value": "x", "headers": 3}',
        b'{"value": "x", "headers": {"a": 1}}',
        b'{"value": "x", "headers": [["a"]]}',
        b'{"value": "x", "headers": [["a", "b", "base64", "c"]]}',
        b'{"value": "x", "headers": [["a", "%", "base64"]]}',
        b'{"value": "x", "key": "%", "key_encoding": "base64"}',
        b'{"key": "k"}',
        b'{"reason": "r", "value": "x"}',
        b'{"value": ' + b"[" * 100_000,
        b'{"value": "\xff"}',
    ],
)
def test_a_record_that_only_looks_like_a_message_stays_as_it_is(read, line):
    (message,) = read(line)
    assert (message.key, message.headers, message.value) == (None, (), line)


def test_a_table_gives_envelopes_with_the_offsets_of_their_rows(read):
    rows = b'id,time,age,name\r\n1,2,30,"Ada\n, ""C"""\r\n\r\n2,3,,Bob\r\n'
    messages = read(rows, "table.csv")
    assert [msgspec.json.decode(message.value) for message in messages] == [
        {"id": "1", "time": 2, "features": {"age": 30, "name": 'Ada\n, "C"'}},
        {"id": "2", "time": 3, "features": {"age": None, "name": "Bob"}},
    ]
    assert [message.offset for message in messages] == [18, 42]
    assert [message.timestamp for message in messages] == [0, 10]
    again = read(rows, "table.csv", after=19)
    assert again == messages[1:]


def test_many_empty_rows_hold_up_no_poll(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"a\n1\n" + b"\n" * 10 * lines_of.ROWS + b"2\n")
    polls = []
    source = FileReader(str(path))
    with closing(source):
        source.open({})
        while not source.finished:
            polls.append(sum(map(len, source.poll(0.1).values())))
    assert (len(polls) > 10, sum(polls)) == (True, 2)


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz"])
def test_rows_that_fit_no_columns_come_as_they_are(read, name):
    content = b"a,b\n1,2\n1,2,3\n4\n\xff,5\n" + b'"' + b"x" * 200_000 + b"\n6,7\n"
    messages = read(gzip.compress(content) if name.endswith("gz") else content, name)
    assert [value[:20] for value in values(messages)] == [
        b'{"features":{"a":1,"',
        b"1,2,3",
        b"4",
        b"\xff,5",
        b'"' + b"x" * 19,
        b'{"features":{"a":6,"',
    ]


def test_a_stray_quote_costs_its_own_line_only(read):
    messages = read(b'a,b\n1,2\n"stray,4\n' + b"6,7\n" * 40_000, "table.csv")
    assert values(messages[:3]) == [b'{"features":{"a":1,"b":2}}', b'"stray,4', b'{"features":{"a":6,"b":7}}']
    assert len(messages) == 40_002
    assert [message.offset for message in messages[1:4]] == [8, 17, 21]


@pytest.mark.parametrize("stray", ['"5,4', '5,"4', '5,"', '"5",4"\n"6', '5,"4" x'])
@pytest.mark.parametrize("other", [b"", b'"7",8\n', b'7,"8"\n', b'7,"8\n', b'"7,8\n'])
def test_neither_the_last_stray_quote_nor_one_before_another_quote_swallows_a_row(read, stray, other):
    rows = b"1,2\n" * 50
    found = values(read(b"a,b\n" + rows + stray.encode() + b"\n" + rows + other + rows, "table.csv"))
    assert found.count(b'{"features":{"a":1,"b":2}}') == 150
    assert all(len(value) < 40 for value in found)


def test_a_header_and_rows_of_several_lines_are_read(read):
    found = values(read(b'\xef\xbb\xbf"a\nb",c\n"1\n2\n3",4\n5,"x\n"\n', "table.csv"))
    assert [msgspec.json.decode(value)["features"] for value in found] == [
        {"a\nb": "1\n2\n3", "c": 4},
        {"a\nb": 5, "c": "x\n"},
    ]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.csv", b"", "the file is empty"),
        ("x.csv", b"a,b,a\n1,2,3\n", '2 columns are named "a"'),
        ("x.csv", b",b\n1,2\n", r"column 1 has no name \(pandas writes its index so: use index=False\)"),
        ("x.jsonl.gz", b"no gzip", "is damaged or not gzip"),
        ("x.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 9_000, mtime=0)[:-20], "is damaged or not gzip"),
        ("x.parquet", b"PAR1", "Parquet is not read by this build"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(read, name, content, words):
    with pytest.raises(SourceError, match=words):
        read(content, name)


def test_what_is_no_file_is_refused_in_words(tmp_path):
    for path, words in [(tmp_path / "none.jsonl", "there is no such file"), (tmp_path, "is a folder, not a file")]:
        with pytest.raises(SourceError, match=words):
            FileReader(str(path)).open({})


def test_standard_input_is_read_as_it_comes(monkeypatch):
    receiving, sending = os.pipe()
    with os.fdopen(receiving) as stdin, os.fdopen(sending, "wb", buffering=0) as pipe:
        monkeypatch.setattr(sys, "stdin", stdin)
        source = FileReader("-")
        source.open({})
        assert source.poll(0.01) == {}
        pipe.write(b'{"id": 1}\n{"id"')
        assert values(read_until(source, len)) == [b'{"id": 1}']
        assert source.poll(0.01) == {}
        assert not source.finished
        pipe.write(b": 2}")
        pipe.close()
        assert values(read_to_end(source)) == [b'{"id": 2}']
        assert source.finished
        assert source.partitions() == {Partition("-", 0)}


def test_a_pipe_with_a_name_is_read_as_it_comes_and_its_writer_is_not_waited_for(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    source = FileReader(str(path))
    with closing(source):
        source.open({})  # returns, though nobody writes
        assert source.poll(0.01) == {}
        assert not source.finished
        with path.open("wb", buffering=0) as pipe:
            pipe.write(b'{"id": 1}\n{"id": 2}')
            assert values(read_until(source, len)) == [b'{"id": 1}']
        assert values(read_to_end(source)) == [b'{"id": 2}']
        assert source.finished


def test_standard_input_cannot_be_read_again():
    with pytest.raises(SourceError, match=r"standard input: cannot be read again .* seawall state reset"):
        FileReader("-").open({Partition("-", 0): 10})
