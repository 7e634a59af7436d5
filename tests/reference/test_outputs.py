"""Predictions, scores, confidence and latency, and the names of signals."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_records import built, timed

ROWS = 600


def _of(**outputs):
    draw = np.random.default_rng(1)
    return built(timed([{"x": float(x)} for x in draw.normal(size=ROWS)], **outputs))


def _cycle(*values):
    return [values[i % len(values)] for i in range(ROWS)]


@pytest.mark.parametrize(
    ("values", "kind", "bins"),
    [
        (_cycle("approve", "decline"), "class", ("approve", "decline")),
        (_cycle(True, False), "class", ("false", "true")),
        (_cycle(0, 1, 2), "class", ("0", "1", "2")),
        (_cycle(0.0, 1.0), "class", ("0", "1")),
        (_cycle(0.5, 1.5), "number", ("0.5", "1.5")),
        (_cycle(1, "unknown"), "class", ("1", "unknown")),
        (_cycle("yes", None), "class", None),
        (_cycle(None), None, None),
        (_cycle([0.1, 0.9]), None, None),
        (_cycle(math.inf, 1e999), None, None),
    ],
)
def test_a_prediction_is_a_class_or_a_number(values, kind, bins):
    reference = _of(prediction=values)
    assert reference.schema.prediction == kind
    found = next((s.bins for s, _ in reference.signals if s.name == "prediction"), None)
    assert (found and tuple(sorted(found))) == bins


def test_a_regression_is_a_number():
    values = np.random.default_rng(1).normal(size=ROWS).tolist()
    assert _of(prediction=values).schema.prediction == "number"


@pytest.mark.parametrize("listed", [True, False])
def test_scores_are_watched_by_class_and_by_the_highest(listed):
    share = np.random.default_rng(1).random(ROWS).tolist()
    scores = [[p, 1 - p] if listed else {"no": p, "yes": 1 - p} for p in share]
    reference = _of(scores=scores)
    names = ("0", "1") if listed else ("no", "yes")
    assert reference.schema.scores == names
    assert {f"score.{names[0]}", f"score.{names[1]}", "confidence"} <= {s.name for s, _ in reference.signals}
    edges = next(d.edges for d in reference.layout.detectors if getattr(d, "column", "") == "confidence")
    assert edges[0] >= 0.5


def test_missing_scores_are_called_so_and_not_a_missing_confidence():
    share = np.random.default_rng(1).random(ROWS).tolist()
    scores = [{"no": p, "yes": 1 - p} for p in share]
    names = {s.name for s, _ in _of(scores=scores).signals}
    assert {"confidence", "quality.missing.scores"} <= names
    assert "quality.missing.confidence" not in names
    assert "quality.missing.confidence" in {s.name for s, _ in _of(scores=scores, confidence=share).signals}


def test_scores_that_some_records_lack_are_watched():
    assert _of(scores=_cycle({"no": 0.3}, None, {"no": 0.4, "yes": 0.6}, {})).schema.scores == ("no", "yes")


@pytest.mark.parametrize("nothing", [None, "high", [], math.nan, math.inf, {"a": None}, {"a": math.inf}])
def test_outputs_without_a_number_are_not_watched(nothing):
    reference = _of(scores=_cycle(nothing), confidence=_cycle(nothing), latency_ms=_cycle(nothing))
    schema = reference.schema
    assert (schema.scores, schema.confidence, schema.latency) == ((), False, False)


def test_latency_is_watched():
    reference = _of(latency_ms=np.random.default_rng(1).exponential(10, ROWS).tolist())
    assert "latency" in {s.name for s, _ in reference.signals}


AWKWARD = (
    "schema",
    "late",
    "dead_letters",
    "missing.x",
    "feature.x",
    "score.a",
    "a.b",
    "",
    " ",
    "ä ☂",
    "a\nb",
    'a "b"',
    "a\\b",
    "x" * 999,
)


def test_awkward_names_are_names():
    records = timed([dict.fromkeys(AWKWARD, i % 7) for i in range(ROWS)])
    reference = built(records)
    names = [s.name for s, _ in reference.signals]
    assert {f"feature.{name}" for name in AWKWARD} <= set(names)
    assert len(set(names)) == len(names)
    bins = [
        (d, s) for d, s in zip(reference.layout.detectors, reference.layout.starts, strict=True) if d.kind == "numeric"
    ]
    for detector, start in bins:
        inside = reference.counts[start + 1 : start + 8]
        assert inside.tolist() == [86, 86, 86, 86, 86, 85, 85], detector.column


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("prediction", _cycle(0.5, 0.6, 0.7)),
        ("confidence", _cycle(0.5, 0.6, 0.7)),
        ("scores", _cycle({"a": 0.5}, {"a": 0.6})),
    ],
)
def test_a_feature_of_an_output_s_name_is_set_aside_where_there_is_that_output(name, values):
    features = [{name: i % 7, "x": i % 5} for i in range(ROWS)]
    alone = built(timed(features))
    assert alone.schema.named(name).type == "discrete"
    both = built(timed(features, **{name: values}))
    assert both.schema.named(name).why == f"{name} is an output too: rename the feature to watch it"
    for reference in (alone, both):
        assert max(Counter(s.name for s, _ in reference.signals).values()) == 1


NAMES = st.text(max_size=12) | st.sampled_from(
    ["prediction", "confidence", "latency", "latency_ms", "schema", "score.a", "feature.x", "x", "missing.x"]
)


@settings(max_examples=40, deadline=None)
@given(st.sets(NAMES, min_size=1, max_size=8), st.sets(NAMES, max_size=4))
def test_no_names_of_features_and_scores_give_two_signals_of_one_name(features, scores):
    values = _cycle(0.1, 0.2, 0.7)
    records = [
        {
            "features": dict.fromkeys(features, value),
            "scores": dict.fromkeys(scores, value),
            "prediction": value,
            "confidence": value,
            "latency_ms": value,
        }
        for value in values
    ]
    names = Counter(s.name for s, _ in built(records).signals)
    assert max(names.values()) == 1
