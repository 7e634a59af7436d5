"""The same records in another layout, cut into other blocks: the same findings and events, bit for bit."""

from __future__ import annotations

import gzip

import pytest
import traffic
from topic_traffic import ReadOnce, produce
from traffic import lines, table

import monitor.pipeline
import monitor.sources.file

CHANGED = range(20, 40)


def everything_at_once(record, rng):
    traffic.higher_income(record, rng)
    traffic.new_region(record, rng)
    if rng.random() < 0.2:
        record["features"]["rent"] = None


@pytest.fixture(scope="module")
def records():
    return list(traffic.traffic(100, seed=5, changed=CHANGED, change=everything_at_once))


@pytest.fixture
def as_one_file(tmp_path, records, replayed):
    data = tmp_path / "data.jsonl"
    data.write_bytes(lines(records))
    seen = replayed(data)
    assert seen.kinds()[0] == "opened"
    assert "resolved" in seen.kinds()
    return seen


def assert_same(seen, other):
    assert other.records == seen.records
    assert other.events == seen.events
    assert other.findings == seen.findings


def test_a_packed_file(tmp_path, records, replayed, as_one_file):
    data = tmp_path / "data.jsonl.gz"
    data.write_bytes(gzip.compress(lines(records)))
    assert_same(as_one_file, replayed(data))


def test_a_table(tmp_path, records, replayed, as_one_file):
    data = tmp_path / "data.csv"
    data.write_text(table(records))
    assert_same(as_one_file, replayed(data))


@pytest.fixture(params=[1, 4])
def as_a_topic(request, broker, topic, records):
    name = topic(request.param, retention_ms=-1)
    produce(broker.bootstrap, name, request.param, records)
    return ReadOnce(broker.bootstrap, name)


def test_a_topic_of_one_partition_or_of_four(as_a_topic, run_through, as_one_file):
    assert_same(as_one_file, run_through(as_a_topic))


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_blocks_of_any_size(size, tmp_path, records, replayed, monkeypatch):
    data = tmp_path / "data.jsonl"
    data.write_bytes(lines(records[: 45 * traffic.SLOT_RECORDS]))
    whole = replayed(data)
    assert whole.events
    monkeypatch.setattr(monitor.pipeline, "BLOCK", size)
    monkeypatch.setattr(monitor.sources.file, "MOST", 3 * size)
    assert_same(whole, replayed(data))


def test_records_out_of_order_within_the_allowed_lateness(tmp_path, records, replayed, as_one_file):
    slots = [records[start : start + 300] for start in range(0, len(records), 300)]
    data = tmp_path / "data.jsonl"
    data.write_bytes(lines(record for slot in slots for record in reversed(slot)))
    assert_same(as_one_file, replayed(data))
