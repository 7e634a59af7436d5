"""A real Prometheus on this machine. Debian's package brings it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml
from kafka_broker import free_port

DEADLINE = 90.0


class Prometheus:
    """A running Prometheus, asked over HTTP."""

    def __init__(self, port: int) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=30)

    def query(self, expr: str) -> list[dict[str, object]]:
        """Return the series of this moment."""
        return self._asked("query", query=expr)

    def query_range(self, expr: str) -> list[dict[str, object]]:
        """Return the series of the last minute, second by second."""
        now = time.time()
        return self._asked("query_range", query=expr, start=now - 60, end=now, step=1)

    def rules(self) -> list[dict[str, object]]:
        """Return the rules with their health and their alerts."""
        return self.client.get("rules").json()["data"]["groups"][0]["rules"]

    def wait_for(self, expr: str) -> None:
        """Wait until a query returns something."""
        until = time.monotonic() + DEADLINE
        while not self.query(expr):
            assert time.monotonic() < until, f"no {expr}"
            time.sleep(0.2)

    def _asked(self, how: str, **parameters: object) -> list[dict[str, object]]:
        answer = self.client.get(how, params=parameters).json()
        assert answer["status"] == "success", answer
        return answer["data"]["result"]


@contextmanager
def prometheus(folder: Path, rules: Path, *targets: int) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes these ports, and evaluates these rules, every second."""
    folder.mkdir()
    addresses = [f"127.0.0.1:{port}" for port in targets]
    jobs = [{"job_name": "seawall", "static_configs": [{"targets": addresses}]}]
    every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config = {"global": every, "rule_files": [str(rules)], "scrape_configs": jobs}
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    port = free_port()
    options = [f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "log").open("wb") as log:
        command = ["prometheus", *options, f"--web.listen-address=127.0.0.1:{port}"]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until = time.monotonic() + DEADLINE
        while not _answers(f"http://127.0.0.1:{port}/-/ready"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.1)
        running = Prometheus(port)
        yield running
        running.client.close()
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False
