"""What detectors that depend on order need of a reference, and what is said where it lacks that."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace as with_fields
from reference_records import applicants, built, timed

from detectors.alibi import REFERENCE_ROWS
from detectors.closeness import Closeness
from detectors.config import AlibiConfig, QueriesConfig, RiverConfig
from detectors.numeric import NumericBins
from monitor.config.permodel import ModelSettings
from monitor.counting.tally import Layout
from monitor.errors import BadReference
from monitor.reference.schema import Feature, Schema
from monitor.reference.store import Reference
from monitor.review.cautions import cautions
from monitor.sequential import sequential_of

SCHEMA = Schema(
    (Feature("income", "numeric", ("number",)), Feature("member", "discrete", ("number",))),
    prediction="class",
    label="class",
)
LAYOUT = Layout(
    [
        NumericBins("feature.income", "features", (0.0, 1.0, 2.0)),
        NumericBins("feature.member", "features", (0.0, 1.0, 1.0)),
    ]
)


def reference(*, distance=1.0, label="class"):
    numbers = dict.fromkeys(("feature.income", "feature.member"), 1.0)
    closeness = None if distance is None else Closeness(numbers, numbers, (), distance)
    counts = np.full(LAYOUT.total, 500)
    schema = with_fields(SCHEMA, label=label, prediction=label or "class")
    return Reference("m", schema, LAYOUT, counts, 1_000, {}, None, None, closeness=closeness)


def settings(*detectors):
    chosen = dict.fromkeys(ModelSettings.__dataclass_fields__)
    return ModelSettings(**(chosen | {"name": "m", "detectors": detectors}))


def river(detector, signal, **params):
    return RiverConfig(detector=detector, signal=signal, params=params)


def key():
    return b"key"


@pytest.mark.parametrize(
    ("section", "built", "words"),
    [
        (QueriesConfig(), reference(distance=None), "Build it again: seawall reference build DATA"),
        (QueriesConfig(), reference(distance=0.0), "lie as close together as those of an attack"),
        (river("ADWIN", "feature.incme"), reference(), "It has: feature.income, feature.member"),
        (river("DDM", "feature.income"), reference(), "DDM takes 0 and 1 only, and feature.income has other values"),
        (river("DDM", "performance.error"), reference(label="number"), "DDM takes 0 and 1 only"),
        (river("ADWIN", "performance.error"), reference(label=None), "no record of the reference carries a label"),
        (river("ADWIN", "performance.absolute_error"), reference(), "Use performance.error"),
    ],
)
def test_what_the_reference_lacks_is_said(section, built, words):
    with pytest.raises(BadReference, match=r"^detectors\[0\]") as refused:
        sequential_of(settings(section), built, key)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("section", "built"),
    [
        (river("DDM", "feature.member"), reference()),
        (river("DDM", "performance.error"), reference()),
        (river("ADWIN", "performance.error"), reference(label="number")),
        (river("ADWIN", "performance.absolute_error"), reference(label="number")),
    ],
)
def test_what_fits_is_made(section, built):
    (made,) = sequential_of(settings(section), built, key)
    assert made.signal == f"{section.signal}.{section.detector}"


def test_of_two_signals_of_one_name_neither_is_guessed():
    twice = settings(river("ADWIN", "feature.income"), river("ADWIN", "feature.income", delta=0.1))
    with pytest.raises(BadReference, match=r"two signals would be called feature\.income\.ADWIN"):
        sequential_of(twice, reference(), key)


def test_nobody_asks_for_a_key_where_nobody_looks_at_callers():
    def refuse():
        raise AssertionError

    assert sequential_of(settings(river("ADWIN", "feature.income")), reference(), refuse)


def alibi(**params):
    """Return the section as it is where the extra is installed."""
    return AlibiConfig.model_construct(detector="KSDrift", window=50, params=params)


def test_only_what_is_asked_for_is_measured_and_kept(store):
    plain = built(applicants())
    assert (plain.closeness, plain.accepted) == (None, None)
    asked = built(applicants(), detectors=[QueriesConfig(), alibi()])
    assert asked.digest != plain.digest
    store.save(asked, {})
    loaded = store.load(asked.digest)
    assert (loaded.closeness, loaded.accepted) == (asked.closeness, asked.accepted)
    assert loaded.digest == asked.digest
    assert "closeness" not in plain.document().decode()


def test_what_is_measured_is_of_the_features_that_are_watched():
    closeness = built(applicants(), detectors=[QueriesConfig()]).closeness
    assert {*closeness.spread, *closeness.levels} == {
        f"feature.{name}" for name in ("income", "age", "children", "region", "home_owner", "country")
    }
    assert closeness.spread["feature.income"] == pytest.approx(1.0, abs=0.1)
    assert closeness.distance > 0


def test_records_to_compare_with_lack_no_number_and_are_few():
    accepted = built(applicants(), detectors=[alibi()]).accepted
    assert 200 < len(accepted.rows) <= REFERENCE_ROWS
    assert np.isfinite(np.array(accepted.rows)).all()


def test_a_reference_of_records_that_are_all_alike_says_so():
    alike = timed([{"a": i % 2, "b": i % 3} for i in range(2_000)])
    words = [line for line in cautions(built(alike, detectors=[QueriesConfig()])) if "query attack" in line]
    assert len(words) == 1
    assert [line for line in cautions(built(alike)) if "query attack" in line] == []


def test_alibis_records_are_asked_for(monkeypatch):
    monkeypatch.setattr("monitor.sequential.trial", lambda *_: "KSDrift does not work with these: why")
    with pytest.raises(BadReference, match="holds no records to compare with"):
        sequential_of(settings(alibi()), reference(), key)
    with pytest.raises(BadReference, match=r"^detectors\[0\]\.params: KSDrift does not work with these: why"):
        sequential_of(settings(alibi()), built(applicants(), detectors=[alibi()]), key)
