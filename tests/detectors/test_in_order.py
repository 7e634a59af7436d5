"""What every detector that depends on order promises. A new one needs an example here."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.closeness import Closeness
from detectors.queries import QueryAttacks
from detectors.river import RiverDetector, binary, known
from detectors.sequential import in_order, taken
from monitor.formats.batch import Batch
from monitor.state import snapshot

X, LEVEL = "feature.x", "feature.level"
SLOT = 10_000
CALLERS = [None, "ann", "bob", 7, "7", ""]
PARAMS = {"DummyDriftDetector": {"t_0": 20}, "KSWIN": {"window_size": 20, "stat_size": 5}, "FHDDM": {}}
CLOSE = Closeness({X: 0.0}, {X: 1.0}, (LEVEL,), 0.5)

EXAMPLES = {
    "queries": partial(QueryAttacks, CLOSE, 3 * SLOT, b"secret"),
    "queries of one slot": partial(QueryAttacks, CLOSE, SLOT, b"secret"),
    "river on an error": partial(RiverDetector, "DDM", "performance.error", {"warm_start": 5}),
    **{f"river {name}": partial(RiverDetector, name, X, PARAMS.get(name, {})) for name in known()},
}
ALL = [pytest.param(make, id=name) for name, make in EXAMPLES.items()]


@st.composite
def streams(draw, most=60):
    """Records of a few slots as one batch: a level that changes, near-duplicates, gaps, ties and what is missing."""
    seed, size = draw(st.integers(0, 10**6)), draw(st.integers(1, most))
    rng = np.random.default_rng(seed)
    kind = draw(st.sampled_from(["numbers", "zero or one", "odd"]))
    times = np.sort(rng.integers(0, 4 * SLOT, size))
    level = np.where(np.arange(size) < size // 2, 0.1, 0.9)
    values = (rng.random(size) < level).astype(float) if kind == "zero or one" else rng.normal(level, 0.1)
    if kind == "odd":
        values[rng.random(size) < 0.3] = rng.choice([math.nan, math.inf, -math.inf, 1e300])
    pick = partial(rng.integers, 0)
    few = draw(st.integers(1, len(CALLERS)))
    return Batch(
        np.arange(size),
        {X: values},
        {
            LEVEL: [["a", "b", None, 7.0][pick(4)] for _ in range(size)],
            "prediction": [["yes", "no", None][pick(3)] for _ in range(size)],
            "label": [["yes", "no", None][pick(3)] for _ in range(size)],
        },
        versions=[None] * size,
        callers=[CALLERS[pick(few)] for _ in range(size)] if draw(st.booleans()) else (),
        ids=[[None, f"r{i}", i][pick(3)] for i in range(size)],
        times=times - times % draw(st.sampled_from([1, 5_000])),
    )


def part(batch, places):
    return Batch(
        batch.rows[places],
        {name: values[places] for name, values in batch.numbers.items()},
        {name: [values[p] for p in places] for name, values in batch.texts.items()},
        versions=[None] * len(places),
        callers=[batch.callers[p] for p in places] if batch.callers else (),
        ids=[batch.ids[p] for p in places],
        times=batch.times[places],
    )


def slots_of(detector, batch, cuts=()):
    """Return what is kept of each slot, of a batch that is cut into several."""
    found = {}
    pieces = np.split(np.arange(len(batch)), sorted(cut for cut in cuts if cut < len(batch)))
    for piece in (part(batch, places) for places in pieces if len(places)):
        for slot in sorted(set((piece.times // SLOT).tolist())):
            rows = taken([detector], piece, np.flatnonzero(piece.times // SLOT == slot))
            found.setdefault(slot, []).append(rows)
    return {slot: in_order(parts) for slot, parts in sorted(found.items())}


def said(detector, slots):
    return [(slot, detector.advance(rows, (slot + 1) * SLOT)) for slot, rows in slots.items()]


def remembered(detector, folder):
    """Return what a snapshot makes of the detector's state."""
    snapshot.save(folder / "snapshot", detector.state())
    return snapshot.load(folder / "snapshot")


