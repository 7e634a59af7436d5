"""What cannot be used at all, and under which reason it is kept."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import GOOD, STAMP, decode, with_feature, with_field

from monitor.formats.batch import DEAD
from monitor.formats.json_value import MAX_BYTES, MAX_DEPTH, _is_flat, depth


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


DEAD_LETTERS = {
    "no value": (None, "empty"),
    "an empty value": (b"", "empty"),
    "not JSON": ("hello", "not_json"),
    "a torn line": (GOOD[:100], "not_json"),
    "two records": (GOOD + GOOD, "not_json"),
    "single quotes": ("{'features': {}}", "not_json"),
    "a number that Python will not read": ('{"features": {"income": ' + "9" * 5_000 + "}}", "not_json"),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD.encode(), "not_json"),
    "latin-1": (GOOD.replace("basic", "é").encode("latin-1", "replace"), "not_utf8"),
    "an unpaired surrogate": (with_feature("plan", '"\\ud800"'), "not_utf8"),
    "a surrogate in an unknown name": (GOOD.replace('"age"', '"a\\udfff"'), "not_utf8"),
    "a list": ("[1, 2]", "not_a_record"),
    "a number": ("7", "not_a_record"),
    "null": ("null", "not_a_record"),
    "no features": ('{"id": 1}', "not_a_record"),
    "features that are none": (with_field("features", '"x"'), "not_a_record"),
    "features null": (with_field("features", "null"), "not_a_record"),
    "a time in words": (with_field("time", '"yesterday"'), "bad_time"),
    "a time that is a boolean": (with_field("time", "true"), "bad_time"),
    "a time that is an object": (with_field("time", "{}"), "bad_time"),
    "a time in milliseconds": (with_field("time", str(STAMP)), "bad_time"),
    "a time before 1970": (with_field("time", "-1"), "bad_time"),
    "a time beyond all numbers": (with_field("time", "1e999"), "bad_time"),
    "a time of 400 digits": (with_field("time", "1" + "0" * 400), "bad_time"),
    "a time in the year 1": (with_field("time", '"0001-01-01T00:00:00+14:00"'), "bad_time"),
    "two hours ahead of the log": (with_field("time", str(STAMP // 1000 + 7_200)), "future"),
    "too large": (with_feature("note", '"' + "x" * MAX_BYTES + '"'), "too_large"),
    "too deep": (with_feature("income", nested(MAX_DEPTH)), "too_deep"),
    "too deep and large": (with_field("x", nested(1_500)), "too_deep"),
    "so deep that parsers give up": (with_field("x", nested(100_000)), "too_deep"),
}


@pytest.mark.parametrize("what", DEAD_LETTERS)
def test_what_cannot_be_used_is_a_dead_letter_with_its_reason(what):
    value, reason = DEAD_LETTERS[what]
    decoded = decode(GOOD, value, GOOD)
    assert {row: found for row, (found, _) in decoded.dead.items()} == {1: reason}
    assert decoded.model.tolist() == [0, DEAD, 0]
    assert len(decoded.batches[0]) == 2


def test_every_dead_letter_says_in_a_sentence_what_was_found():
    for value, _ in DEAD_LETTERS.values():
        ((_, detail),) = decode(value).dead.values()
        assert 5 < len(detail) < 300


@pytest.mark.parametrize(
    ("value", "row"), [("1,2,3", True), ("id;time", True), ("a\tb", True), ("hello", False), (GOOD[:100], False)]
)
def test_what_looks_like_a_row_of_a_table_is_told_what_a_row_needs(value, row):
    ((_, detail),) = decode(value).dead.values()
    words = ". If it is a row of a table: it needs as many cells as the header has columns, and a file named .csv"
    assert detail.endswith(words) == row


def test_a_small_record_may_nest_deeper_where_nobody_reads():
    assert decode(with_field("trace", nested(MAX_DEPTH + 10))).dead == {}


brackets = st.text(alphabet='[]{}"\\a', max_size=12)


@settings(deadline=None, max_examples=300)
@given(st.integers(1, 90), brackets, st.sampled_from(["[]", "{}"]), st.booleans())
def test_the_quick_look_at_nesting_lets_nothing_deep_pass(levels, inside, kind, quoted):
    middle = json.dumps(inside) if quoted else inside
    value = (kind[0] * levels + middle + kind[1] * levels + "[]" * 65).encode()
    assert depth(value) <= MAX_DEPTH or not _is_flat(value)


def test_the_quick_look_knows_flat_values():
    flat = json.dumps({"inputs": [{"name": f"a{i}", "shape": [1], "data": [[i]]} for i in range(100)]}).encode()
    assert _is_flat(flat)
    assert depth(flat) == 5
    assert not _is_flat(b"[" * 65 + b"]" * 65)
