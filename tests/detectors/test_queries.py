"""Query attacks: who probes is found soon, who asks twice or corrects a field is not, and memory has an end."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from query_streams import SLOT, SLOT_RECORDS, alarms, batch_of, benign, closeness_of, jittered
from sklearn.datasets import load_digits

import detectors.queries
from detectors.closeness import LAST, MATCHES, measured
from detectors.queries import QueryAttacks, shown
from detectors.sample import MOST_ROWS, Sample
from detectors.sequential import in_order, taken
from monitor.reference.schema import Feature, Schema

HOUR = 3_600_000
KEY = b"a key of the tests"


@pytest.fixture(scope="module")
def digits():
    return load_digits().data


@pytest.fixture(scope="module")
def closeness(digits):
    return closeness_of(digits[::2])


USUAL = np.random.default_rng(0).normal(size=(4_000, 23))


def outage(gone, instead):
    """Return requests of fifty callers, and from the 1,050th on so many features are gone from all."""
    rng = np.random.default_rng(1)
    asked = rng.normal(size=(6_000, 23))
    asked[1_050:, :gone] = instead
    return asked, [f"c{n}" for n in rng.integers(0, 50, 6_000)]


@pytest.fixture
def attacks(closeness):
    return QueryAttacks(closeness, HOUR, KEY)


def test_near_duplicates_are_found_within_25_queries(closeness, digits):
    rng = np.random.default_rng(0)
    for aim in digits[rng.integers(0, len(digits), 20)]:
        asked = jittered(aim, digits.std(axis=0), 25, rng)
        assert alarms(QueryAttacks(closeness, HOUR, KEY), asked, ["ann"] * 25)


def test_near_duplicates_among_the_requests_of_a_gateway_are_found(attacks, digits):
    rng = np.random.default_rng(1)
    asked, _ = benign(digits, 2_000, rng)
    probing = np.flatnonzero(rng.random(1_000) < 0.3) + 1_000
    asked[probing] = jittered(digits[5], digits.std(axis=0), len(probing), rng)
    found = alarms(attacks, asked, ["gateway"] * 2_000)
    assert set(found) <= set(probing.tolist())
    assert found[0] - 1_000 < 100


def test_retries_corrections_and_a_gateway_are_silent(attacks, digits):
    asked, callers = benign(digits, 20_000, np.random.default_rng(2))
    assert callers.count("c0") > 9_000
    assert alarms(attacks, asked, callers) == []


def test_the_same_input_again_and_again_is_no_attack(attacks, digits):
    assert alarms(attacks, np.repeat(digits[:1], 500, axis=0), ["ann"] * 500) == []


def test_copies_of_few_inputs_close_to_each_other_are_no_attack(attacks, digits):
    few = jittered(digits[0], digits.std(axis=0), MATCHES, np.random.default_rng(0))
    assert alarms(attacks, few[np.arange(500) % MATCHES], ["ann"] * 500) == []


def test_what_many_callers_ask_once_each_is_no_callers_attack(attacks, digits):
    asked = jittered(digits[0], digits.std(axis=0), 200, np.random.default_rng(0))
    assert alarms(attacks, asked, [f"c{place}" for place in range(200)]) == []
    assert alarms(attacks, asked) != []  # of nobody in particular they are one stream


@pytest.mark.parametrize("broken", [lambda x: x / 255, lambda x: x * 0.0 + np.arange(x.shape[1]) % 3 + x / 50])
@pytest.mark.parametrize("since", [3_000, 3_001, 3_049, 3_091])
def test_nobody_is_accused_where_the_inputs_of_all_become_alike(attacks, digits, broken, since):
    asked, callers = benign(digits, 6_000, np.random.default_rng(3))
    asked[since:] = broken(asked[since:])
    assert alarms(attacks, asked, callers) == []
    assert alarms(QueryAttacks(attacks.closeness, HOUR, KEY), asked, ["alone"] * 6_000) != []  # nobody to compare with


@pytest.mark.parametrize("instead", [np.nan, 0.0])
@pytest.mark.parametrize("gone", [5, 12, 22])
def test_an_outage_that_takes_features_from_all_accuses_nobody(gone, instead):
    asked, callers = outage(gone, instead)
    assert alarms(QueryAttacks(closeness_of(USUAL), HOUR, KEY), asked, callers) == []


@pytest.mark.parametrize("instead", [np.nan, 0.0])
def test_who_probes_during_an_outage_is_found_as_long_as_others_are_further_apart(instead):
    asked, callers = outage(5, instead)
    probing = np.arange(3_000, 6_000, 20)
    asked[probing] = jittered(asked[3_000], np.ones(23), len(probing), np.random.default_rng(2))
    for place in probing:
        callers[place] = "prober"
    found = alarms(QueryAttacks(closeness_of(USUAL), HOUR, KEY), asked, callers)
    assert set(found) <= set(probing.tolist())
    assert found[0] <= probing[60]


@pytest.mark.parametrize("ids", [1, 3])
def test_who_floods_is_found_while_most_callers_or_most_inputs_are_of_others(attacks, digits, ids):
    rng = np.random.default_rng(4)
    asked, callers = benign(digits, 3_000, rng)
    flood = np.flatnonzero(rng.random(3_000) < (0.9 if ids == 1 else 0.4))
    asked[flood] = jittered(digits[5], digits.std(axis=0), len(flood), rng)
    for place in flood:
        callers[place] = f"attacker {place % ids}"
    found = alarms(attacks, asked, callers)
    assert set(found) <= set(flood.tolist())
    assert len(found) > 0.9 * len(flood)


def test_inputs_older_than_the_window_are_forgotten(closeness, digits):
    asked = jittered(digits[0], digits.std(axis=0), 40, np.random.default_rng(0))
    for window, found in ((HOUR, True), (4 * SLOT, False)):
        attacks = QueryAttacks(closeness, window, KEY)
        said = [
            attacks.advance(in_order([taken([attacks], batch, batch.rows)]), (slot + 1) * SLOT)
            for slot in range(40)
            for batch in [batch_of(asked[slot : slot + 1], ["ann"], slot * SLOT_RECORDS)]
        ]
        assert any(said) == found


def test_missing_and_infinite_values_are_values_like_others(attacks, digits):
    asked = jittered(digits[0], digits.std(axis=0), 100, np.random.default_rng(0))
    asked[:, 3], asked[::2, 10], asked[:, 11] = np.nan, np.nan, np.inf
    assert alarms(attacks, asked, ["ann"] * 100)[0] < 25


def test_the_words_name_callers_by_their_hash_and_change_only_when_another_joins(attacks, digits):
    rng = np.random.default_rng(0)
    words = []
    for slot, caller in enumerate(["ann", "ann", "bob", "ann", "bob"]):
        asked = jittered(digits[{"ann": 7, "bob": 2}[caller]], digits.std(axis=0), SLOT_RECORDS, rng)
        batch = batch_of(asked, [caller] * SLOT_RECORDS, slot * SLOT_RECORDS)
        words.append(attacks.advance(in_order([taken([attacks], batch, batch.rows)]), (slot + 1) * SLOT).words)
    names = [shown(attacks.hashed(caller)) for caller in ("ann", "bob")]
    assert words[:2] == [f"caller {names[0]} sends near-duplicates of one input"] * 2
    assert words[2:] == [f"callers {', '.join(sorted(names))} send near-duplicates of one input"] * 3


def test_a_callers_name_is_the_same_under_one_key_alone(closeness):
    one, same, other = (QueryAttacks(closeness, HOUR, key).hashed("ann") for key in (KEY, KEY, b"another"))
    assert one == same != other
    assert QueryAttacks(closeness, HOUR, KEY).hashed(7) == QueryAttacks(closeness, HOUR, KEY).hashed("7")


@pytest.mark.parametrize("twice", [False, True])
def test_of_a_million_callers_few_are_remembered(twice, attacks, monkeypatch):
    monkeypatch.setattr(detectors.queries, "MOST_INPUTS", 300)
    monkeypatch.setattr(detectors.queries, "MOST_ONCE", 1_000)
    rng = np.random.default_rng(0)
    for slot in range(50):
        callers = [f"c{slot}-{place % 50 if twice else place}" for place in range(SLOT_RECORDS)]
        batch = batch_of(rng.random((SLOT_RECORDS, 64)), callers, slot * SLOT_RECORDS)
        attacks.advance(in_order([taken([attacks], batch, batch.rows)]), (slot + 1) * SLOT)
    state = attacks.state()
    assert len(state["inputs"]) == (300 if twice else 0)
    assert len(state["once"][0]) == (0 if twice else 1_000)
    kept = {attacks.hashed(f"c{slot}-{place}") for slot in range(40, 50) for place in range(100)}
    assert set(state["callers"].tolist() if twice else state["once"][0].tolist()) <= kept


def test_one_callers_inputs_are_not_kept_beyond_the_last(attacks, digits):
    alarms(attacks, digits[:500], ["ann"] * 500)
    assert len(attacks.state()["inputs"]) == LAST
    (known,) = attacks._known.values()
    assert known.inputs.base is None


def test_what_is_close_is_the_same_however_the_reference_is_cut(digits):
    rows = np.concatenate([digits] * 5)
    schema = Schema(tuple(Feature(str(name), "numeric", ("number",)) for name in range(64)))
    found = []
    for size in (7, 1_000, len(rows)):
        sample = Sample(schema, wanted=True)
        for start in range(0, len(rows), size):
            sample.add(batch_of(rows[start : start + size]))
        assert sum(map(len, sample._rows)) < 2 * MOST_ROWS
        found.append(measured(sample))
    assert found[0] == found[1] == found[2]


def test_where_the_references_records_are_all_alike_nothing_is_close():
    rows = np.repeat(np.arange(4.0), 500)[:, None]
    assert closeness_of(rows).distance == 0.0


def test_the_lines_of_the_page_find_out_who_is_meant(attacks, tmp_path, monkeypatch):
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference/hash-key").write_bytes(KEY)
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[2] / "docs/queries.md").read_text()
    lines = {}
    exec(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1], lines)  # noqa: S102 - the page's own example
    assert lines["name_of"]("ann") == shown(attacks.hashed("ann"))
