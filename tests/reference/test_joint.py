"""What a reference knows of how columns go together: which are watched, and that it is counted apart."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from reference_records import built, timed

from detectors import Combinations, Distance, Joint, Pair
from detectors.detector import Signal
from detectors.joint import Seen
from monitor.counting.tally import Layout
from monitor.formats.batch import Batch
from monitor.judge.judge import Budget, Judge
from monitor.reference import dependent as dependent_module
from monitor.reference.split import chooses
from monitor.reference.store import Store

NUMBERS = ("a", "b", "c", "d", "e")


def columns(rows, seed, r=0.7, *, missing=None):
    """Return a and b of this correlation, c and d of .5, e alone with gaps; a level that follows another."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 5))
    x[:, 1] = r * x[:, 0] + np.sqrt(1 - r * r) * x[:, 1]
    x[:, 3] = 0.5 * x[:, 2] + np.sqrt(0.75) * x[:, 3]
    x[draw.random(rows) < 0.02, 4] = np.nan
    if missing is not None:
        x[draw.random(rows) < missing, 0] = np.nan
    first = draw.integers(0, 4, rows)
    second = np.where(draw.random(rows) < 0.5, first, draw.integers(0, 4, rows))
    levels = np.array(["k", "l", "m", "n"])
    return dict(zip(NUMBERS, x.T, strict=True)) | {"f": levels[first].tolist(), "g": levels[second].tolist()}


def records(rows, seed, **more):
    table = columns(rows, seed, **more)
    plain = {name: [None if str(v) == "nan" else v for v in list(values)] for name, values in table.items()}
    return timed([dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)])


def batch(rows, seed, **more):
    table = {f"feature.{name}": values for name, values in columns(rows, seed, **more).items()}
    numbers = {name: np.ascontiguousarray(v) for name, v in table.items() if not isinstance(v, list)}
    texts = {name: v for name, v in table.items() if isinstance(v, list)}
    return Batch(np.arange(rows), numbers, texts, versions=[None] * rows, ids=[None] * rows)


@pytest.fixture(scope="module")
def reference():
    return built(records(6_000, 1))


def joint_of(reference):
    return [d for d in reference.layout.detectors if isinstance(d, Joint)]


def told(reference, batches, size=500):
    """Return the signals that alarm at tolerance 0, by the slot, of records in slots of this size."""
    judge = Judge(reference, Budget(1e6, in_records=True), lambda _: 0.0, 10_000)
    found = []
    for whole in batches:
        codes = reference.layout.codes(whole)
        for start in range(0, len(whole), size):
            tally = reference.layout.count(whole, codes, np.arange(start, start + size))
            verdict = judge.advance(0 if judge.last is None else judge.last + 1, tally)
            found += [(verdict.slot, alarm) for alarm in verdict.alarms]
    return found


def test_pairs_that_depend_on_each_other_and_combinations_of_them_are_watched(reference):
    pairs = {d.name for d in joint_of(reference) if isinstance(d, Pair)}
    assert {"joint.pair.a+b", "joint.pair.c+d", "joint.pair.f+g"} <= pairs
    assert {type(d) for d in joint_of(reference)} == {Pair, Combinations, Distance}
    assert {s.group for s, _ in reference.signals if s.name.startswith("joint.")} == {"joint"}


def test_what_is_fitted_to_records_that_choose_is_counted_on_the_others(reference):
    codes = reference.layout.codes(batch(6_000, 1))[:, [not chooses(row) for row in range(6_000)]]
    counts = np.bincount(codes.ravel(), minlength=reference.layout.total)
    for detector in joint_of(reference):
        start = reference.layout.starts[reference.layout.detectors.index(detector)]
        cells = slice(start, start + detector.cells)
        assert counts[cells].tolist() == reference.counts[cells].tolist()


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_the_same_record_has_the_same_cells_in_every_batch(reference, size):
    whole = batch(1_000, 5, missing=0.1)
    expected = reference.layout.codes(whole)
    found = []
    for at in range(0, 1_000, size):
        part = slice(at, at + size)
        numbers = {name: values[part] for name, values in whole.numbers.items()}
        texts = {name: values[part] for name, values in whole.texts.items()}
        found.append(reference.layout.codes(Batch(whole.rows[part], numbers, texts)))
    assert np.concatenate(found, axis=1).tolist() == expected.tolist()


def test_a_correlation_that_flips_is_found_in_every_run_and_no_column_alarms():
    for seed in range(20):
        reference = built(records(3_000, 100 + seed))
        found = told(reference, [batch(2_000, 200 + seed), batch(4_000, 300 + seed, r=-0.7)])
        first = next(slot for slot, alarm in found if alarm.signal.name == "joint.pair.a+b")
        assert 4 <= first <= 5, seed
        assert {alarm.signal.group for _, alarm in found} == {"joint"}
        assert min(slot for slot, _ in found) >= 4
        shapes = {alarm.shape for _, alarm in found if alarm.signal.name == "joint.pair.a+b"}
        assert shapes == {"now move oppositely"}


