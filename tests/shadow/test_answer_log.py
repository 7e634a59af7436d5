"""Answers are written whole, stamped forward, and read back whole."""

from __future__ import annotations

import json
from random import Random

from monitor.shadow.answers import Answer, AnswerFile
from monitor.sources.growing import GrowingFile

ANSWER = Answer("5f", 0.0, "loans", "1", "skew", 0.0, None, skew=False, confidence=None)


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_line_torn_by_a_crash_is_cut_off(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b": ')
    log = AnswerFile(path)
    log.append([ANSWER], lambda: 1_000)
    log.close()
    assert [line.get("check") for line in lines(path)] == [None, "skew"]


def test_a_growing_file_gives_whole_lines_and_goes_on_where_it_was_left(tmp_path):
    path, rng = tmp_path / "log", Random(1)
    lines = [b"x" * rng.randrange(1, 30) for _ in range(50)]
    whole, written = b"".join(line + b"\n" for line in lines), 0
    source, read, offset = GrowingFile(path), [], 0
    source.open({})
    (place,) = source.partitions()
    while written < len(whole) or not source.at_end(place):
        step = rng.randrange(0, 20)
        with path.open("ab") as file:
            file.write(whole[written : written + step])
        written = min(len(whole), written + step)
        for messages_ in source.poll(0.0).values():
            read += [m.value for m in messages_]
            offset = messages_[-1].offset + len(messages_[-1].value) + 1
        if rng.random() < 0.2:
            source.close(0.0)
            source = GrowingFile(path)
            source.open({place: offset})
    source.close(0.0)
    assert read == lines
