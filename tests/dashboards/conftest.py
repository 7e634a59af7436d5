"""A real Prometheus that scrapes a real `seawall run`, which has read a real topic and opened an incident."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import traffic
import yaml
from kafka_broker import free_port
from prometheus_server import prometheus
from topic_traffic import produce

from monitor.config.http import HttpSection
from monitor.http.health import Health
from monitor.http.metrics import Limit, Metrics, Reading
from monitor.http.server import Server
from monitor.http.site import Site

CHART = Path(__file__).parents[2] / "helm/seawall"
RULES = CHART / "rules/seawall.yaml"
SEAWALL = Path(sys.executable).with_name("seawall")
SHIFTED = 'seawall_effect_w{signal="feature.income"} > 5 * seawall_tolerance_w'
CHECKED = "fraud"
"""A model with the signals that need an endpoint, a fitted scorer or labels."""


@pytest.fixture(scope="session")
def promtool() -> str:
    """Path of promtool, with Debian's prometheus beside it."""
    if shutil.which("prometheus") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "-qq", "update"], env=quietly, check=False, capture_output=True)
        install = ["apt-get", "-qq", "install", "--no-install-recommends", "prometheus"]
        subprocess.run(install, env=quietly, check=False, capture_output=True)
    found = shutil.which("promtool")
    if found is None or shutil.which("prometheus") is None:
        pytest.skip("Prometheus is not there: as root, apt-get install prometheus")
    return found


class Watch:
    """One `seawall run` over a topic."""

    def __init__(self, folder: Path, bootstrap: str, topic: str) -> None:
        folder.mkdir()
        self.port = free_port()
        self.folder = folder
        config = {
            "model": traffic.MODEL,
            "source": {"type": "kafka", "bootstrap_servers": bootstrap, "topics": [topic]},
            "reference": "reference",
            "sinks": [{"type": "file", "name": "events", "path": "events.jsonl"}],
            "http": f"127.0.0.1:{self.port}",
            "dead_letters": {"to": "file"},
        }
        (folder / "seawall.yaml").write_text(yaml.safe_dump(config))
        (folder / "accepted.jsonl").write_bytes(traffic.lines(traffic.traffic(100, seed=1)))
        accept = ["reference", "build", "accepted.jsonl", "--promote", "--by", "ann", "--why", "tests"]
        subprocess.run([SEAWALL, *accept], cwd=folder, check=True, capture_output=True)
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([SEAWALL, "run"], cwd=folder, stdout=log, stderr=log)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@contextmanager
def exporter_of_checks() -> Iterator[int]:
    """Serve a model whose signals this file makes up: shadow checks, scorers and labels need what is not here."""
    metrics, health = Metrics("0"), Health(time.monotonic())
    metrics.begin([CHECKED])
    metrics.heartbeat.set(time.time())
    health.traffic("healthy")
    metrics.limits(CHECKED, [Limit("shadow.noise.0.1", 6.0, points=3.0), Limit("anomaly.knn", 6.0, w=0.1)])
    metrics.limits(CHECKED, [Limit("performance.error", 6.0, points=1.0)])
    metrics.signals(CHECKED, [Reading("shadow.noise.0.1", 9.0, points=7.5), Reading("anomaly.knn", 1.0, w=0.05)])
    metrics.signals(CHECKED, [Reading("performance.error", 2.0, points=0.5)])
    section = HttpSection(listen="127.0.0.1:0")
    server = Server(section.address, Site(health, metrics, section))
    _, port = server.start()
    yield port
    server.close()


@pytest.fixture(scope="module")
def watched(promtool, broker, tmp_path_factory):
    """A Prometheus that saw a model drift, and the Seawall that told of it."""
    folder = tmp_path_factory.mktemp("watched")
    broker.create_topic("inference-of-dashboards", 2, retention_ms=-1)
    seawall = Watch(folder / "seawall", broker.bootstrap, "inference-of-dashboards")
    try:
        with exporter_of_checks() as port, prometheus(folder / "prometheus", RULES, seawall.port, port) as running:
            running.wait_for("seawall_kafka_lag_records")
            records = list(traffic.traffic(60, seed=8, changed=range(30, 60), change=traffic.higher_income))
            produce(broker.bootstrap, "inference-of-dashboards", 2, [*records, b"not a record"])
            running.wait_for('seawall_incidents_total{event="opened", severity="error"} > 0')
            running.wait_for('seawall_deliveries_total{outcome="delivered"} > 0')
            running.wait_for("sum(seawall_kafka_lag_records) == 0")
            running.wait_for(SHIFTED)
            yield running, seawall
    finally:
        seawall.end()


@pytest.fixture(scope="session")
def board():
    return json.loads((CHART / "dashboards/seawall.json").read_text())


@pytest.fixture(scope="session")
def rules():
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return group["rules"]
