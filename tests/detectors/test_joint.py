"""Detectors of several columns: the only leaf, exact sums, what is lacking, and words that a person reads."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from detectors import CategoryBins, Combinations, Distance, NumericBins, Pair
from detectors.distance import LACKING, SMALLEST
from detectors.joint import Seen, quantile_fractions
from detectors.pair import correlation, relation
from monitor.formats.batch import Batch
from monitor.judge.effect import value_shape

EDGES = (-9.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 9.0)
ROWS = 6_000


def seen(name, values):
    """Return a column as detectors of several columns see it; its cells beside."""
    texts = isinstance(values, list)
    bins = CategoryBins(name, "", ("a", "b", "c")) if texts else NumericBins(name, "", EDGES)
    cells = bins.bin(Batch(np.arange(len(values)), {} if texts else {name: values}, {name: values} if texts else {}))
    signal = next(s for s in bins.signals(np.full(bins.cells, 100)) if s.kind == "values")
    return Seen(signal, np.array(signal.bin_of)[cells]), cells


def columns(r=0.7, rows=ROWS, seed=1):
    """Return two numbers of this correlation, a third that follows both, and a level that follows the first."""
    draw = np.random.default_rng(seed)
    first = draw.normal(size=rows)
    second = r * first + np.sqrt(1 - r * r) * draw.normal(size=rows)
    third = (first + second + draw.normal(size=rows)) / 2
    level = np.array(["a", "b", "c"])[np.digitize(first + draw.normal(size=rows), (-1, 1))].tolist()
    return {"feature.x": first, "feature.y": second, "feature.z": third, "feature.l": level}


def seen_all(r=0.7, **more):
    found = {name: seen(name, values) for name, values in columns(r, **more).items()}
    return [one for one, _ in found.values()], Batch(np.arange(ROWS), cells={n: c for n, (_, c) in found.items()})


def counted(detector, batch):
    return np.bincount(detector.bin(batch), minlength=detector.cells)


def test_every_combination_of_known_bins_has_one_leaf():
    (x, y, z, level), _ = seen_all()
    tree = Combinations.fit([x, level, y, z], ROWS)
    assert len(tree.leaves) == 16
    assert set(tree.columns) == {"feature.x", "feature.y", "feature.z", "feature.l"}
    whole = list(itertools.product(*(range(9) if c[-1] != "l" else range(3) for c in tree.columns)))
    cells = dict(zip(tree.columns, np.array(whole).T, strict=True))
    assert set(tree.bin(Batch(np.arange(len(whole)), cells=cells)).tolist()) == set(range(16))


def test_leaves_hold_about_equal_shares_of_other_records_too():
    (x, y, z, level), _ = seen_all()
    tree = Combinations.fit([x, level, y, z], ROWS)
    shares = counted(tree, seen_all(seed=2)[1]) / ROWS
    assert shares[-1] == 0
    assert shares[:-1].min() > 0.02
    assert shares.max() < 0.13


def test_a_column_that_is_not_asked_on_the_way_may_be_missing():
    (x, _, _, level), batch = seen_all()
    tree = Combinations.fit([x, level], ROWS)
    before = tree.bin(batch)
    batch.cells["feature.l"] = np.full(ROWS, 5)  # missing
    after = tree.bin(batch)
    asked = np.array(["l " in leaf for leaf in tree.leaves])
    assert (after[~asked[before]] == before[~asked[before]]).all()
    assert (after[asked[before]] == len(tree.leaves)).all()


@pytest.mark.parametrize("missing", ["feature.x", "feature.y", "feature.z"])
def test_a_record_that_lacks_a_column_has_no_distance_and_no_pair_of_it(missing):
    (x, y, z, _), batch = seen_all()
    found = [Distance.fit([x, y, z], ROWS), Pair.fit(x, y, ROWS)]
    before = [detector.bin(batch) for detector in found]
    batch.cells[missing] = batch.cells[missing].copy()
    batch.cells[missing][::3] = 10  # missing
    for detector, told in zip(found, before, strict=True):
        after = detector.bin(batch)
        lacks = missing in detector.columns
        assert (after[::3] == (detector.cells - 1 if lacks else told[::3])).all()
        kept = np.arange(ROWS) % 3 > 0
        assert (after[kept] == told[kept]).all()


def test_sums_of_distances_are_exact():
    """As whole numbers of any size give them, with as many columns as there may be, and all far out."""
    draw = np.random.default_rng(1)
    base = draw.normal(size=(40, ROWS))
    many = [seen(f"feature.{i}", row + 3 * base[0])[0] for i, row in enumerate(base[:32])]
    far = Distance.fit(many, ROWS)
    z = draw.choice([-LACKING, LACKING, 3], (32, 200))
    along = far.axes @ z
    sums = far._sums(z.astype(np.float32))
    assert sums.tolist() == (far.weights @ (along * along)).tolist()
    assert np.abs(along).max() < 2**24
    assert sums.max() < 2**53
    assert np.abs(far.axes).max() <= 1 + 256 / np.sqrt(SMALLEST)


def test_the_distance_is_that_of_mahalanobis():
    (x, y, z, _), batch = seen_all()
    far = Distance.fit([x, y, z], ROWS)
    scores = np.array([one.scores[one.bins] for one in (x, y, z)])
    expected = np.einsum("in,ij,jn->n", scores, np.linalg.inv(np.cov(scores, bias=True)), scores)
    cells = far.bin(batch) // (len(far.left) + 1)
    ends = [expected[cells == cell].max() for cell in range(len(far.far))]
    assert ends == sorted(ends)
    assert np.corrcoef(np.argsort(np.argsort(expected)), cells)[0, 1] > 0.97


@pytest.mark.parametrize(("now", "words"), [(-0.7, "now move oppositely"), (0.0, "no longer move together")])
def test_a_correlation_that_flips_is_seen_in_pair_distance_and_residual_and_not_in_any_column(now, words):
    (x, y, z, _), accepted = seen_all()
    draw = np.random.default_rng(3)
    batch = seen_all(seed=2)[1]
    first = draw.normal(size=ROWS)
    second = now * first + np.sqrt(1 - now * now) * draw.normal(size=ROWS)
    batch.cells |= {"feature.x": seen("feature.x", first)[1], "feature.y": seen("feature.y", second)[1]}
    pair = Pair.fit(x, y, ROWS)
    signal = pair.signals(counted(pair, accepted))[0]
    p, q = (np.bincount(signal.bin_of[:-1], weights=counted(pair, b)[:-1]) / ROWS for b in (accepted, batch))
    before, after = (correlation(law, signal.sides) for law in (p, q))
    assert relation(before, after) == words
    assert (before, after) == pytest.approx((0.7, now), abs=0.05)
    for one, detector in ((0, pair), (1, Distance.fit([x, y, z], ROWS))):
        p, q = (counted(detector, b) / ROWS for b in (accepted, batch))
        assert ((q - p) ** 2 / np.maximum(p, 1e-3)).sum() > 0.3, one


@pytest.mark.parametrize("r", [0.0, 0.3, 0.7, -0.6])
@pytest.mark.parametrize(("scale", "more"), [(1.6, 0.0), (0.5, 0.0), (1.0, 1.0), (1.0, 2.5)])
def test_a_column_that_moved_alone_is_no_changed_correlation(r, scale, more):
    first, accepted = seen_all(r)
    signal, p = shares_of(pair := Pair.fit(*first[:2], ROWS), accepted)
    values = columns(r, seed=2)
    moved = {"x": scale * values["feature.x"] + more, "y": values["feature.y"]}
    batch = seen_all(r, seed=2)[1]
    batch.cells |= {f"feature.{name}": seen(f"feature.{name}", of)[1] for name, of in moved.items()}
    assert value_shape(signal, shares_of(pair, batch)[1] * ROWS, p.tolist()) == "combine otherwise"


@pytest.mark.parametrize(
    ("r", "now", "words"),
    [
        (0.0, 0.5, "now move together"),
        (0.0, -0.4, "now move oppositely"),
        (0.7, 0.0, "no longer move together"),
        (0.3, 0.9, "move together more"),
        (-0.6, 0.5, "now move together"),
    ],
)
def test_a_changed_correlation_is_called_one(r, now, words):
    first, accepted = seen_all(r)
    signal, p = shares_of(pair := Pair.fit(*first[:2], ROWS), accepted)
    assert value_shape(signal, shares_of(pair, seen_all(now, seed=2)[1])[1] * ROWS, p.tolist()) == words


def shares_of(pair, batch):
    """Return the pair's signal, and the shares of its bins."""
    signal = pair.signals(counted(pair, seen_all()[1]))[0]
    return signal, np.bincount(signal.bin_of[:-1], weights=counted(pair, batch)[:-1]) / ROWS


