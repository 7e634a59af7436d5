"""`reference build` asks the endpoint of the accepted model, and says in words where it cannot."""

from __future__ import annotations

import json
import re
import threading
from itertools import count

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

    def run(records=5_200, url=None, checks=None, **endpoint):
        asked = {"type": "v2", "url": url or server.url, "model": "m", "prediction": "predict", "scores": "scores"}
        asked |= {"classes": ["no", "yes"]} | endpoint
        shadow = SHADOW | {"endpoint": {k: v for k, v in asked.items() if v is not None}}
        shadow |= {"checks": checks} if checks else {}
        settings = {
            "model": MODEL,
            "source": {"type": "file", "path": "live.jsonl"},
            "reference": "./reference",
            "shadow": shadow,
        }
        (folder / "seawall.yaml").write_text(yaml.safe_dump(settings))
        (folder / "accepted.jsonl").write_bytes(b"\n".join(m.value for m in messages(records, 1)) + b"\n")
        code = main(["reference", "build", "accepted.jsonl", "--promote", "--by", "ann", "--why", "first"])
        return code, "".join(capsys.readouterr())

    return run


def test_the_accepted_model_is_asked_about_each_chosen_record_once(folder, build, server):
    code, said = build()
    assert code == 0
    assert len(server.requests) == 5_200
    assert re.search(r"\n  shadow\.noise\.0\.2: \d\.\d+ % of 5,200 answers\n", said)
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
        ({"records": 1_000}, "shadow checks want 5,000 accepted records at least, and there are 1,000"),
        (
            {"url": "http://127.0.0.1:1"},
            "its endpoint does not answer: the endpoint gave no answer: Connection refused",
        ),
        ({"classes": None}, "answers something else than was logged for 100 % of the first 300 accepted records"),
        ({"features": ["income", "agee"]}, '"agee" cannot be sent, for the reference has no such feature'),
        ({"scores": None}, "no output score.yes to watch. Known: none: name the output that holds scores"),
    ],
)
def test_what_hinders_measuring_is_said(folder, build, how, words):
    code, said = build(**how)
    assert code == 1
    assert words in said
    assert not (folder / "reference").exists()


def test_several_questions_are_asked_at_once_and_the_order_of_their_answers_does_not_matter(folder, build, server):
    def one_waits_for_another(body):
        if next(numbers) < 2:
            together.wait(timeout=30)  # nobody comes through alone
        return 200, json.dumps(server.answered(body)).encode()

    build()
    digest = Store(folder / "reference").accepted().digest
    numbers, together, server.reply = count(), threading.Barrier(2), one_waits_for_another
    server.requests.clear()
    code, said = build()
    assert code == 0
    assert f"asking {server.url} about 5,200 accepted records" in said
    assert Store(folder / "reference").accepted().digest == digest


def test_another_model_is_found_early(build, server):
    code, said = build(classes=["yes", "no"])
    assert code == 1
    assert "answers something else than was logged for 100 % of the first 300 accepted records" in said
    assert len(server.requests) < 400


def test_a_name_that_the_server_does_not_know_is_said_with_what_was_asked(build, server):
    server.reply = lambda _: (404, b"")
    code, said = build()
    assert code == 1
    assert f"POST {server.url}/v2/models/m/infer: 404" in said
    assert 'Does it serve "m" (shadow.endpoint.model), and take income, age, owner (shadow.endpoint.features)?' in said
    assert "does not answer" not in said


def test_a_check_that_the_model_does_not_take_is_named(build, server):
    def without_missing(body):
        if None in [value for column in body["inputs"] for value in column["data"]]:
            return 500, b""
        return 200, json.dumps(server.answered(body)).encode()

    server.reply = without_missing
    code, said = build(checks=[{"type": "noise"}, {"type": "missing", "severity": 0.4}])
    assert code == 1
    assert ": 500. The record as it was logged is answered, with missing 0.4 it is not. Remove that check" in said


def test_an_output_that_is_not_there_is_said_beside_those_that_are(build):
    code, said = build(prediction="predicted")
    assert code == 1
    assert 'no output "predicted" in the answer. Outputs that came: predict, scores' in said


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
