from __future__ import annotations

import numpy as np
import pytest

from detectors import NumericBins
from detectors.numeric import equal_mass_edges
from monitor.formats.batch import Batch
from monitor.review.common_bins import in_common


def _counted(values, bins=None):
    bins = bins or NumericBins("x", "g", equal_mass_edges(values, 50))
    codes = bins.bin(Batch(np.arange(len(values)), numbers={"x": values}))
    return bins, np.bincount(codes, minlength=bins.cells)


def _distance(accepted, cells):
    """Return Cohen's w, squared; what is beyond the older range counts with the outermost bins, as in `diff`."""
    p, q = (np.array([c[0] + c[1], *c[2:-4], c[-4] + c[-3]]) / c.sum() for c in (accepted, cells))
    return float(((q - p) ** 2 / p).sum())


def _draws(seed):
    draw = np.random.default_rng(seed)
    kind = seed % 4
    for rows in draw.integers(600, 5_000, 2):
        values = draw.normal(draw.normal(0, 0.5), np.exp(draw.normal(0, 0.3)), rows)
        yield (
            values,
            np.round(values, 1),
            np.where(draw.random(rows) < 0.3, np.round(values), values),
            np.where(draw.random(rows) < 0.5, values, 1_000 + values),
        )[kind]


@pytest.mark.parametrize("seed", range(40))
def test_the_nearest_cells_never_exaggerate(seed):
    """Nearer to the older ones than the same records counted in the older bins, but for rounding to whole records."""
    before, after = _draws(seed)
    (old, ours), (new, theirs) = _counted(before), _counted(after)
    _, _, nearest, likely = in_common(old, new, ours, theirs)
    _, counted = _counted(after, old)
    assert nearest.sum() == likely.sum() == len(after)
    assert min(nearest.min(), likely.min()) >= 0
    assert _distance(ours, nearest) <= _distance(ours, counted) + 1 / len(after)
    assert _distance(ours, nearest) <= _distance(ours, likely) + 1 / len(after)


def test_with_the_same_bins_both_are_the_records():
    values = np.random.default_rng(1).normal(size=2_000)
    old, ours = _counted(values)
    _, theirs = _counted(values[:900] + 0.3, old)
    _, _, nearest, likely = in_common(old, old, ours, theirs)
    assert nearest.tolist() == likely.tolist() == theirs.tolist()


def test_few_values_are_known_in_any_bins():
    draw = np.random.default_rng(1)
    old, ours = _counted(draw.normal(3, 2, size=5_000))
    values = draw.poisson(3, size=1_000).clip(0, 8).astype(float)
    new, theirs = _counted(values)
    _, _, nearest, likely = in_common(old, new, ours, theirs)
    assert nearest.tolist() == likely.tolist() == _counted(values, old)[1].tolist()
