"""Requests and responses that come apart tell what whole records tell, wherever and in whatever order they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest
import traffic
from fake_source import FakeSource
from kserve_log import captured, events
from traffic import MODEL, lines

import monitor.pipeline
from monitor.assembly import watched_models
from monitor.cli.main import main
from monitor.config.loading import load
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.observers import MetricsObserver
from monitor.parts import Now
from monitor.reference.store import Store
from monitor.replay import replay
from monitor.types import Partition

SEAWALL = Path(sys.executable).with_name("seawall")
ALONE = 30


@pytest.fixture(scope="module")
def records():
    found = list(traffic.traffic(90, seed=5, changed=range(20, 40), change=traffic.higher_income))
    for record in found:
        del record["latency_ms"]
    return found


@pytest.fixture(scope="module")
def halves(records):
    """Every record's halves in an order of their own, some twice; some requests are never answered."""
    rng = Random(3)
    found = []
    for number, record in enumerate(records):
        request, response = events(record)
        written = [request, response, *rng.choice([[], [], [request], [response]])]
        found += [(number + rng.random() * 40, half) for half in written]
    lost = list(traffic.traffic(90, seed=6))[:: len(records) // ALONE][:ALONE]
    found += [(int(r["id"][1:]), events(r | {"id": f"lost-{r['id']}"})[0]) for r in lost]
    return [half for _, half in sorted(found, key=lambda one: one[0])]


@pytest.fixture
def as_envelopes(tmp_path, records, replayed):
    data = tmp_path / "data.jsonl"
    data.write_bytes(lines(records))
    seen = replayed(data)
    assert seen.kinds()[0] == "opened"
    assert "resolved" in seen.kinds()
    return seen


class Partitions(FakeSource):
    """A Source over some partitions in memory; polls return a few messages of any of them."""

    def __init__(self, logs, rng):
        super().__init__(there=frozenset(logs))
        self.logs, self.rng = logs, rng
        self.at = dict.fromkeys(logs, 0)

    def poll(self, seconds):
        left = [p for p in self.logs if not self.at_end(p)]
        self.finished = not left
        name = self.rng.choice([p for p in left if p not in self.held] or [None])
        if name is None:
            return {}
        start = self.at[name]
        self.at[name] = min(len(self.logs[name]), start + self.rng.choice([1, 7, 400]))
        return {name: self.logs[name][start : self.at[name]]}

    def at_end(self, partition):
        return self.at[partition] == len(self.logs[partition])


def spread(halves, rng, count):
    """Return the halves over partitions, requests and responses of one id anywhere."""
    logs = {Partition(topic, number): [] for topic in ("in", "out") for number in range(count)}
    for half in halves:
        name = rng.choice(list(logs))
        logs[name].append(half._replace(topic=name.topic, partition=name.partition, offset=2 * len(logs[name])))
    return logs


@pytest.mark.parametrize("block", [1, 33, 1_000])
def test_halves_of_any_partition_in_any_order_tell_what_whole_records_tell(block, halves, run_through, as_envelopes):
    rng = Random(block)
    with patch.object(monitor.pipeline, "BLOCK", block):
        seen = run_through(Partitions(spread(halves, rng, 2), rng), format="kserve", idle_timeout="1h")
    assert seen.records == as_envelopes.records
    assert seen.events == as_envelopes.events
    assert seen.findings == as_envelopes.findings
    totals = seen.pipeline.parts.partitions.pairing.totals
    assert totals.unpaired == {(0, "request"): ALONE}
    assert totals.records == {0: seen.records}


def test_a_captured_log_is_told_apart_and_replayed(tmp_path, halves, replayed, as_envelopes):
    data = tmp_path / "captured.jsonl"
    data.write_bytes(captured(halves))
    seen = replayed(data)
    assert (seen.events, seen.findings) == (as_envelopes.events, as_envelopes.findings)


def test_a_replay_says_how_many_halves_stayed_alone(tmp_path, halves, configured, capsys):
    data = tmp_path / "captured.jsonl"
    data.write_bytes(captured(halves))
    assert main(["replay", str(data), "-c", str(configured())]) == 0
    words = capsys.readouterr().err
    assert f"0 unusable, {ALONE} requests and 0 responses unpaired, " in words


def test_a_replay_of_one_kind_of_halves_says_which_is_not_there(tmp_path, halves, configured, capsys):
    data = tmp_path / "captured.jsonl"
    lines = captured(halves).splitlines(keepends=True)
    for there, lacks in (("request", "response"), ("response", "request")):
        data.write_bytes(b"".join(line for line in lines if f"inference.{there}".encode() in line))
        assert main(["replay", str(data), "-c", str(configured())]) == 0
        assert f" unpaired (no {lacks} is in the data: a record is both), 0 incidents" in capsys.readouterr().err


def test_halves_further_apart_than_wait_are_alone(tmp_path, records, replayed):
    data = tmp_path / "captured.jsonl"
    data.write_bytes(captured([half for record in records[:1_000] for half in events(record)]))
    seen = replayed(data, format={"type": "kserve", "wait": "39ms"})
    assert seen.records == 0
    assert seen.pipeline.parts.partitions.pairing.totals.unpaired == {(0, "request"): 1_000, (0, "response"): 1_000}
    assert replayed(data, format={"type": "kserve", "wait": "40ms"}).records == 1_000


def test_a_reference_of_a_captured_log_is_that_of_its_records(tmp_path, halves, records, configured):
    (tmp_path / "whole.jsonl").write_bytes(lines(records))
    (tmp_path / "halves.jsonl").write_bytes(captured(halves))
    digests = []
    for name in ("whole", "halves"):
        path = configured(reference=str(tmp_path / name), format="kserve" if name == "halves" else "auto")
        assert main(["reference", "build", str(tmp_path / f"{name}.jsonl"), "-c", str(path)]) == 0
        (digest,) = Store(tmp_path / name).digests()
        built = Store(tmp_path / name).load(digest)
        digests.append((built.rows, built.schema.features, built.schema.prediction, built.counts.tolist()))
    whole, joined = digests
    assert joined == whole


def test_one_half_is_no_reference_and_it_is_said_why(tmp_path, records, configured, capsys):
    data = tmp_path / "requests.jsonl"
    data.write_bytes(captured([events(record)[0] for record in records[:800]]))
    assert main(["reference", "build", str(data), "-c", str(configured(reference="r"))]) == 1
    assert "800 requests or responses without their other half" in capsys.readouterr().err


def test_learning_counts_whole_records(tmp_path, halves, configured):
    (tmp_path / "data.jsonl").write_bytes(captured(halves))
    path = configured(reference={"path": "reference", "learn": 2_000})
    ended = subprocess.run([str(SEAWALL), "run", "-c", str(path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert Store(tmp_path / "reference").accepted().rows == 2_000


def test_metrics_count_pairs_as_records_and_halves_that_stay_alone(tmp_path, halves, configured):
    data, metrics = tmp_path / "captured.jsonl", Metrics("test")
    data.write_bytes(captured(halves))
    observer, sample = MetricsObserver(metrics, Health(0.0), [MODEL]), metrics.registry.get_sample_value
    assert sample("seawall_unpaired_total", {"model": MODEL, "half": "request"}) == 0
    config = load(configured(), secrets=False)
    pipeline, _ = replay(config, watched_models(config, ""), str(data), observers=[observer])
    for _ in range(2):
        observer.turned(pipeline, Now(0.0, 0))
        assert sample("seawall_unpaired_total", {"model": MODEL, "half": "request"}) == ALONE
        assert sample("seawall_unpaired_total", {"model": MODEL, "half": "response"}) == 0
        assert sample("seawall_records_total", {"model": MODEL}) == pipeline.parts.models[0].records.judge.records


def labelled(records, seed):
    """Return the records with labels, one in ten another than predicted."""
    rng = Random(seed)
    return [r | {"label": r["prediction"] if rng.random() < 0.9 else "grant"} for r in records]


def test_labels_that_come_later_find_the_records_of_pairs(tmp_path, halves, records, configured):
    (tmp_path / "accepted.jsonl").write_bytes(lines(labelled(traffic.traffic(30, seed=1), 1)))
    (tmp_path / "whole.jsonl").write_bytes(lines(records))
    (tmp_path / "halves.jsonl").write_bytes(captured(halves))
    late = [{"id": r["id"], "label": r["label"], "time": r["time"]} for r in labelled(records, 2)]
    (tmp_path / "labels.jsonl").write_bytes(lines(late))
    path = configured(reference=str(tmp_path / "labelled"))
    accepted = ["--promote", "--by", "ann", "--why", "tests"]
    assert main(["reference", "build", str(tmp_path / "accepted.jsonl"), "-c", str(path), *accepted]) == 0
    found = []
    for name in ("whole", "halves"):
        findings = tmp_path / f"{name}-findings.jsonl"
        given = ["replay", str(tmp_path / f"{name}.jsonl"), "-c", str(path), "--findings", str(findings)]
        assert main([*given, "--labels", str(tmp_path / "labels.jsonl")]) == 0
        found.append(sorted(findings.read_text().splitlines()))
    assert '"signal":"performance.error"' in "".join(found[0])
    assert found[1] == found[0]


def test_ids_that_are_used_again_in_a_slot_are_said_where_too_few_records_are_left(
    tmp_path, records, configured, capsys
):
    data = tmp_path / "same.jsonl"
    data.write_bytes(captured([half for record in records[:800] for half in events(record | {"id": "same"})]))
    assert main(["reference", "build", str(data), "-c", str(configured(reference="r"))]) == 1
    assert "with an id that was there already in the same slot" in capsys.readouterr().err
