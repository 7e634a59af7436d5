"""A scikit-learn model behind a real MLServer: one that was retrained to be fragile is told, the unchanged is not."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import httpx
import pytest
import yaml
from mlserver import mlserver, train

from monitor.cli.main import main

pytestmark = pytest.mark.real  # a model server and its environment

FEATURES = ("income", "age", "debt")
SEAWALL = Path(sys.executable).with_name("seawall")
A_SECOND = 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with both models, and a reference for which the accepted one was asked."""
    made = tmp_path_factory.mktemp("mlserver")
    train(made)
    with mlserver(made, "accepted.joblib") as url:
        configure(made, url)
        (made / "accepted.jsonl").write_bytes(b"\n".join(records(url, 5_200, seed=1)) + b"\n")
        command = ["reference", "build", str(made / "accepted.jsonl"), "-c", str(made / "seawall.yaml"), "--promote"]
        assert main([*command, "--by", "ann", "--why", "tests"]) == 0
    return made


def configure(folder, url):
    endpoint = {"type": "v2", "url": url, "model": "loans", "version": "1"}
    settings = {
        "model": "loans",
        "source": {"type": "file", "path": "-"},
        "reference": "./reference",
        "shadow": {
            "endpoint": endpoint,
            "share": 1.0,
            "budget": {"per_second": 10_000},
            "checks": [{"type": "noise", "severity": 0.2}],
        },
        "slot": "1s",
        "allowed_lateness": "1s",
        "sinks": [{"type": "file", "path": "events.jsonl", "min_severity": "info"}],
        "state_dir": url.rpartition(":")[2],
        "http": "127.0.0.1:0",
    }
    (folder / "seawall.yaml").write_text(yaml.safe_dump(settings))


def records(url, count, seed):
    """Return requests as they are logged, with what the model at the endpoint predicted."""
    rng = Random(seed)
    rows = [[rng.gauss(0, 1) for _ in FEATURES] for _ in range(count)]
    data = [value for row in rows for value in row]
    tensor = {"name": "input", "shape": [count, len(FEATURES)], "datatype": "FP64", "data": data}
    response = httpx.post(f"{url}/v2/models/loans/infer", json={"inputs": [tensor]}, timeout=60).json()
    said = response["outputs"][0]["data"]
    return [
        json.dumps(
            {
                "id": f"{seed}-{number}",
                "time": 1_767_225_600 + number / A_SECOND,
                "features": dict(zip(FEATURES, row, strict=True)),
                "prediction": said[number],
            }
        ).encode()
        for number, row in enumerate(rows)
    ]


def watched(folder, url, count):
    """Let `seawall run` read live requests, a hundred a second; return what it told and how much it asked."""
    (folder / "events.jsonl").unlink(missing_ok=True)
    configure(folder, url)
    lines = records(url, count, seed=2)
    log = folder / f"log-{url.rpartition(':')[2]}"
    with log.open("wb") as written:
        command = [SEAWALL, "run", "-c", str(folder / "seawall.yaml")]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=written)
    while b"first poll" not in log.read_bytes():  # else what came meanwhile would come at once, and be dropped
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    for number, line in enumerate(lines):
        process.stdin.write(line + b"\n")
        if number % 10 == 0:
            process.stdin.flush()
            time.sleep(10 / A_SECOND)
    process.communicate(timeout=60)
    assert process.returncode == 0, log.read_text()
    events = folder / "events.jsonl"
    answered = len((folder / url.rpartition(":")[2] / "answers.jsonl").read_text().splitlines())
    return [json.loads(line) for line in events.read_text().splitlines()] if events.exists() else [], answered


def test_the_unchanged_model_is_quiet(folder):
    with mlserver(folder, "accepted.joblib") as url:
        events, answered = watched(folder, url, 1_000)
    assert events == []
    assert answered > 1_000


def test_a_model_retrained_to_be_fragile_is_told_within_a_thousand_queries(folder):
    with mlserver(folder, "fragile.joblib") as url:
        (opened, *_), _ = watched(folder, url, 1_000)
    assert opened["event"] == "opened"
    assert {signal["signal"] for signal in opened["signals"]} == {"shadow.noise.0.2"}
    assert opened["records"] <= 1_000
