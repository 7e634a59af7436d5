"""Single records that were scored: what is written of them, and that a reference has to have what is configured."""

from __future__ import annotations

import json
from random import Random

import pytest
import traffic
from traffic import lines

import monitor.pipeline
from monitor.cli.main import main
from monitor.config.loading import load
from monitor.delivery.appended import AppendedFile
from monitor.errors import LacksScorer, SeawallError
from monitor.reference.store import Store
from monitor.watched import Watched

SCORERS = [{"type": "auto"}]


def unusual(record, rng: Random):
    if rng.random() < 0.1:
        record["features"] |= {"income": 19.0, "balance": 1.0, "rent": 18.0}


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "live.jsonl"
    path.write_bytes(lines(traffic.traffic(40, seed=5, changed=range(20, 40), change=unusual)))
    return path


@pytest.fixture
def scored(replayed, data, scored_reference, tmp_path):
    """Return a function that replays with scorers; return what was seen and the verdicts."""

    def run(detectors=SCORERS, **verdicts):
        path = tmp_path / "of-the-replay.jsonl"
        path.unlink(missing_ok=True)
        verdicts |= {"path": str(tmp_path / "verdicts.jsonl")}
        seen = replayed(data, path, reference=str(scored_reference), detectors=detectors, verdicts=verdicts)
        return seen, [json.loads(line) for line in path.read_text().splitlines()]

    return run


def test_a_verdict_says_who_when_and_which_features_and_no_value(scored):
    _, told = scored()
    assert len({verdict["id"] for verdict in told}) == len(told) > 200
    for verdict in told:
        assert list(verdict) == ["id", "time", "model", "anomaly.knn", "anomaly.trust"]
        assert min(verdict[name]["p"] for name in ("anomaly.knn", "anomaly.trust")) <= 0.01
        for name in ("anomaly.knn", "anomaly.trust"):
            assert list(verdict[name]) == ["score", "p", "features"]
            assert set(verdict[name]["features"]) <= {*traffic.AMOUNTS, "children", "region"}
    assert told[0]["time"].startswith("2026-01-01T00:0")


def test_unusual_records_are_flagged_by_what_makes_them_so(scored):
    _, told = scored([{"type": "knn"}])
    changed = [v for v in told if int(v["id"][1:]) >= 2_000]
    named = [v["anomaly.knn"]["features"] for v in changed]
    assert len(changed) > 180
    assert sum(bool({"income", "balance", "rent"} & set(features)) for features in named) > 0.9 * len(named)


def test_the_excess_of_unusual_records_is_told(scored):
    seen, _ = scored([{"type": "knn"}])
    signals = {signal["signal"] for event in seen.events for signal in event["signals"]}
    assert "anomaly.knn" in signals


def test_all_that_was_scored_is_written_when_asked_for(scored):
    assert len(scored(only="all")[1]) == 4_000


def test_a_level_decides_what_is_flagged(scored):
    few, many = (scored([{"type": "knn"}], level=level)[1] for level in (0.001, 0.1))
    assert len(few) < len(many)
    assert {v["id"] for v in few} < {v["id"] for v in many}


@pytest.mark.parametrize("block", [1, 7])
def test_blocks_of_any_size_give_the_same_events_and_verdicts(scored, monkeypatch, block):
    expected, told = scored(only="all")
    monkeypatch.setattr(monitor.pipeline, "BLOCK", block)
    seen, again = scored(only="all")
    assert again == told
    assert seen.events == expected.events
    assert seen.findings == expected.findings


def test_a_replay_leaves_alone_what_run_wrote(tmp_path, data, scored_reference, configured, capsys):
    path, own = tmp_path / "verdicts.jsonl", tmp_path / "own.jsonl"
    config = configured(
        source={"type": "file", "path": str(data)},
        reference=str(scored_reference),
        detectors=SCORERS,
        verdicts={"path": str(path)},
    )
    assert main(["run", "-c", str(config)]) == 0
    before = path.read_bytes()
    other = tmp_path / "other.jsonl"
    other.write_bytes(lines(traffic.traffic(40, seed=6, changed=range(20, 40), change=unusual)))
    assert main(["replay", str(other), "-c", str(config)]) == 0
    assert f"no verdicts: {path} is where `seawall run` writes" in capsys.readouterr().err
    assert main(["replay", str(data), "-c", str(config), "--verdicts", str(path)]) == 2
    assert "is where `seawall run` writes" in capsys.readouterr().err
    for _ in range(2):
        assert main(["replay", str(other), "-c", str(config), "--verdicts", str(own)]) == 0
    assert path.read_bytes() == before
    assert main(["run", "-c", str(config)]) == 0
    assert path.read_bytes() == before
    told = [json.loads(line)["id"] for line in own.read_text().splitlines()]
    assert len(told) == len(set(told)) > 200


