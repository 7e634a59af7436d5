"""A real MLServer with scikit-learn models, in an environment of its own: `make test-real` makes it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from kafka_broker import free_port

ENVIRONMENT = Path(os.environ.get("MLSERVER", ".venv-mlserver/bin")).absolute()
DEADLINE = 120.0

TRAINING = """
import joblib, numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
rng = np.random.default_rng(1)
x = rng.normal(size=(4_000, 3))
y = (x @ [1.0, -0.7, 0.4] > 0).astype(int) ^ (rng.random(4_000) < 0.15)
joblib.dump(LogisticRegression().fit(x, y), "accepted.joblib")
joblib.dump(KNeighborsClassifier(1).fit(x, y), "fragile.joblib")
"""
"""The second one learned its noise by heart: right as often as others on what it has seen, and easily moved."""


def train(folder: Path) -> None:
    """Write `accepted.joblib` and `fragile.joblib`."""
    subprocess.run([ENVIRONMENT / "python", "-c", TRAINING], cwd=folder, check=True)


@contextmanager
def mlserver(folder: Path, artefact: str, name: str = "loans") -> Iterator[str]:
    """Serve a model; yield the server's URL."""
    own = folder / f"serves-{artefact}"
    own.mkdir(exist_ok=True)
    ports = {key: free_port() for key in ("http_port", "grpc_port", "metrics_port")}
    (own / "settings.json").write_text(json.dumps({"host": "127.0.0.1", "parallel_workers": 0, **ports}))
    parameters = {"uri": str(folder / artefact), "version": "1"}
    model = {"name": name, "implementation": "mlserver_sklearn.SKLearnModel", "parameters": parameters}
    (own / "model-settings.json").write_text(json.dumps(model))
    url = f"http://127.0.0.1:{ports['http_port']}"
    with (own / "log").open("wb") as log:
        process = subprocess.Popen([ENVIRONMENT / "mlserver", "start", "."], cwd=own, stdout=log, stderr=log)
        try:
            _wait_until_ready(f"{url}/v2/models/{name}/ready", process, own / "log")
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + DEADLINE
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