def same(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    return one == other or (one != one and other != other)  # noqa: PLR0124 - NaN


@pytest.mark.parametrize("make", ALL)
@settings(deadline=None, max_examples=30)
@given(streams(), st.sets(st.integers(1, 59), max_size=9))
def test_the_same_records_give_the_same_alarms_however_they_are_cut(make, batch, cuts):
    whole, cut = make(), make()
    assert said(whole, slots_of(whole, batch)) == said(cut, slots_of(cut, batch, cuts))
    assert same(whole.state(), cut.state())


@pytest.mark.parametrize("make", ALL)
@settings(deadline=None, max_examples=30)
@given(batch=streams())
def test_one_that_is_restored_after_every_slot_says_the_same(make, batch, tmp_path_factory):
    folder = tmp_path_factory.mktemp("state")
    whole, restored = make(), make()
    for slot, rows in slots_of(whole, batch).items():
        now = (slot + 1) * SLOT
        kept = remembered(restored, folder)
        restored = make()
        restored.restore(kept)
        assert restored.advance(rows, now) == whole.advance(rows, now)
    assert same(restored.state(), whole.state())


@pytest.mark.parametrize("make", ALL)
@settings(deadline=None, max_examples=30)
@given(batch=streams())
def test_every_alarm_is_of_records_of_its_slot_and_in_words(make, batch):
    detector = make()
    for slot, alarm in said(detector, slots := slots_of(detector, batch)):
        if alarm is not None:
            assert list(alarm.rows) == sorted(set(alarm.rows))
            assert set(alarm.rows) <= set(range(len(slots[slot])))
            assert alarm.words.isprintable()


@pytest.mark.parametrize("make", ALL)
@given(batch=streams())
def test_taking_leaves_the_batch_as_it_was_and_keeps_no_caller(make, batch):
    before = repr(batch)
    columns = make().take(batch)
    assert repr(batch) == before
    for column in columns.values():
        assert len(column) == len(batch)
        assert column.dtype.kind in "fiu"


@pytest.mark.parametrize("make", ALL)
def test_it_says_what_it_is(make):
    detector = make()
    assert detector.signal.startswith(("anomaly.", "feature.", "performance."))
    assert detector.fingerprint == make().fingerprint
    assert "secret" not in repr(detector) + detector.fingerprint
    assert make().state().keys() == detector.state().keys()


def test_records_are_in_order_of_time_then_id_numbers_first_those_without_one_as_they_came():
    batch = Batch(
        np.arange(7),
        {X: np.arange(7.0)},
        {LEVEL: ["a"] * 7},
        callers=(),
        ids=["b", None, "a", 10, 9, None, "a"],
        times=np.array([5, 5, 5, 5, 5, 5, 4]),
    )
    rows = in_order([taken([RiverDetector("ADWIN", X)], batch, np.arange(7))])
    assert rows.columns[X].tolist() == [6, 4, 3, 2, 0, 1, 5]
    assert rows.ids == ["a", 9, 10, "a", "b", None, None]


@pytest.mark.parametrize("name", known())
def test_every_detector_of_river_says_what_the_library_says_record_for_record(name):
    params = {"t_0": 700} if name == "DummyDriftDetector" else {}
    rng = np.random.default_rng(3)
    level = np.repeat([0.1, 0.9, 0.1, 0.6], 500)
    values = (rng.random(2_000) < level).astype(int) if binary(name) else rng.normal(level, 0.1)
    batch = Batch(
        np.arange(2_000),
        {X: values.astype(float)},
        ids=[f"{i:04}" for i in range(2_000)],
        times=np.arange(2_000) * 20,
    )
    detector = RiverDetector(name, X, params)
    ours = [
        slot * SLOT // 20 + row
        for slot, alarm in said(detector, slots_of(detector, batch))
        for row in (alarm.rows if alarm else ())
    ]
    theirs = []
    library = _library(name, params)
    for place, value in enumerate(values.tolist()):
        library.update(value)
        if library.drift_detected:
            theirs.append(place)
    assert ours == theirs
    assert bool(theirs) == (name != "NoDrift")


def _library(name, params):
    """Return the library's own detector, with the seed that stands for none."""
    from river import drift

    kind = getattr(drift, name, None) or getattr(drift.binary, name)
    return kind(**params, **({"seed": 0} if name in {"KSWIN", "DummyDriftDetector"} else {}))
