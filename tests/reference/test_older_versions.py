"""References that earlier releases built: their files lie in `older/`, as they were written.

`first_release` knows no labels, no scorers and nothing of growing dependence; `before_contexts` has scorers and labels,
and neither contexts nor notes.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from judge_streams import alarms, judge_of

from monitor.cli.main import main
from monitor.formats.decoder import Decoder
from monitor.reference.store import Store
from monitor.types import Message

OLDER = Path(__file__).parent / "older"
EACH = pytest.mark.parametrize("name", ["first_release", "before_contexts"])
START = 1_756_771_200_000


def traffic(income, slot, rows=100):
    """Records as those that were accepted, of one slot, but for the income's mean."""
    draw = np.random.default_rng(slot)
    for i in range(rows):
        features = {
            "income": round(float(draw.normal(income, 10)), 2),
            "age": None if draw.random() < 0.05 else int(draw.integers(18, 90)),
            "region": str(draw.choice(["north", "south", "east"])),
            "load": round(float(draw.normal()), 3),
            "country": "DE",
        }
        answer = "approve" if draw.random() < 0.64 else "decline"
        yield {
            "time": (START + 10_000 * slot + 100 * i) / 1_000,
            "features": features,
            "prediction": answer,
            "confidence": round(float(draw.random()), 3),
        }


@EACH
def test_an_older_reference_loads_under_its_digest(name):
    store = Store(OLDER / name)
    reference = store.accepted()
    assert (reference.rows, len(reference.schema.features)) == (800, 5)
    assert reference.design_effects["feature.load"] > 5
    assert (reference.contexts, reference.notes) == ((), ())


@EACH
def test_an_older_reference_judges(name):
    reference = Store(OLDER / name).accepted()
    decoder = Decoder({"m": reference.schema}, stamped=True)
    judge = judge_of(reference)
    found = []
    for slot in range(40):
        values = [json.dumps(r).encode() for r in traffic(50 if slot < 20 else 57, slot)]
        batch = decoder.decode([Message("t", 0, i, START, None, value) for i, value in enumerate(values)]).batches[0]
        codes = reference.layout.codes(batch)
        found.append(judge.advance(slot, reference.layout.count(batch, codes, np.arange(len(batch)))))
    first = alarms(found)[0]
    assert (first[0] >= 20, first[1]) == (True, "feature.income")


@EACH
def test_an_older_reference_is_shown_and_compared_and_replayed_against(name, tmp_path, monkeypatch, capsys):
    shutil.copytree(OLDER / name, tmp_path / "reference")
    (tmp_path / "seawall.yaml").write_text("model: m\nsource: {type: file, path: live.jsonl}\nreference: ./reference\n")
    live = "\n".join(json.dumps(r) for slot in range(20) for r in traffic(60, slot))
    (tmp_path / "live.jsonl").write_text(live)
    monkeypatch.chdir(tmp_path)
    assert main(["reference", "show"]) == 0
    assert "  ! missing: age (4." in capsys.readouterr().out
    assert main(["reference", "build", "live.jsonl"]) == 0
    store = Store(tmp_path / "reference")
    (new,) = set(store.digests()) - {store.promoted()}
    assert main(["reference", "diff", str(store.promoted()), new]) == 0
    assert "income" in capsys.readouterr().out
    assert main(["check-config", "seawall.yaml"]) == 0
    with pytest.raises(SystemExit, match="3"):
        main(["replay", "live.jsonl", "--fail-on", "warning"])
    assert "income shifted up" in capsys.readouterr().out
