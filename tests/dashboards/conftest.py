"""A real Prometheus that scrapes two real `seawall run`: each has read real topics and opened incidents."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import loans_watched
import pytest
import traffic
import yaml
from http_receiver import receiving
from kafka_broker import free_port
from prometheus_server import prometheus
from topic_traffic import produce
from v2_server import v2_server

CHART = Path(__file__).parents[2] / "helm/seawall"
RULES = CHART / "rules/seawall.yaml"
SEAWALL = Path(sys.executable).with_name("seawall")
SHIFTED = 'seawall_effect_w{signal="feature.income"} > 5 * seawall_tolerance_w'
CREDIT = "inference-of-dashboards"


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
    """One `seawall run` over topics, with a reference built from accepted records."""

    def __init__(self, folder: Path, config: dict[str, Any], accepted: bytes) -> None:
        folder.mkdir()
        self.port = free_port()
        common = {
            "reference": "reference",
            "sinks": [{"type": "file", "name": "events", "path": "events.jsonl"}],
            "http": f"127.0.0.1:{self.port}",
            "dead_letters": {"to": "file"},
        }
        (folder / "seawall.yaml").write_text(yaml.safe_dump(config | common))
        (folder / "accepted.jsonl").write_bytes(accepted)
        accept = ["reference", "build", "accepted.jsonl", "--promote", "--by", "ann", "--why", "tests"]
        built = subprocess.run([SEAWALL, *accept], cwd=folder, check=False, capture_output=True, text=True)
        assert built.returncode == 0, built.stderr
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([SEAWALL, "run"], cwd=folder, stdout=log, stderr=log)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def credit(broker, tmp_path_factory):
    """A `seawall run` over a topic."""
    broker.create_topic(CREDIT, 2, retention_ms=-1)
    source = {"type": "kafka", "bootstrap_servers": broker.bootstrap, "topics": [CREDIT]}
    accepted = traffic.lines(traffic.traffic(100, seed=1))
    running = Watch(tmp_path_factory.mktemp("credit") / "it", {"model": traffic.MODEL, "source": source}, accepted)
    yield running
    running.end()


@pytest.fixture(scope="module")
def loans(broker, tmp_path_factory):
    """Another one, with everything on: the run, its topics, the endpoint it asks, and what its trainer is sent."""
    topics = {name: f"{name}-of-dashboards" for name in ("requests", "labels", "answers")}
    for name in topics.values():
        broker.create_topic(name, 1, retention_ms=-1)
    folder = tmp_path_factory.mktemp("loans") / "it"
    with v2_server(lambda rows: loans_watched.said(rows, 0.0)) as server, receiving() as trainer:
        config = loans_watched.configured(broker.bootstrap, topics, server.url, trainer.url)
        running = Watch(folder, config, loans_watched.accepted())
        yield running, topics, server, trainer
        running.end()


@pytest.fixture(scope="module")
def watched(promtool, broker, credit, loans, tmp_path_factory):
    """A Prometheus that saw two models drift, and the Seawalls that told of it."""
    checked, topics, server, _ = loans
    with prometheus(tmp_path_factory.mktemp("prometheus") / "it", RULES, credit.port, checked.port) as running:
        running.wait_for("count(seawall_kafka_lag_records) == 5")
        records = list(traffic.traffic(60, seed=8, changed=range(30, 60), change=traffic.higher_income))
        produce(broker.bootstrap, CREDIT, 2, [*records, b"not a record"])
        loans_watched.write(broker.bootstrap, topics, server)
        running.wait_for('seawall_incidents_total{event="opened", severity="error"} > 0')
        running.wait_for('seawall_deliveries_total{outcome="delivered", sink="retrain-nightly"} > 0')
        running.wait_for('seawall_effect_points{signal="shadow.noise.0.2"} > 10')
        running.wait_for("sum(seawall_kafka_lag_records) == 0")
        running.wait_for(SHIFTED)
        yield running


@pytest.fixture(scope="session")
def board():
    return json.loads((CHART / "dashboards/seawall.json").read_text())


@pytest.fixture(scope="session")
def rules():
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return group["rules"]
