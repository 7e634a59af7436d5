"""What records do by chance or as all weeks do is not taken for a fault of theirs."""

from __future__ import annotations

from math import exp, floor, sin

import numpy as np
import pytest
from reference_records import built, timed

from monitor.review.cautions import cautions

ROWS = 4_000
OTHER = np.random.default_rng(3).normal(size=ROWS).tolist()


def _with(of):
    return timed([{"x": OTHER[-i], "y": of(i)} for i in range(ROWS)])


@pytest.mark.parametrize(
    "of",
    [
        lambda x: 0.0 if x > 0 else exp(x),
        lambda x: min(5.0, exp(x)),
        lambda x: floor(exp(2 * x)),
        lambda x: 100 - floor(max(0, x)),
        lambda x: x + 10 * (x > 0),
        lambda x: 99 if x > 2 else floor(abs(x) * 5),
    ],
    ids=["zeros", "capped", "counts", "at most 100", "two modes", "a level among few"],
)
def test_frequent_values_near_others_stand_for_nothing_else(of):
    assert not any("far from all others" in line for line in cautions(built(_with(lambda i: of(OTHER[i])))))


def _over_days(days, of):
    """Records of so many days from a Monday on; y is a function of the weekday and the record's number."""
    times = 1_767_571_200 + days * 86_400 * np.arange(ROWS) // ROWS
    weekdays = (times // 86_400 + 3) % 7
    records = _with(lambda i: of(int(weekdays[i]), i))
    return [record | {"time": time} for record, time in zip(records, times.tolist(), strict=True)]


def test_what_moves_with_the_only_weekend_is_not_to_be_cut_out():
    lines = cautions(built(_over_days(12, lambda day, i: OTHER[i] + (day > 4))))
    (line,) = (line for line in lines if "move" in line)
    assert line.startswith("moves with the weekend: y (higher from 2026-01-")
    assert line.endswith(". Build from two whole weeks, then weekends are compared with each other")
    assert any(
        line.startswith("moves with") for line in cautions(built(_over_days(7, lambda d, i: OTHER[i] + (d > 4))))
    )


def test_a_fault_on_weekdays_is_no_weekend():
    lines = cautions(built(_over_days(12, lambda day, i: OTHER[i] + (day in (1, 2)) * (i < ROWS / 2))))
    assert [line.partition(":")[0] for line in lines if "move" in line] == ["moves within these records"]


@pytest.mark.parametrize("at", [-1.0, -0.3, 0.0, 0.1, 1.2])
def test_a_number_whose_threshold_is_the_prediction_tells_it_wherever_its_bins_begin(at):
    for seed in range(4):
        x = np.random.default_rng(seed).normal(size=ROWS)
        noisy = x + 0.3 * np.random.default_rng(100 + seed).normal(size=ROWS)
        features = [{"x": a, "noisy": b} for a, b in zip(x.tolist(), noisy.tolist(), strict=True)]
        records = timed(features, prediction=np.where(x > at, "yes", "no").tolist())
        (line,) = (line for line in cautions(built(records)) if "tells" in line)
        assert line == "tells the prediction: x. Is it an input? If not, leave it out"


@pytest.mark.parametrize(
    "of",
    [
        lambda x, y: {"a": round(10 * x), "b": round(10 * (0.9 * x + 0.4 * y))},
        lambda x, y: {"a": round(x, 1), "b": round(y, 1)},
        lambda x, y: {"a": round(20 * x), "b": sin(round(20 * x))},  # noqa: ARG005 - what one column says
        lambda x, y: {"a": 0.0 if x > 1 else exp(x), "b": 0.0 if x > 1 else exp(y)},
        lambda x, y: {"a": floor(exp(2 * x)), "b": floor(exp(x + y)), "c": floor(exp(2 * y))},
        lambda x, y: {"a": round(exp(x), 2)},  # noqa: ARG005 - what one column says
        lambda x, y: {"a": [0.1, 1.0, 2.5, 10.0][int(abs(x)) % 4], "b": abs(y) > 1},
        lambda x, y: {"a": round(2 * (20 + 5 * x)) / 2, "b": round(50 - 10 * x + 4 * y)},
    ],
    ids=["ages", "roundings", "one tells the other", "zeros", "counts", "prices", "doses", "sensors"],
)
def test_values_that_chance_repeats_are_no_copies(of):
    for seed in range(5):
        x, y = np.random.default_rng(seed).normal(size=(2, ROWS)).tolist()
        assert not any("equal an earlier one" in line for line in cautions(built(timed(map(of, x, y)))))
