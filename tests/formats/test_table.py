"""Rows of a table as envelopes."""

from __future__ import annotations

import json
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.formats.table import Table


@pytest.mark.parametrize(
    ("cell", "json_text"),
    [
        ("1", "1"),
        ("-0.50", "-0.50"),
        ("1e5", "1e5"),
        ("1E+300", "1E+300"),
        ("12345678901234567890123", "12345678901234567890123"),
        (" 5 ", "5.0"),
        (".5", "0.5"),
        ("5.", "5.0"),
        ("+7", "7.0"),
        ("", "null"),
        ("nan", "null"),
        ("NaN", "null"),
        ("-nan", "null"),
        ("inf", "1e999"),
        ("-Infinity", "-1e999"),
        ("007", '"007"'),
        ("-01", '"-01"'),
        ("1_000", '"1_000"'),
        ("\u0663", '"\u0663"'),
        ("0x10", '"0x10"'),
        ("true", "true"),
        ("False", "false"),
        ("null", '"null"'),
        (" ", '" "'),
        ('say "hi"\n', '"say \\"hi\\"\\n"'),
    ],
)
def test_a_cell_becomes(cell, json_text):
    assert Table(["x"]).envelope([cell]) == b'{"features":{"x":' + json_text.encode() + b"}}"


@pytest.mark.parametrize(
    ("cell", "json_text"),
    [
        ("1.10", '"1.10"'),
        ("-0", '"-0"'),
        ("inf", '"inf"'),
        ("", "null"),
        ("NaN", "null"),
        ("TRUE", "true"),
        ("x", '"x"'),
    ],
)
def test_a_cell_of_codes_becomes(cell, json_text):
    assert Table(["x"], {"x"}).envelope([cell]) == b'{"features":{"x":' + json_text.encode() + b"}}"


def test_columns_of_the_envelope_mean_what_it_means():
    table = Table(["id", "time", "model", "version", "prediction", "confidence", "score.a", "score.b", "label"])
    row = table.envelope(["007", "1.5", "m", "1.10", "3", "0.9", "0.9", "0.1", "yes"])
    assert msgspec.json.decode(row) == {
        "id": "007",
        "time": 1.5,
        "model": "m",
        "version": "1.10",
        "prediction": 3,
        "confidence": 0.9,
        "label": "yes",
        "scores": {"a": 0.9, "b": 0.1},
        "features": {},
    }


def test_nothing_in_a_column_of_the_envelope_is_left_out_and_in_a_feature_is_null():
    table = Table(["id", "label", "score.a", "age"])
    assert msgspec.json.decode(table.envelope([""] * 4)) == {"scores": {}, "features": {"age": None}}


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_every_row_is_json_with_all_of_its_features(cells):
    names = [f"c{i}" for i in range(len(cells))]
    assert list(json.loads(Table(names).envelope(cells))["features"]) == names


@given(st.floats(allow_nan=False))
def test_numbers_written_by_python_are_read_back_exactly(number):
    read = json.loads(Table(["x"]).envelope([repr(number)]))["features"]["x"]
    assert read == number
    assert math.copysign(1, read) == math.copysign(1, number)


def test_a_row_of_another_length_or_not_utf8_is_none():
    table = Table(["a", "b"])
    assert [table.envelope(cells) for cells in (["1"], ["1", "2", "3"], [], ["1", "\udcff"])] == [None] * 4


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a", "b", "a"], '2 columns are named "a"'),
        (["a", " a "], '2 columns are named "a"'),
        (["", "b"], "column 1 has no name"),
        (["a", " "], "column 2 has no name"),
        ([], "names no columns"),
        ([""], "names no columns"),
        (["id;time;income"], r'^columns are separated by ";" \("id;time;income"\)\. Write the table with commas$'),
        (["id\ttime"], r'^columns are separated by tabs \("id\\ttime"\)'),
        (["id|time"], r'^columns are separated by "\|"'),
    ],
)
def test_a_header_that_names_no_columns_is_refused(names, words):
    with pytest.raises(ValueError, match=words):
        Table(names)


def test_a_column_of_several_may_have_any_name():
    assert Table(["a;b", "c|d"]).names == ("a;b", "c|d")
