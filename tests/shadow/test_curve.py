"""`reference build` asks the endpoint of the accepted model, and says in words where it cannot."""

from __future__ import annotations

import re

import pytest
import yaml
from shadow_world import MODEL, SHADOW, messages, sure_of
from v2_server import v2_server

from detectors.shadow import Flips, Skew
from monitor.cli.main import main
from monitor.reference.store import Store


@pytest.fixture
def server():
    def said(rows):
        yes = [sure_of(row) for row in rows]
        return {"predict": [int(s >= 0.5) for s in yes], "scores": [v for s in yes for v in (1 - s, s)]}

    with v2_server(said) as running:
        yield running


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def build(folder, server, capsys):
    """Return a function that builds a reference of so many records; it returns the exit code and what was said."""

    def run(count=5_200, url=None, **endpoint):
        asked = {"type": "v2", "url": url or server.url, "model": "m", "prediction": "predict", "scores": "scores"}
        asked |= {"classes": ["no", "yes"]} | endpoint
        shadow = SHADOW | {"endpoint": {k: v for k, v in asked.items() if v is not None}}
        settings = {
            "model": MODEL,
            "source": {"type": "file", "path": "live.jsonl"},
            "reference": "./reference",
            "shadow": shadow,
        }
        (folder / "seawall.yaml").write_text(yaml.safe_dump(settings))
        (folder / "accepted.jsonl").write_bytes(b"\n".join(m.value for m in messages(count, 1)) + b"\n")
        code = main(["reference", "build", "accepted.jsonl", "--promote", "--by", "ann", "--why", "first"])
        return code, "".join(capsys.readouterr())

    return run


def test_the_accepted_model_is_asked_about_each_chosen_record_once(folder, build, server):
    code, said = build()
    assert code == 0
    assert len(server.requests) == 5_200
    assert re.search(r"shadow\.noise\.0\.2 \(\d\.\d+ % of 5,200 answers\)", said)
    reference = Store(folder / "reference").accepted()
    kinds = [d for d in reference.layout.detectors if isinstance(d, Flips | Skew)]
    assert [getattr(d, "column", d.kind) for d in kinds] == [
        "shadow_skew", "shadow.noise.0.2", "shadow.monotone.income",
    ]  # fmt: skip
    scales = dict(kinds[0].scales)
    assert scales["feature.income"] == pytest.approx(20, rel=0.05)
    again, _ = build()
    assert again == 0
    assert Store(folder / "reference").accepted().digest == reference.digest


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"count": 1_000}, "shadow checks want 5,000 accepted records at least, and there are 1,000"),
        (
            {"url": "http://127.0.0.1:1"},
            "its endpoint does not answer: the endpoint gave no answer: Connection refused",
        ),
        ({"classes": None}, "answers something else than was logged for 100 % of the accepted records"),
        ({"features": ["income", "agee"]}, '"agee" cannot be sent, for the reference has no such feature'),
        ({"scores": None}, "no output score.yes to watch. Known: none: name the output that holds scores"),
    ],
)
def test_what_hinders_measuring_is_said(folder, build, how, words):
    code, said = build(**how)
    assert code == 1
    assert words in said
    assert not (folder / "reference").exists()


def test_what_was_not_measured_is_not_judged_and_replay_asks_nobody(folder, build, server, capsys):
    build()
    asked = len(server.requests)
    (folder / "live.jsonl").write_bytes(b"\n".join(m.value for m in messages(300, 2)) + b"\n")
    (folder / "answers.jsonl").touch()
    assert main(["replay", "live.jsonl"]) == 0
    assert main(["replay", "live.jsonl", "--answers", "answers.jsonl"]) == 0
    assert len(server.requests) == asked
    settings = yaml.safe_load((folder / "seawall.yaml").read_text())
    settings["shadow"]["checks"][0]["severity"] = [0.2, 0.4]
    (folder / "seawall.yaml").write_text(yaml.safe_dump(settings))
    assert main(["run"]) != 0
    assert "has no accepted share of flipped answers for shadow.noise.0.4" in capsys.readouterr().err