def test_stationary_records_are_quiet_without_tolerance():
    for seed in range(5):
        reference = built(records(3_000, 400 + seed))
        found = told(reference, (batch(20_000, 1_000 * seed + part) for part in range(10)), size=1_000)
        assert found == []


def test_bursts_of_missing_values_are_told_of_quality_alone(reference):
    found = told(reference, [batch(2_000, 8 + i, missing=0.9 * (i % 2)) for i in range(6)])
    assert {alarm.signal.name for _, alarm in found} == {"quality.missing.a"}


def test_a_reference_without_them_is_read_and_judges_on(reference, tmp_path):
    part = reference.part(lambda detector: not isinstance(detector, Joint))
    store = Store(tmp_path)
    older = replace(part, part_of=None)
    for one in (reference, older):
        store.save(one, {})
        assert store.load(one.digest).signals == one.signals
    assert told(store.load(older.digest), [batch(4_000, 9, r=-0.7)]) == []


@pytest.mark.parametrize(
    "features",
    [
        [{"x": i % 97} for i in range(600)],
        [{"x": 7, "y": "always"} for i in range(600)],
        [{"x": i % 89, "y": 7, "z": None} for i in range(600)],
        [{"x": None if i % 3 else i % 91, "y": i % 87 if i % 3 else None} for i in range(600)],
    ],
    ids=["one feature", "constant", "one that varies", "never both"],
)
def test_where_no_two_columns_go_together_none_are_watched(features):
    assert joint_of(built(timed(features))) == []


def test_levels_alone_are_watched_too():
    draw = np.random.default_rng(1)
    first = draw.integers(0, 3, 1_500)
    second = np.where(draw.random(1_500) < 0.6, first, draw.integers(0, 3, 1_500))
    reference = built(timed([{"x": "abc"[i], "y": "pqr"[j]} for i, j in zip(first, second, strict=True)]))
    assert {type(d) for d in joint_of(reference)} == {Pair, Combinations}
    assert "joint.pair.x+y" in {s.name for s, _ in reference.signals}


def test_one_number_says_little_of_many_columns_so_there_are_ten_pairs_at_most():
    draw = np.random.default_rng(1)
    common = draw.normal(size=800)
    x = common[:, None] + draw.normal(size=(800, 20))
    found = joint_of(built(timed([{f"x{i}": v for i, v in enumerate(row)} for row in x.tolist()])))
    pairs = [d.columns for d in found if isinstance(d, Pair)]
    assert len(pairs) == 10
    assert max(sum(name in pair for pair in pairs) for name in {n for pair in pairs for n in pair}) == 3


def test_names_that_read_alike_are_one_signal():
    draw = np.random.default_rng(1)
    x = draw.normal(size=600)
    reference = built(timed([{"a": v, "a+b": -v, "b+b": v, "b": 2 * v} for v in x.tolist()]))
    names = [s.name for s, _ in reference.signals]
    assert len(set(names)) == len(names)


def test_the_prediction_is_watched_with_what_it_depends_on():
    draw = np.random.default_rng(1)
    x = draw.normal(size=(1_500, 2))
    yes = np.where(x[:, 0] > 0, "yes", "no").tolist()
    records = timed([{"x": a, "y": b} for a, b in x.tolist()], prediction=yes)
    names = {s.name for s, _ in built(records).signals}
    assert "joint.pair.x+prediction" in names
    assert "joint.pair.y+prediction" not in names


def test_the_layout_finds_columns_wherever_they_stand(reference):
    bins = [d for d in reference.layout.detectors if not isinstance(d, Joint)]
    other = Layout([*joint_of(reference), *reversed(bins)])
    whole = batch(500, 3)
    ours, theirs = (layout.codes(whole) - np.array(layout.starts)[:, None] for layout in (reference.layout, other))
    of_ours = dict(zip(map(repr, reference.layout.detectors), ours.tolist(), strict=True))
    assert {name: of_ours[name] for name in map(repr, other.detectors)} == dict(
        zip(map(repr, other.detectors), theirs.tolist(), strict=True)
    )


def test_what_is_stored_names_no_value_of_a_single_record(reference):
    stored = json.loads(reference.document())
    joint = [d for d in stored["detectors"] if d["kind"] in {"pair", "combinations", "distance"}]
    assert joint
    assert all("table" not in d and "scores" not in d and "masks" not in d for d in joint)


@pytest.mark.parametrize("size", [1, 3, 4, 7])
def test_columns_compared_in_blocks_are_the_pairs_of_all_at_once(monkeypatch, size):
    draw = np.random.default_rng(1)
    x = draw.normal(size=(900, 1)) + draw.normal(size=(900, 7))
    bins = np.digitize(x, (-1.5, -0.5, 0.5, 1.5)).T
    labels = tuple("abcde")
    seen = [Seen(Signal(f"feature.{i}", "", "values", True, labels, tuple(range(5))), b) for i, b in enumerate(bins)]
    whole = dependent_module.dependent(seen)
    assert len(whole) == 21
    monkeypatch.setattr(dependent_module, "BLOCK", size)
    assert [(p.first, p.second, round(p.strength, 4)) for p in dependent_module.dependent(seen)] == [
        (p.first, p.second, round(p.strength, 4)) for p in whole
    ]
