from __future__ import annotations

import numpy as np
import pytest

from detectors.categorical import CategoryBins
from monitor.formats.batch import Batch

X = "feature.x"
BINS = CategoryBins(X, "features", ("red", "7", "true", "0.5"), ("blue", "8"))
OTHER, UNSEEN, MISSING, WRONG = 4, 5, 6, 7


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("red", 0),
        ("7", 1),
        (7.0, 1),
        ("7.0", UNSEEN),
        ("true", 2),
        (True, 2),
        ("0.5", 3),
        (0.5, 3),
        ("blue", OTHER),
        (8.0, OTHER),
        ("green", UNSEEN),
        ("Red", UNSEEN),
        ("red ", UNSEEN),
        ("", UNSEEN),
        (False, UNSEEN),
        (float("inf"), UNSEEN),
        (None, MISSING),
    ],
)
def test_a_level_is_found_by_every_way_to_write_it(value, cell):
    assert BINS.bin(Batch(np.arange(1), texts={X: [value]})).tolist() == [cell]


@pytest.mark.parametrize("levels", [("true", "1", "0"), ("1", "true", "0"), ("0", "1", "true"), ("true", "false")])
def test_true_is_not_one_and_false_is_not_nought(levels):
    bins = CategoryBins(X, "features", levels)

    def cells(*column):
        return bins.bin(Batch(np.arange(len(column)), texts={X: column})).tolist()

    def cell(level):
        return levels.index(level) if level in levels else bins.unseen

    assert cells(1.0, "1", 0.0, "0", "true") == [cell("1"), cell("1"), cell("0"), cell("0"), cell("true")]
    assert cells(True, False, None, "true") == [cell("true"), cell("false"), bins.unseen + 1, cell("true")]


def test_a_wrong_type_is_not_a_missing_value():
    assert BINS.bin(Batch(np.arange(1), texts={X: [None]}, mismatched={X: [0]})).tolist() == [WRONG]


def test_what_hardly_came_joins_the_last_that_did():
    value, *_ = BINS.signals(np.array([500, 60, 10, 5, 20, 0, 0, 0]))
    assert value.bins == ("red", "7 or 3 rarer ones")
    assert value.bin_of == (0, 1, 1, 1, 1, -1, -1, -1)


def test_unseen_levels_are_quality_and_no_values():
    value, missing, wrong, unseen = BINS.signals(np.array([500, 60, 60, 60, 60, 3, 2, 1]))
    assert value.bins == ("red", "7", "true", "0.5", "other")
    assert value.bin_of[UNSEEN] == -1
    assert unseen.bin_of == (0, 0, 0, 0, 0, 1, -1, -1)
    assert missing.bin_of[MISSING] == wrong.bin_of[WRONG] == 1


def test_where_new_levels_are_nothing_new_they_are_other_ones():
    bins = CategoryBins(X, "features", ("red", "7"), (), ("missing", "type"))
    value, *rest = bins.signals(np.array([500, 60, 0, 700, 2, 1]))
    assert value.bins == ("red", "7", "other")
    assert value.bin_of == (0, 1, 2, 2, -1, -1)
    assert [s.name for s in rest] == ["quality.missing.x", "quality.type.x"]


def test_one_level_is_no_value_signal():
    bins = CategoryBins("prediction", "predictions", ("approve",))
    names = [s.name for s in bins.signals(np.array([900, 0, 0, 0, 0]))]
    assert names == ["quality.missing.prediction", "quality.type.prediction", "quality.unseen.prediction"]