def test_where_run_has_not_written_a_replay_begins_the_file_anew(tmp_path, data, scored_reference, configured):
    path = tmp_path / "verdicts.jsonl"
    path.write_text("{}\n")
    config = configured(reference=str(scored_reference), detectors=SCORERS, verdicts={"path": str(path)})
    for _ in range(2):
        assert main(["replay", str(data), "-c", str(config)]) == 0
    told = [json.loads(line)["id"] for line in path.read_text().splitlines()]
    assert len(told) == len(set(told)) > 200


def test_a_replay_without_scorers_has_no_verdicts_to_write(tmp_path, data, configured, capsys):
    assert main(["replay", str(data), "-c", str(configured()), "--verdicts", str(tmp_path / "v.jsonl")]) == 2
    assert "no detector scores records" in capsys.readouterr().err
    assert not (tmp_path / "v.jsonl").exists()


def test_scorers_that_are_not_configured_change_nothing(replayed, data, reference, scored_reference):
    off, without = (replayed(data, reference=str(folder)) for folder in (scored_reference, reference))
    of_the_digest = dict.fromkeys(("id", "incident", "reference"))
    assert [event | of_the_digest for event in off.events] == [event | of_the_digest for event in without.events]
    assert off.findings == without.findings
    layout = off.pipeline.parts.models[0].layout
    assert {d.kind for d in layout.detectors} == {"schema", "numeric", "categorical"}


@pytest.mark.parametrize(
    ("detectors", "words"),
    [
        ([{"type": "knn"}], "has no knn scorer"),
        ([{"type": "auto"}], "has no knn scorer"),
        ([{"type": "trust"}], "has no trust scorer"),
    ],
)
def test_a_scorer_that_the_reference_lacks_is_refused_with_the_command_that_helps(configured, capsys, detectors, words):
    path = configured(detectors=detectors)
    for command in (["check-config", str(path)], ["run", "-c", str(path)], ["replay", "/dev/null", "-c", str(path)]):
        assert main(command) == 2
        told = capsys.readouterr().err
        assert words in told
        assert "seawall reference build DATA --promote" in told


@pytest.mark.parametrize(("key", "value", "built"), [("k", 7, 5), ("share", 0.5, 1)])
def test_a_scorer_that_was_built_otherwise_is_refused(configured, scored_reference, key, value, built):
    path = configured(reference=str(scored_reference), detectors=[{"type": "knn", key: value}])
    (settings,) = load(path, secrets=False).models_resolved().values()
    with pytest.raises(
        LacksScorer, match=f"knn has {key}: {value}, the promoted reference was built with {built}. Build"
    ):
        Watched(settings, Store(settings.reference.path).accepted(), 10_000)


def test_a_level_below_all_that_can_be_told_is_refused(configured, scored_reference, capsys):
    path = configured(reference=str(scored_reference), detectors=SCORERS, verdicts={"path": "v.jsonl", "level": 0.0001})
    assert main(["check-config", str(path)]) == 2
    assert "verdicts.level: 0.0001 is below 1 in 5,001" in capsys.readouterr().err


def test_two_processes_do_not_write_one_file(tmp_path, data, scored_reference, configured):
    import subprocess
    import sys

    path = configured(
        source={"type": "file", "path": str(data)},
        reference=str(scored_reference),
        detectors=SCORERS,
        verdicts={"path": str(tmp_path / "verdicts.jsonl")},
    )
    writer = AppendedFile(tmp_path / "verdicts.jsonl")
    code = "import sys; from monitor.cli.main import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "-c", str(path)], capture_output=True, text=True, check=False
    )
    writer.close()
    assert done.returncode == SeawallError.exit_code
    assert "is written by another seawall process" in done.stderr
