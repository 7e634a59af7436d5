"""Scorers in a reference: fitted to one part, calibrated with another, stored as arrays, off where not asked for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from reference_records import applicants, built, timed

from detectors.config import AutoConfig, KnnConfig, TrustConfig
from monitor.errors import BadReference
from monitor.reference.split import chooses
from monitor.review.comparison import differences
from monitor.review.report import built as reported

AUTO = (AutoConfig(),)


@pytest.fixture(scope="module")
def scored():
    return built(applicants(), detectors=AUTO)


def unscored(detector):
    return detector.kind not in ("knn", "trust")


def _folder(store, reference):
    return store.folder / reference.digest.removeprefix("sha256:")


def test_auto_is_knn_and_trust_where_there_is_a_class(scored):
    assert list(scored.scorers) == ["knn", "trust"]
    numbers = built(timed([{"x": float(i % 97)} for i in range(600)]), detectors=AUTO)
    assert list(numbers.scorers) == ["knn"]


def test_trust_without_a_predicted_class_is_refused():
    with pytest.raises(BadReference, match=r"^detectors: trust compares .* Leave it out$"):
        built(timed([{"x": float(i % 97)} for i in range(600)]), detectors=(TrustConfig(),))


def test_the_first_part_in_time_is_fitted_and_only_the_last_one_counted(scored):
    for scorer in scored.scorers.values():
        assert len(scorer.rows) == 1_000
        assert len(scorer.calibration) == scored.counts_of(scorer).sum() == 1_000
    records = applicants()
    left = {choosing: [r for row, r in enumerate(records) if chooses(row) == choosing] for choosing in (True, False)}
    mixed = [left[chooses(row)].pop() for row in range(2_000)]  # in any order the same ones choose levels
    backwards = built(mixed, detectors=AUTO)
    assert backwards.scorers == scored.scorers


def test_what_is_far_from_the_first_part_is_strange_however_often_it_comes_later():
    """Were the scorer fitted to what it is calibrated with, nothing would be strange."""
    draw = np.random.default_rng(1)
    near, far = ([{"x": float(v)} for v in draw.normal(centre, 1, 500)] for centre in (0, 20))
    scorer = built(timed([*near, *near, *far, *near]), detectors=(KnnConfig(),)).scorers["knn"]
    assert scorer.calibration[-500] > 5 * scorer.calibration[-501]


def test_no_more_than_ten_thousand_rows_are_kept(monkeypatch):
    monkeypatch.setattr("monitor.reference.scorers.MOST_ROWS", 300)
    monkeypatch.setattr("monitor.reference.scorers.MOST_HELD_OUT", 700)
    scorer = built(applicants(), detectors=(KnnConfig(),)).scorers["knn"]
    assert (len(scorer.rows), len(scorer.calibration)) == (300, 700)


def test_what_was_counted_before_is_counted_the_same(scored, reference):
    plain = scored.part(unscored)
    assert plain.counts.tolist() == reference.counts.tolist()
    assert plain.layout.detectors == reference.layout.detectors
    assert plain.digest == scored.digest != reference.digest
    assert [s for s, _ in plain.signals] == [s for s, _ in reference.signals]


def test_scorers_that_are_switched_off_leave_the_others_where_they_are(scored):
    trust = scored.part(lambda detector: detector.kind != "knn")
    assert list(trust.scorers) == ["trust"]
    assert trust.counts_of(trust.scorers["trust"]).tolist() == scored.counts_of(scored.scorers["trust"]).tolist()


def test_scorers_come_back_from_the_store(store, scored):
    store.save(scored, {})
    loaded = store.load(scored.digest)
    assert loaded.scorers == scored.scorers
    for kind, scorer in scored.scorers.items():
        for name in scorer.arrays:
            assert getattr(loaded.scorers[kind], name).tobytes() == getattr(scorer, name).tobytes()


def test_a_reference_of_one_feature_without_scorers_has_no_arrays(store):
    reference = built(timed([{"x": i % 97} for i in range(600)]))
    store.save(reference, {})
    assert not (_folder(store, reference) / "arrays.npz").exists()


@pytest.mark.parametrize("name", ["0.rows", "0.calibration", "1.groups_of_rows"])
def test_an_array_with_one_bit_changed_is_refused(store, scored, name):
    store.save(scored, {})
    path = _folder(store, scored) / "arrays.npz"
    position, field = name.split(".")
    name = f"{len(scored.layout.detectors) - 2 + int(position)}.{field}"
    with np.load(path) as arrays:
        changed = dict(arrays)
    changed[name].view(np.uint8).ravel()[-3] ^= 1
    np.savez_compressed(path, **changed)
    with pytest.raises(BadReference, match=r"the arrays of (knn|trust) are not those .*Build it again"):
        store.load(scored.digest)


def test_another_fingerprint_is_another_reference(store, scored):
    store.save(scored, {})
    path = _folder(store, scored) / "reference.json"
    path.write_bytes(path.read_bytes().replace(b'"share": 1.0', b'"share": 0.5', 1))
    with pytest.raises(BadReference, match="was changed after it was built"):
        store.load(scored.digest)


@pytest.mark.parametrize("damage", ["truncated", "deleted", "pickle"])
def test_a_damaged_file_of_arrays_is_refused(store, scored, damage):
    store.save(scored, {})
    path = _folder(store, scored) / "arrays.npz"
    if damage == "deleted":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:1_000])
    else:
        np.savez(path, **{f"{len(scored.layout.detectors) - 2}.rows": np.array([{}], dtype=object)}, allow_pickle=True)
    with pytest.raises(BadReference, match=r"cannot be read.*Build it again"):
        store.load(scored.digest)


def test_scores_of_two_references_are_not_compared(scored):
    other = built(applicants(seed=2, income=0.5), detectors=AUTO)
    assert not [d for d in differences(scored, other) if d.signal.startswith("anomaly")]


def test_the_summary_says_what_is_scored_and_how(scored, capsys, tmp_path):
    reported(scored, True, tmp_path)
    told = capsys.readouterr().out
    assert "single records: knn, 5 nearest of 1,000 rows, 1,000 records held out" in told
    assert "single records: trust, 10 nearest of 1,000 rows" in told


def test_the_scorers_of_a_part_are_no_other_reference(scored):
    assert dataclasses.replace(scored.part(unscored), part_of=None).digest != scored.digest
