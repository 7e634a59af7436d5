"""Codes that look like numbers: told apart from them where a table is read."""

from __future__ import annotations

import json

import pytest
import yaml

from detectors import CategoryBins
from monitor.assembly import watched_models
from monitor.cli.main import main
from monitor.config.loading import load
from monitor.reference.store import Store
from monitor.replay import replay
from monitor.watched import codes_of

CODES = ("1.10", "1.9", "2.0", "5E2", "007", "3")
ROWS = 3_000


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a function that writes a table, the same records as JSON, and a configuration."""
    monkeypatch.chdir(tmp_path)

    def write(cells=CODES, **features):
        rows = [(i / 10, i % 7, cells[(i * i + i // 5) % len(cells)]) for i in range(ROWS)]
        (tmp_path / "ref.csv").write_text("time,x,app\n" + "".join(f"{t},{x},{app}\n" for t, x, app in rows))
        live = [json.dumps({"time": t, "features": {"x": x, "app": app}}) for t, x, app in rows]
        (tmp_path / "live.jsonl").write_text("\n".join(live))
        smallest = {"model": "m", "source": {"type": "file", "path": "live.jsonl"}, "reference": "./reference"}
        (tmp_path / "seawall.yaml").write_text(yaml.safe_dump(smallest | {"features": features}))

    return write


def build(data="ref.csv"):
    assert main(["reference", "build", data, "--promote", "--by", "a", "--why", "b"]) == 0


def unusual(tmp_path, data):
    """Return what of `app` was a point above what was accepted: levels never seen, wrong types."""
    config = load(tmp_path / "seawall.yaml", secrets=False)
    pipeline, _ = replay(config, watched_models(config, "seawall.yaml"), data)
    judge = pipeline.parts.models[0].judge
    effects = [effect for family in judge.families for effect in family.present()]
    shares = {signal.name: effect.points or 0.0 for signal, effect in zip(judge.signals, effects, strict=True)}
    return {name for name, points in shares.items() if name.endswith(".app") and points > 1}


@pytest.mark.parametrize("data", ["live.jsonl", "ref.csv"])
def test_a_column_called_categorical_keeps_its_cells_as_they_are_written(tmp_path, project, data):
    project(app={"type": "categorical"})
    build()
    (app,) = [d for d in Store(tmp_path / "reference").accepted().layout.detectors if isinstance(d, CategoryBins)]
    assert set(app.levels) == set(CODES)
    assert unusual(tmp_path, data) == set()


def test_a_table_is_read_as_texts_where_the_reference_had_nothing_else(tmp_path, project):
    project()
    build("live.jsonl")
    assert unusual(tmp_path, "ref.csv") == set()


def test_a_table_is_read_as_numbers_where_the_reference_had_no_texts(tmp_path, project):
    project(x={"type": "categorical"})
    build("live.jsonl")
    config = load(tmp_path / "seawall.yaml", secrets=False)
    assert codes_of(watched_models(config, "seawall.yaml")) == {"app"}


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (CODES, True),
        (("1.10", "1.9"), True),
        (("1.50", "2.00", "3.25"), False),
        (("1.5", "2.0", "3"), False),
        (("1", "2", "30"), False),
        (("1e-05", "0.5"), False),
        (("12345678901234567890", "1"), False),
        (("red", "blue", "1.10"), True),
        (("red", "blue", "1.1"), False),
    ],
)
def test_numbers_that_are_written_like_codes_are_told_when_the_reference_is_built(project, capsys, cells, told):
    project(cells)
    build()
    assert ("! numbers that are written like codes: app. " in capsys.readouterr().out) == told


def test_whoever_has_said_what_it_is_is_not_told(project, capsys):
    project(app={"type": "categorical"})
    build()
    assert "written like codes" not in capsys.readouterr().out
