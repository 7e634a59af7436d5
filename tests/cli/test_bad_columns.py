"""Columns at the edge of what numbers and tables hold: each is built, shown, compared and judged, or says why not."""

from __future__ import annotations

import csv
import json
import math
import re

import numpy as np
import pytest

from monitor.cli.main import main

ROWS = 1_500
TINY = 5e-324
HUGE = 1e308


def _rows(seed, shifted=False):
    """Rows of a table: each column a hard one, beside one that is plain; `shifted` moves what can move."""
    draw = np.random.default_rng(seed)
    for i in range(ROWS):
        more = shifted and i >= ROWS // 2
        yield {
            "time": 1_756_684_800 + i,
            "plain": round(float(draw.normal(2.0 if more else 0.0)), 4),
            "constant": 7,
            "constant_text": "DE",
            "never": "",
            "two": int(draw.random() < (0.7 if more else 0.2)),
            "rare_two": int(i % 400 == 0),
            "both_ends": float(draw.choice([HUGE, -HUGE], p=[0.9, 0.1] if more else [0.5, 0.5])),
            "spread": float(draw.normal() * (HUGE if not more else HUGE / 1e4) / 8),
            "sentinel": HUGE if i % 9 == 0 else round(float(draw.normal(3.0 if more else 0.0)), 4),
            "tiny": TINY * int(draw.integers(0, 50) * (3 if more else 1)),
            "infinite": draw.choice(["inf", "-inf", "1.5", "2.5"]),
            "beyond": "1e999",
            "prediction": float(draw.choice([HUGE, -HUGE, 0.0])),
            "label": float(draw.choice([HUGE, -HUGE, 0.0])),
            "confidence": TINY if i % 2 else 1.0,
        }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "seawall.yaml").write_text("model: m\nsource: {type: file, path: a.csv}\nreference: ./reference\n")
    for seed, name in enumerate(("accepted", "alike", "shifted")):
        rows = list(_rows(seed, shifted=name == "shifted"))
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    monkeypatch.chdir(tmp_path)
    with np.errstate(all="raise", under="ignore"):
        yield tmp_path


def _numbers(text):
    """Every number in a JSON text; NaN and infinities are no JSON."""
    found = []
    json.loads(text, parse_constant=pytest.fail, parse_float=lambda n: found.append(float(n)))
    return found


def test_a_reference_of_hard_columns_is_built_and_shown(folder, capsys):
    assert main(["reference", "build", "accepted.csv", "--promote", "--by", "ann", "--why", "trial"]) == 0
    built = capsys.readouterr().out
    assert "never: never has a value" in built
    assert "beyond: has no finite number" in built
    assert "  ! constant: constant, constant_text. Any other value will be told\n" in built
    assert main(["reference", "show"]) == 0
    shown = capsys.readouterr().out
    assert not re.search(r"\bnan\b|-?\binf\b", built + shown)
    for name in ("both_ends", "spread", "sentinel", "tiny", "two", "infinite"):
        assert re.search(rf"^ *{name} ", shown, re.MULTILINE), name


def test_what_stays_is_quiet_and_what_moves_is_told_of_hard_columns(folder, capsys):
    assert main(["reference", "build", "accepted.csv", "--promote", "--by", "ann", "--why", "trial"]) == 0
    assert main(["replay", "alike.csv", "--events", "alike.jsonl", "--findings", "quiet.jsonl"]) == 0
    assert (folder / "alike.jsonl").read_text() == ""
    assert main(["replay", "shifted.csv", "--events", "events.jsonl", "--findings", "findings.jsonl"]) == 0
    events = (folder / "events.jsonl").read_text().splitlines()
    told = {signal["signal"] for event in events for signal in json.loads(event)["signals"]}
    assert {f"feature.{name}" for name in ("plain", "two", "both_ends", "spread", "sentinel", "tiny")} <= told
    for line in (*events, *(folder / "findings.jsonl").read_text().splitlines()):
        assert all(map(math.isfinite, _numbers(line)))


def test_references_of_hard_columns_are_compared(folder, capsys):
    for name in ("accepted", "shifted"):
        assert main(["reference", "build", f"{name}.csv"]) == 0
    digests = re.findall(r"saved reference sha256:(\w+)", capsys.readouterr().out)
    assert main(["reference", "diff", *digests]) == 0
    out = capsys.readouterr().out
    assert "both_ends" in out
    assert not re.search(r"\bnan\b|-?\binf\b", out)
