"""What is in the topic of tallies and is no message of ours: whoever judges passes it over."""

from __future__ import annotations

import json

import msgspec
import pytest

from monitor.counting.handover import decode

MARK = {
    "kind": "marker",
    "topic": "t",
    "partition": 0,
    "partitions": 3,
    "counting": "0",
    "offset": 9,
    "closed": 5,
}
ODD_MARKS = [
    MARK | {"closed": 10**30},
    MARK | {"offset": 10**30},
    MARK | {"partitions": 10**9},
    MARK | {"partition": -1},
]


@pytest.mark.parametrize("value", ODD_MARKS)
def test_a_number_that_cannot_be_remembered_makes_no_message(value):
    with pytest.raises(msgspec.ValidationError):
        decode(json.dumps(value).encode(), 0)


def test_what_is_nested_too_deeply_is_no_message():
    with pytest.raises(msgspec.DecodeError):
        decode(b'{"kind": "tally", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 0)
