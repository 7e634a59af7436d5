"""Scorers of single records: the nearest rows exactly, the same bits everywhere, p-values that mean what they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from detectors import CategoryBins, Knn, Trust
from detectors.neighbours import Neighbours
from detectors.scorer import chance
from detectors.space import FARTHEST, Points, space_of
from monitor.formats.batch import Batch

REGION = CategoryBins("feature.region", "features", ("north", "south"), ("east",))
CLASSES = CategoryBins("prediction", "predictions", ("yes", "no"), ("perhaps",))
COLUMNS = ["feature.income", "feature.age", "feature.constant"]
NEAR = {"k": 3, "share": 1.0, "salt": "salt"}


def records(rows, seed=1, **columns):
    """Return a batch: a heavy-tailed number, one with gaps, one that never changes, a category, and a prediction."""
    draw = np.random.default_rng(seed)
    age = np.rint(draw.normal(40, 10, rows))
    age[draw.random(rows) < 0.1] = np.nan
    numbers = dict(zip(COLUMNS, (np.exp(draw.normal(size=rows)), age, np.full(rows, 7.0)), strict=True))
    region = draw.choice(["north", "south", "east"], rows).tolist()
    prediction = np.where(numbers["feature.income"] > 1, "yes", "no").tolist()
    batch = Batch(
        np.arange(rows),
        numbers,
        {"feature.region": region, "prediction": prediction},
        ids=[f"r{i}" for i in range(rows)],
        versions=[None] * rows,
    )
    for name, column in columns.items():
        key = name if name == "prediction" else f"feature.{name}"
        (batch.numbers if key in batch.numbers else batch.texts)[key] = column
    return batch


def cut(batch, start, stop):
    rows = slice(start, stop)
    return Batch(
        batch.rows[rows],
        {name: values[rows] for name, values in batch.numbers.items()},
        {name: values[rows] for name, values in batch.texts.items()},
        ids=batch.ids[rows],
    )


def parts(batch):
    """Return the values of the first and of the second half."""
    space = space_of(np.empty((1, 3)), COLUMNS, [REGION])
    return np.split(space.values(batch), 2), np.split(CLASSES.bin(batch), 2)


def knn(batch, **more):
    (given_, held_out), _ = parts(batch)
    return Knn.fit(space_of(given_, COLUMNS, [REGION]), given_, held_out, **NEAR | more)[0]


def trust(batch, **more):
    values, groups = parts(batch)
    space = space_of(values[0], COLUMNS, [REGION])
    first, last = zip(values, groups, strict=True)
    return Trust.fit(space, first, last, classes=CLASSES, **NEAR | more)[0]


SCORERS = {"knn": knn(records(3_000)), "trust": trust(records(3_000))}
BOTH = pytest.mark.parametrize("scorer", SCORERS.values(), ids=SCORERS)


def said(scorer, batch):
    """Return the scores that binning leaves."""
    scorer.bin(batch)
    return batch.scored[scorer.name]


@BOTH
def test_batches_of_1_7_and_1000_give_the_same_bits(scorer):
    whole = records(1_000, seed=2)
    expected, codes = said(scorer, whole), scorer.bin(whole)
    for size in (1, 7):
        pieces = [cut(whole, i, i + size) for i in range(0, 1_000, size)]
        assert np.concatenate([scorer.bin(piece) for piece in pieces]).tolist() == codes.tolist()
        scored = [piece.scored[scorer.name] for piece in pieces]
        assert np.concatenate([s.scores for s in scored]).tobytes() == expected.scores.tobytes()
        features = [s.features(i) for s in scored for i in range(len(s.scores))]
        assert features == [expected.features(i) for i in range(1_000)]


@given(st.data())
def test_the_nearest_rows_are_those_of_a_plain_search(data):
    """With ties by the hundred, as whole numbers have them, and rows so far away that 32 bits round them together."""
    draw = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    rows = draw.integers(0, data.draw(st.integers(1, 9)), (data.draw(st.sampled_from([9, 300, 1_500])), 4)).astype(
        float
    )
    rows[:, 0] *= data.draw(st.sampled_from([1.0, 1e-3, 1e4]))
    rows[:, 1] += data.draw(st.sampled_from([0.0, 1e5]))
    asked = rows[draw.integers(0, len(rows), 5)] + draw.choice([0.0, 1e-7, 0.5], (5, 4)) * [1, 1, 1, 0]
    found = Neighbours(rows, [(9, 0.7)]).nearest(Points(asked, np.zeros(5)), 4)
    for at, distances, nearest in zip(asked, found.distances, found.rows, strict=True):
        squares = np.zeros(len(rows))
        for axis in range(3):
            squares += (rows[:, axis] - at[axis]) ** 2
        squares += 0.7 * (rows[:, 3] != at[3])
        order = np.argsort(squares, kind="stable")[:4]
        assert nearest.tolist() == order.tolist()
        assert distances.tobytes() == np.sqrt(squares[order]).tobytes()


@BOTH
def test_the_share_of_small_p_is_within_its_beta_interval_in_20_refits(scorer):
    fit = {"knn": knn, "trust": trust}[scorer.kind]
    for seed in range(20):
        fitted = fit(records(4_000, seed=100 + seed))
        flagged = int((said(fitted, records(8_000, seed=200 + seed)).p <= 0.01).sum())
        n = len(fitted.calibration)
        small = int(0.01 * (n + 1))
        lowest, highest = betabinom(8_000, small, n + 1 - small).interval(0.9995)  # 40 of them hold with 98 %
        assert lowest <= flagged <= highest


@BOTH
def test_the_records_it_was_calibrated_with_fill_its_cells_evenly(scorer):
    counts = np.bincount(scorer.accepted(scorer.calibration), minlength=scorer.cells)
    n = len(scorer.calibration)
    expected = [int(level * n + 1e-9) for level in (*scorer.levels, 1.0)]
    assert np.cumsum(counts)[:-1].tolist() == expected
    assert counts[-1] == 0
    assert counts[:-1].min() >= 50


@BOTH
@pytest.mark.parametrize(
    ("column", "usual", "odd"),
    [
        ("income", 1.0, math.inf),
        ("income", 1.0, -math.inf),
        ("income", 1.0, 1e308),
        ("income", 1.0, math.nan),
        ("age", 40.0, math.nan),
        ("constant", 7.0, 8.0),
        ("constant", 7.0, math.nan),
        ("region", "north", "west"),
        ("region", "north", None),
    ],
)
def test_whatever_stands_in_a_column_has_a_score(scorer, column, usual, odd):
    wrap = np.array if column != "region" else list
    scores = said(scorer, records(2, seed=5, **{column: wrap([usual, odd])})).scores
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()


def test_what_is_far_away_counts_no_more_than_eight_units():
    scorer = SCORERS["knn"]
    near = records(1, seed=5)
    far = records(1, seed=5, income=np.array([math.inf]))
    assert said(scorer, near).scores[0] < said(scorer, far).scores[0] <= said(scorer, near).scores[0] + 2 * FARTHEST


@pytest.mark.parametrize(
    ("column", "odd"), [("constant", 8.0), ("constant", math.nan), ("region", "west"), ("age", 5.0)]
)
def test_an_odd_value_makes_a_record_stranger_and_its_column_is_named(column, odd):
    scorer = SCORERS["knn"]
    wrap = list if column == "region" else np.array
    usual, odd_one = (said(scorer, b) for b in (records(1, seed=5), records(1, seed=5, **{column: wrap([odd])})))
    assert odd_one.scores[0] > usual.scores[0]
    assert odd_one.features(0)[0] == column
    assert len(odd_one.features(0)) <= 3


def test_a_wrong_type_counts_as_missing():
    scorer = SCORERS["knn"]
    wrong, missing = (records(1, seed=5, age=np.array([math.nan]), region=[None]) for _ in "ab")
    wrong.mismatched = {"feature.age": [0], "feature.region": [0]}
    assert said(scorer, wrong).scores.tolist() == said(scorer, missing).scores.tolist()


@pytest.mark.parametrize("prediction", [None, "never seen", "perhaps"])
def test_nothing_is_said_of_a_class_that_is_missing_unknown_or_rare(prediction):
    scorer = SCORERS["trust"]
    batch = records(1, prediction=[prediction])
    assert scorer.bin(batch).tolist() == [scorer.cells - 1]
    assert len(batch.scored["anomaly.trust"].scores) == 0


def test_a_class_with_too_few_accepted_records_is_not_known():
    batch = records(400)
    batch.texts["prediction"] = ["yes"] * 398 + ["no"] * 2
    scorer = trust(batch)
    assert list(scorer.by_class) == [0]
    assert scorer.bin(records(5)).tolist() == [scorer.cells - 1] * 5
    assert scorer.signals(np.bincount(scorer.accepted(np.empty(0)), minlength=scorer.cells)) == []


def test_a_record_of_another_class_is_least_trusted():
    batch = records(2_000, seed=9)
    usual = said(SCORERS["trust"], batch).scores
    batch.texts["prediction"] = ["no" if p == "yes" else "yes" for p in batch.texts["prediction"]]
    swapped = said(SCORERS["trust"], batch).scores
    assert np.median(usual) < 0.5 < np.median(swapped)
    assert ((usual >= 0) & (usual <= 1)).all()


def test_a_share_is_chosen_by_the_ids_alone():
    scorer = knn(records(1_000), share=0.2)
    batch = records(3_000, seed=3)
    chosen = said(scorer, batch).positions
    assert 500 < len(chosen) < 700
    again = said(scorer, cut(batch, 1_000, 3_000)).positions + 1_000
    assert again.tolist() == [i for i in chosen.tolist() if i >= 1_000]
    codes = scorer.bin(batch)
    assert np.flatnonzero(codes < scorer.cells - 1).tolist() == chosen.tolist()


def test_of_a_share_records_without_an_id_are_not_scored():
    batch = records(100)
    batch.ids = [None] * 100
    assert len(said(knn(records(1_000), share=0.5), batch).scores) == 0
    assert len(said(SCORERS["knn"], batch).scores) == 100


def test_a_number_and_its_spelling_are_one_id():
    assert chance(7, "salt") == chance("7", "salt") != chance("7", "another")


def test_half_of_the_values_alike_leave_a_unit_and_one_value_leaves_none():
    draw = np.random.default_rng(1)
    values = np.column_stack([np.where(draw.random(1_000) < 0.7, 0.0, draw.random(1_000)), np.full(1_000, 3.0)])
    tied, constant = space_of(values, ["a", "b"], []).numbers
    assert 0.1 < tied.unit < 0.5
    assert (constant.centre, constant.unit) == (3.0, 0.0)


def test_a_few_outliers_widen_no_unit():
    values = np.random.default_rng(1).normal(size=(1_000, 1))
    before = space_of(values, ["a"], []).numbers[0].unit
    values[:9] = 1e9
    assert space_of(values, ["a"], []).numbers[0].unit == pytest.approx(before, rel=0.1)
