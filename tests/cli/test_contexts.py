"""`reference: {contexts: …}` from the configuration to the incident."""

from __future__ import annotations

import json

import numpy as np
import pytest

from monitor.cli.main import main

CONFIG = """
model: m
source: {type: file, path: "-"}
reference: {path: ./reference, contexts: %s}
false_alarm_every: "1000000 records"
sinks: [{type: file, path: told.jsonl}]
"""
ACCEPT = ("--promote", "--by", "ann", "--why", "first")


def _write(path, records, shares, seed):
    """Write records whose income differs from region to region."""
    draw = np.random.default_rng(seed)
    regions = draw.choice(3, records, p=shares).tolist()
    with path.open("w") as file:
        for number, region in enumerate(regions):
            features = {"income": round(float(region + draw.normal()), 3), "region": ["north", "south", "east"][region]}
            file.write(json.dumps({"time": 1_767_225_600 + number / 10, "features": features}) + "\n")


@pytest.fixture
def opened(tmp_path, monkeypatch, capsys):
    """Return a function that says what a replay told with these contexts."""
    monkeypatch.chdir(tmp_path)
    _write(tmp_path / "accepted.jsonl", 6_000, [0.6, 0.3, 0.1], seed=1)
    _write(tmp_path / "live.jsonl", 3_000, [0.2, 0.3, 0.5], seed=2)

    def replayed(contexts):
        (tmp_path / "seawall.yaml").write_text(CONFIG % contexts)
        assert main(["reference", "build", "accepted.jsonl", *ACCEPT]) == 0
        assert main(["replay", "live.jsonl", "--events", "events.jsonl"]) == 0
        events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
        return {s["signal"] for e in events for s in e["signals"]}, capsys.readouterr()

    return replayed


def test_given_the_region_only_its_own_mix_has_moved(opened):
    found, printed = opened("region")
    assert found == {"feature.region"}
    assert "  by region: income" in printed.out
    assert "Each is compared with its like" in printed.out


def test_without_contexts_what_depends_on_the_region_moves_with_it(opened):
    assert {"feature.region", "feature.income"} <= opened("none")[0]


def test_a_context_that_is_none_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    _write(tmp_path / "accepted.jsonl", 1_000, [0.6, 0.3, 0.1], seed=1)
    (tmp_path / "seawall.yaml").write_text(CONFIG % "tenant")
    assert main(["reference", "build", "accepted.jsonl", *ACCEPT]) == 1
    told = capsys.readouterr().err
    assert "contexts: tenant is neither a cycle nor a feature" in told
    assert "Cycles: hour_of_day, day_of_week, " in told


def test_what_the_reference_compares_within_is_said_and_a_misspelt_context_guessed(opened, tmp_path, capsys):
    opened("region")
    assert main(["check-config"]) == 0
    assert "each compared with its like by region\n" in capsys.readouterr().out
    (tmp_path / "seawall.yaml").write_text(CONFIG % "regoin")
    assert main(["check-config"]) == 0
    told = capsys.readouterr().err
    assert "reference.contexts: regoin is neither a cycle nor a feature" in told
    assert "region" in told
