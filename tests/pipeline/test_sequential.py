"""Detectors that depend on order, in the whole pipeline: the records alone decide what they tell."""

from __future__ import annotations

import json

import pytest
import traffic
from probing import ATTACKER, probing, with_callers
from topic_traffic import ReadOnce, produce
from traffic import lines

import monitor.pipeline
import monitor.sources.file

DETECTORS = [
    {"type": "queries"},
    {"type": "river", "detector": "ADWIN", "signal": "feature.income"},
    {"type": "river", "detector": "KSWIN", "signal": "confidence", "params": {"window_size": 60}},
]


@pytest.fixture(scope="module")
def records():
    benign = list(with_callers(60, seed=3))
    for number in range(3_500, 4_500):
        traffic.higher_income(benign[number], None)
    return probing(benign, 4, at=range(2_000, 2_300))


@pytest.fixture
def watched(close_reference, replayed, tmp_path):
    """Return a function that replays records with the detectors on."""

    def run(records, **settings):
        data = tmp_path / "data.jsonl"
        data.write_bytes(lines(records))
        return replayed(data, **({"reference": str(close_reference), "detectors": DETECTORS} | settings))

    return run


@pytest.fixture(scope="module")
def kept():
    return []


@pytest.fixture
def whole(kept, watched, records):
    """What a replay of the records tells, replayed once."""
    if not kept:
        kept.append(watched(records))
    return kept[0]


def attacks(seen):
    return [e for e in seen.events if any(s["signal"] == "anomaly.queries" for s in e["signals"])]


def test_an_attack_is_an_incident_of_its_own_that_names_the_caller_by_its_hash(whole):
    opened, *rest = attacks(whole)
    assert (opened["event"], opened["severity"]) == ("opened", "error")
    assert [s["signal"] for s in opened["signals"]] == ["anomaly.queries"]
    assert opened["signals"][0]["evidence"] is None
    assert opened["summary"].startswith("caller ")
    assert opened["summary"].endswith("sends near-duplicates of one input")
    assert 2_000 < opened["since_records"] < 2_080
    assert [e["event"] for e in rest] == ["resolved"]
    assert ATTACKER not in json.dumps(whole.events)


def test_a_librarys_alarm_joins_what_moved_and_no_budget_covers_it(whole):
    (joined,) = {e["incident"] for e in whole.events for s in e["signals"] if s["signal"] == "feature.income.ADWIN"}
    last = [e for e in whole.events if e["incident"] == joined][-1]
    river = next(s for s in last["signals"] if s["signal"] == "feature.income.ADWIN")
    assert "feature.income" in {s["signal"] for s in last["signals"]}
    assert (river["group"], river["evidence"], river["shape"]) == ("features", None, "income: ADWIN sees a change")


def test_benign_traffic_with_retries_corrections_and_a_gateway_is_silent(watched):
    seen = watched(with_callers(200, seed=7), detectors=[{"type": "queries"}])
    assert seen.records == 20_000
    assert seen.events == []


def test_without_callers_all_records_are_one_stream(watched, records):
    nobody = [{k: v for k, v in record.items() if k != "caller"} for record in records[:2_500]]
    (opened, *_) = attacks(watched(nobody))
    assert opened["summary"] == "near-duplicates of one input keep coming, and no record says from whom"


def assert_same(seen, other):
    assert other.records == seen.records
    assert other.events == seen.events
    assert other.pipeline.parts.models[0].judge.records == seen.pipeline.parts.models[0].judge.records


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_blocks_of_any_size_give_the_same_alarms(size, whole, watched, records, monkeypatch):
    monkeypatch.setattr(monitor.pipeline, "BLOCK", size)
    monkeypatch.setattr(monitor.sources.file, "MOST", 3 * size)
    assert_same(whole, watched(records))


def test_records_out_of_order_within_the_allowed_lateness_give_the_same_alarms(whole, watched, records):
    slots = [records[start : start + 300] for start in range(0, len(records), 300)]
    assert_same(whole, watched(record for slot in slots for record in reversed(slot)))


@pytest.fixture(params=[1, 4])
def as_a_topic(request, broker, topic, records):
    name = topic(request.param, retention_ms=-1)
    produce(broker.bootstrap, name, request.param, records)
    return ReadOnce(broker.bootstrap, name)


def test_a_topic_of_one_partition_or_of_four_gives_the_same_alarms(as_a_topic, whole, run_through, close_reference):
    assert_same(whole, run_through(as_a_topic, reference=str(close_reference), detectors=DETECTORS))


def test_neither_a_caller_nor_a_value_is_told_or_logged(watched, records, capfd, caplog):
    seen = watched(records)
    told = json.dumps(seen.events) + "".join(capfd.readouterr()) + caplog.text
    assert attacks(seen)
    for name in (ATTACKER, "gateway", "user-7"):
        assert name not in told
    values = {str(r["features"]["income"]) for r in records[2_000:2_300] if r["caller"] == ATTACKER}
    assert not [value for value in values if len(value) > 4 and value in told]


def test_another_caller_that_joins_is_told(watched):
    sent = probing(list(with_callers(60, seed=3)), 4, at=range(2_000, 2_300))
    sent = probing(sent, 5, at=range(2_800, 3_000), caller="trudy@probe.example")
    opened, updated, resolved = attacks(watched(sent, detectors=[{"type": "queries"}]))
    assert (opened["event"], updated["event"], resolved["event"]) == ("opened", "updated", "resolved")
    first = opened["summary"].split()[1]
    assert updated["summary"].startswith("callers ")
    assert first in updated["summary"]
    assert updated["notes"][0].startswith("new: callers ")
