"""A reference of numbers at the ends of what floats hold can be built, read back, and tells inputs apart."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from query_streams import closeness_of
from reference_records import built, timed

from detectors.config import KnnConfig, QueriesConfig
from detectors.shadow import rounded_scale
from detectors.space import space_of
from detectors.spread import middle_and_spread, moments
from monitor.formats.decoder import Decoder
from monitor.reference.store import Store
from monitor.types import Message

MOST = sys.float_info.max
ROWS = 1_200


def drawn(count=ROWS):
    return np.random.default_rng(5).normal(50, 10, count)


def with_sentinels(every, sentinel=MOST):
    values = drawn()
    values[3::every] = sentinel
    return values


FAR = {
    "one sentinel": with_sentinels(ROWS),
    "a fifth are sentinels": with_sentinels(5),
    "the smallest of all": with_sentinels(7, -MOST),
    "nearly all are at both ends": np.where(np.arange(ROWS) % 3, MOST * np.sign(drawn() - 50), drawn()),
    "large": 1e200 * (drawn() - 50),
    "small": 1e-200 * drawn(),
    "denormal": 5e-324 * np.round(drawn()),
    "the same": np.full(ROWS, MOST),
}


def records(values):
    features = [{"x": float(x), "far": float(far)} for x, far in zip(drawn(), values, strict=True)]
    return timed(features, prediction=values.tolist(), label=drawn().tolist())


@pytest.mark.parametrize("what", FAR)
def test_a_reference_of_far_numbers_is_read_back_and_its_detectors_take_them(tmp_path, what):
    reference = built(records(FAR[what]), detectors=[QueriesConfig(type="queries"), KnnConfig(type="knn")])
    Store(tmp_path).save(reference, {})
    loaded = Store(tmp_path).load(reference.digest)
    ends = [MOST, -MOST, 1e200, -1e200, 5e-324, 0.0]
    values = [json.dumps({"features": {"x": 50.0, "far": end}, "prediction": end, "label": -end}) for end in ends]
    messages = [Message("t", 0, at, 0, None, value.encode()) for at, value in enumerate(values)]
    (batch,) = Decoder({"m": loaded.schema}, stamped=False).decode(messages).batches
    assert loaded.layout.codes(batch).shape == (len(loaded.layout.detectors), len(ends))
    assert np.isfinite(loaded.closeness.vectors(batch)).all()


@pytest.mark.parametrize("sentinel", [MOST, -MOST, 1e200, 999_999_999.0])
@pytest.mark.parametrize("every", [ROWS, 100, 5])
def test_a_sentinel_does_not_make_all_other_values_one(sentinel, every):
    values = with_sentinels(every, sentinel)
    middle, spread = middle_and_spread(values)
    assert middle == pytest.approx(50, abs=5)
    assert 5 < spread < 15
    closeness = closeness_of(np.column_stack([values, drawn()]))
    assert closeness.spread["feature.0"] == spread


def test_where_there_is_no_sentinel_it_is_mean_and_standard_deviation():
    for values in (drawn(), np.exp(drawn() / 10), (drawn() > 75).astype(float), np.full(9, 3.0)):
        assert middle_and_spread(values) == (values.mean(), values.std())


@pytest.mark.parametrize("unit", [1e-320, 1e-200, 1e200, 1e306])
def test_what_can_be_told_apart_has_a_spread_in_any_unit(unit):
    values = unit * np.round(drawn())
    assert moments(values) == pytest.approx((unit * 50, unit * 10), rel=0.1)
    assert rounded_scale(values) == pytest.approx(unit * 10, rel=0.1)
    (axis,) = space_of(values[:, None], ["feature.x"], []).numbers
    assert axis.unit == pytest.approx(unit * 10, rel=0.15)


def test_labels_and_predictions_beyond_floats_are_no_distance():
    values = [10**400, -(10**400), 1.5] * 400
    features = [{"x": float(x)} for x in drawn()]
    assert built(timed(features, prediction=values, label=values[::-1])).rows == ROWS