@pytest.mark.parametrize(
    ("accepted", "now", "words"),
    [
        (0.7, 0.9, "move together more"),
        (0.7, 0.4, "move together less"),
        (0.7, 0.2, "no longer move together"),
        (0.7, -0.7, "now move oppositely"),
        (-0.7, -0.9, "move oppositely more"),
        (-0.7, -0.3, "move oppositely less"),
        (-0.7, 0.0, "no longer move oppositely"),
        (-0.7, 0.6, "now move together"),
        (0.05, 0.5, "now move together"),
        (0.05, -0.5, "now move oppositely"),
        (0.0, 0.014, "combine otherwise"),
        (0.05, -0.15, "combine otherwise"),
        (0.7, 0.65, "combine otherwise"),
    ],
)
def test_what_became_of_a_correlation_is_said_in_words(accepted, now, words):
    assert relation(accepted, now) == words


def test_bins_say_how_far_two_numbers_lie_to_opposite_sides_or_to_one():
    (x, y, _, level), batch = seen_all()
    pair = Pair.fit(x, y, ROWS)
    labels = pair.signals(counted(pair, batch))[0].bins
    assert labels[0].startswith("opposite by ")
    assert labels[0].endswith(" or more")
    assert labels[-1].startswith("alike by ")
    assert sum(label.startswith("opposite by 0–") for label in labels) == 1
    assert max(map(len, labels)) <= 40
    levels = Pair.fit(x, level, ROWS)
    assert all(label.endswith(" × chance") for label in levels.signals(counted(levels, batch))[0].bins)


@pytest.mark.parametrize("records", [200, 500, 2_000, 50_000])
def test_bins_are_as_many_as_the_counted_records_can_fill(records):
    ends = [0.0, *quantile_fractions(records), 1.0]
    assert min(np.diff(ends)) * records >= 50
    assert len(ends) - 1 <= 12
