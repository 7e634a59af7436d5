"""What is remembered meets another configuration: it goes on, or says in words why it cannot."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import traffic
from probing import probing, with_callers
from reference_records import built
from traffic import lines

from detectors import Joint
from monitor.cli.main import main
from monitor.config.loading import load
from monitor.reference.store import Store
from monitor.watched import Watched

CALM, SHIFTED = range(40), range(40, 80)
PROGRAM = "import sys; from monitor.cli.main import main; sys.exit(main())"


def run(config):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, "run", "-c", str(config)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def halves():
    """The lines of a stream before and after its income shifts."""
    whole = lines(traffic.traffic(80, seed=2, changed=SHIFTED, change=traffic.higher_income)).splitlines(keepends=True)
    middle = len(whole) * CALM.stop // SHIFTED.stop
    return b"".join(whole[:middle]), b"".join(whole[middle:])


def test_a_feature_ignored_since_the_last_start_does_not_stop_the_judge(tmp_path, configured, halves):
    data, told = tmp_path / "data.jsonl", tmp_path / "told.jsonl"
    sinks = [{"type": "file", "path": str(told)}]
    data.write_bytes(halves[0])
    assert run(configured(sinks=sinks)).returncode == 0
    data.write_bytes(halves[0] + halves[1])
    again = run(configured(sinks=sinks, features={"region": {"ignore": True}}))
    assert (again.returncode, "Traceback" in again.stderr) == (0, False)
    events = [json.loads(line) for line in told.read_text().splitlines()]
    assert [(e["event"], e["summary"]) for e in events] == [("opened", "income shifted up")]


def test_an_incident_soon_after_another_reference_was_promoted_says_so(tmp_path, configured, halves):
    data, told, accepted = tmp_path / "data.jsonl", tmp_path / "told.jsonl", tmp_path / "accepted.jsonl"
    own = {"sinks": [{"type": "file", "path": str(told)}], "reference": str(tmp_path / "reference")}
    for seed in (3, 4):
        accepted.write_bytes(lines(traffic.traffic(50, seed=seed)))
        build = [
            "reference",
            "build",
            str(accepted),
            "-c",
            str(configured(**own)),
            "--promote",
            "--by",
            "a",
            "--why",
            "b",
        ]
        assert main(build) == 0
        data.write_bytes(halves[0] if seed == 3 else halves[0] + halves[1])
        assert run(configured(**own)).returncode == 0
    (event,) = [json.loads(line) for line in told.read_text().splitlines()]
    assert event["notes"] == ["another reference was promoted: judged anew since 2026-01-01T00:06:40Z"]


def test_a_run_without_a_reference_does_not_say_that_it_has_started(tmp_path, configured):
    refused = run(configured(reference=str(tmp_path / "none")))
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    assert "seawall started" not in refused.stderr


def test_another_slot_is_refused_while_a_count_in_the_old_one_is_remembered(tmp_path, configured, halves):
    (tmp_path / "data.jsonl").write_bytes(halves[0])
    assert run(configured()).returncode == 0
    refused = run(configured(slot="60s"))
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].endswith(
        "was counted in slots of 10s, the configuration says slot: 1m. "
        "Set it back, or forget what was counted: seawall state reset"
    )


def test_an_attack_goes_on_over_a_restart_with_other_signals(tmp_path, configured, close_reference):
    benign = list(with_callers(60, seed=3))
    whole = lines(probing(benign, 4, at=range(2_000, 6_000))).splitlines(keepends=True)
    data, told = tmp_path / "data.jsonl", tmp_path / "told.jsonl"
    own = {"sinks": [{"type": "file", "path": str(told)}], "detectors": [{"type": "queries"}]}
    own["reference"] = str(close_reference)
    data.write_bytes(b"".join(whole[:3_000]))
    assert run(configured(**own)).returncode == 0
    data.write_bytes(b"".join(whole))
    assert run(configured(**own, features={"region": {"ignore": True}})).returncode == 0
    events = [json.loads(line) for line in told.read_text().splitlines()]
    attacks = [e for e in events if any(s["signal"] == "anomaly.queries" for s in e["signals"])]
    assert [e["event"] for e in attacks[:3]] == ["opened", "resolved", "opened"]
    assert attacks[2]["since_records"] - attacks[1]["records"] < 200  # what it remembered of the caller still counts


@pytest.fixture(scope="module")
def paired(tmp_path_factory):
    """A folder with a reference in which limit goes with income, and debt with savings."""
    records = list(traffic.traffic(10, seed=1))
    for record in records:
        own = record["features"]
        own["limit"], own["debt"] = own["income"] + own["limit"], own["savings"] - own["debt"]
    store = Store(tmp_path_factory.mktemp("paired"))
    store.save(built(records, model=traffic.MODEL), {})
    return store


def test_how_an_ignored_feature_goes_with_others_is_not_watched_either(paired, configured):
    reference = paired.load(paired.digests()[0])
    of_income = [d for d in reference.layout.detectors if isinstance(d, Joint) and "feature.income" in d.columns]
    gone = {s.name for d in of_income for s in d.signals(reference.counts_of(d))}
    watched = []
    for ignored in ({}, {"income": {"ignore": True}}):
        path = configured(features=ignored, reference=str(paired.folder))
        (settings,) = load(path, secrets=False).models_resolved().values()
        judge = Watched(settings, reference, 10_000).judge
        watched.append({s.name for s in judge.signals if s.group == "joint"})
    assert {"joint.pair.income+limit", "joint.distance"} <= gone <= watched[0]
    assert watched[1] == watched[0] - gone


@pytest.mark.parametrize(
    ("income", "limit", "expected"), [("low", "low", "low"), ("low", "high", "high"), ("low", "normal", "normal")]
)
def test_a_pair_matters_as_much_as_the_column_of_it_that_matters_more(paired, configured, income, limit, expected):
    features = {"income": {"importance": income}, "limit": {"importance": limit}}
    path = configured(features=features, reference=str(paired.folder))
    (settings,) = load(path, secrets=False).models_resolved().values()
    (digest,) = paired.digests()
    importance = Watched(settings, paired.load(digest), 10_000).policy.settings.importance
    assert importance("joint.pair.income+limit") == expected
    assert importance("joint.distance") == "normal"
    assert importance("feature.income") == income
