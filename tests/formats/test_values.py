"""One wrong value spoils itself, not its record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from records import GOOD, decode, decode_slowly, plain, with_feature, with_field, without


def row(value: str) -> dict[str, Any]:
    """Return the one usable record of the one model, the same on both paths."""
    decoded = plain(decode(value))
    assert plain(decode_slowly(value)) == decoded
    assert decoded["dead"] == {}
    ((only,),) = decoded["batches"]
    return only


def test_a_record_that_fits_is_counted_whole():
    assert row(GOOD) == {
        "feature.income": 5.5,
        "feature.age": 3.0,
        "feature.naïve ☂": 1.0,
        "feature.plan": "basic",
        "feature.member": "true",
        "feature.code": "x",
        "feature.flag": "1",
        "feature.answer": "no",
        "feature.rank": "2",
        "feature.any": "4",
        "prediction": "yes",
        "score.no": 0.25,
        "score.yes": 0.75,
        "confidence": 0.75,
        "label": "no",
        "latency": 12.0,
        "mismatched": [],
        "deviations": [],
        "version": "7",
    }


NUMBERS = {
    "null": (None, False),
    "NaN": (None, False),
    "Infinity": (float("inf"), False),
    "-Infinity": (float("-inf"), False),
    "1e999": (float("inf"), False),
    "-1e999": (float("-inf"), False),
    "1" + "0" * 400: (float("inf"), False),
    "-1" + "0" * 400: (float("-inf"), False),
    "12345678901234567890123": (1.2345678901234568e22, False),
    "-0.0": (0.0, False),
    "7": (7.0, False),
    '"7"': (None, True),
    "true": (None, True),
    "[7]": (None, True),
    '{"a": 7}': (None, True),
    "[[null]]": (None, True),
}


@pytest.mark.parametrize("token", NUMBERS)
def test_a_wrong_number_spoils_itself_and_nothing_else(token):
    value, mismatched = NUMBERS[token]
    wrong = ["feature.income"] if mismatched else []
    assert row(with_feature("income", token)) == row(GOOD) | {"feature.income": value, "mismatched": wrong}


LEVELS = {
    ("plan", "null"): (None, False),
    ("plan", "NaN"): (None, False),
    ("plan", "7"): (None, True),
    ("plan", "true"): (None, True),
    ("plan", '["basic"]'): (None, True),
    ("plan", '"gold"'): ("gold", False),
    ("plan", '""'): ("", False),
    ("plan", '"\\u00e9\\ud83d\\ude00"'): ("é😀", False),
    ("member", "false"): ("false", False),
    ("member", '"true"'): (None, True),
    ("member", "1"): (None, True),
    ("flag", "true"): ("true", False),
    ("flag", "1"): ("1", False),
    ("flag", '"1"'): (None, True),
    ("answer", "true"): ("true", False),
    ("answer", "1"): (None, True),
    ("code", "7"): ("7", False),
    ("code", "7.0"): ("7", False),
    ("code", '"7"'): ("7", False),
    ("code", "true"): (None, True),
    ("rank", '"2"'): (None, True),
    ("rank", "12345678901234567890"): ("1.2345678901234567e+19", False),
    ("any", "true"): ("true", False),
    ("any", "1e999"): ("inf", False),
}


@pytest.mark.parametrize(("name", "token"), LEVELS)
def test_a_level_of_the_wrong_kind_spoils_itself_and_nothing_else(name, token):
    value, mismatched = LEVELS[name, token]
    wrong = [f"feature.{name}"] if mismatched else []
    assert row(with_feature(name, token)) == row(GOOD) | {f"feature.{name}": value, "mismatched": wrong}


def test_a_missing_feature_is_missing_and_deviates_where_it_is_required():
    assert row(without("income")) == row(GOOD) | {"feature.income": None, "deviations": ["absent: income"]}
    assert row(without("naïve ☂")) == row(GOOD) | {"feature.naïve ☂": None}
    assert row(without("note")) == row(GOOD) | {"deviations": ["absent: note"]}


def test_a_feature_set_aside_may_hold_anything():
    for token in ("null", "7", "NaN", '{"deep": [1, {"er": null}]}'):
        assert row(with_feature("note", token)) == row(GOOD)


def test_an_unknown_feature_is_seen_and_a_long_name_is_cut():
    assert row(with_feature("incme", "5")) == row(GOOD) | {"deviations": ["unknown: incme"]}
    assert row(with_feature("x" * 1_000, "5"))["deviations"] == ["unknown: " + "x" * 256]


def test_an_unknown_field_beside_the_features_is_kept_out():
    assert row(with_field("trace", '{"a": [1, {"b": null}]}')) == row(GOOD)


def test_of_duplicate_keys_the_last_counts():
    assert row(GOOD.replace('"age": 3', '"age": "x", "age": 9, "age": 3')) == row(GOOD)
    assert row(GOOD.replace('"age": 3', '"age": 3, "age": "x"'))["mismatched"] == ["feature.age"]


def test_features_as_a_list_take_their_names_from_the_reference():
    in_order = [json.loads(GOOD)["features"][f] for f in json.loads(GOOD)["features"]]
    listed = with_field("features", json.dumps(in_order))
    assert row(listed) == row(GOOD)
    assert row(with_field("features", json.dumps(in_order[:9])))["deviations"] == ["absent: note"]
    assert row(with_field("features", json.dumps([*in_order, 5])))["deviations"] == ["unknown: features[11]"]
    assert row(with_field("features", json.dumps(["x", *in_order[1:]])))["mismatched"] == ["feature.income"]


OUTPUTS = {
    ("prediction", "null"): {"prediction": None},
    ("prediction", "1.0"): {"prediction": "1"},
    ("prediction", "true"): {"prediction": "true"},
    ("prediction", '["yes"]'): {"prediction": None, "mismatched": ["prediction"]},
    ("confidence", '"high"'): {"confidence": None, "mismatched": ["confidence"]},
    ("confidence", "NaN"): {"confidence": None},
    ("latency_ms", '"12"'): {"latency": None, "mismatched": ["latency"]},
    ("scores", "null"): {"score.no": None, "score.yes": None},
    ("scores", "[0.5, 0.5]"): {"score.no": 0.5, "score.yes": 0.5},
    ("scores", "[0.5]"): {"score.no": None, "score.yes": None, "mismatched": ["score.no", "score.yes"]},
    ("scores", '{"no": 0.5}'): {"score.no": 0.5, "score.yes": None},
    ("scores", '{"no": "x", "yes": 1}'): {"score.no": None, "score.yes": 1.0, "mismatched": ["score.no"]},
    ("scores", '{"no": 0, "yes": 1, "maybe": 0}'): {
        "score.no": 0.0,
        "score.yes": 1.0,
        "deviations": ["unknown: scores.maybe"],
    },
    ("version", "7"): {"version": "7"},
    ("version", "7.0"): {"version": "7"},
    ("version", "null"): {"version": None},
    ("version", "[7]"): {"version": None},
}


@pytest.mark.parametrize(("name", "token"), OUTPUTS)
def test_a_wrong_output_spoils_itself_and_nothing_else(name, token):
    assert row(with_field(name, token)) == row(GOOD) | OUTPUTS[name, token]


IDS = {'"a"': "a", "5": 5, "5.0": "5", "NaN": None, "null": None, "[1]": None, "true": "true", "1" + "0" * 30: 10**30}


@pytest.mark.parametrize("token", IDS)
def test_an_id_is_text_or_a_number_and_anything_else_is_none(token):
    (found,) = decode(with_field("id", token)).ids
    assert found == IDS[token]
    assert type(found) is not bool
