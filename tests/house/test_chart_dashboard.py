"""The dashboard that is committed, and the objects of the chart that ship it and the rules."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml

pytestmark = pytest.mark.real  # what generates and renders them is 100 MB

SHIPPED = "dashboards/seawall.json"


@pytest.fixture
def board(root):
    return json.loads((root / "helm/seawall" / SHIPPED).read_text())


def test_the_committed_dashboard_is_the_generated_one(root):
    pytest.importorskip("grafana_foundation_sdk")
    script = [sys.executable, root / "helm/dashboard/seawall.py"]
    generated = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert (root / "helm/seawall" / SHIPPED).read_text() == generated, "run: make dashboard"


def test_every_panel_says_what_it_shows_and_in_which_unit(board):
    for panel in board["panels"]:
        if panel["type"] != "row":
            units = [p for o in panel["fieldConfig"]["overrides"] for p in o["properties"] if p["id"] == "unit"]
            assert panel["description"].endswith("."), panel["title"]
            assert "unit" in panel["fieldConfig"]["defaults"] or units, panel["title"]


def test_no_panel_lies_over_another(board):
    taken = [
        (x, y)
        for p in board["panels"]
        for x in range(p["gridPos"]["x"], p["gridPos"]["x"] + p["gridPos"]["w"])
        for y in range(p["gridPos"]["y"], p["gridPos"]["y"] + p["gridPos"]["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


@pytest.fixture
def shipped(chart):
    """Render the dashboard and the rules with these values."""

    def rendered(**values):
        manifests = chart.render(values, name="watch", namespace="models")
        ours = [text for path, text in manifests.items() if path.endswith(("dashboard.yaml", "rules.yaml"))]
        return [each for text in ours for each in yaml.safe_load_all(text) if each]

    return rendered


def test_the_chart_ships_neither_unless_asked(shipped):
    assert shipped() == []


def test_the_chart_ships_the_dashboard_where_grafana_looks_for_it(shipped, validate, board):
    (config_map,) = shipped(dashboard={"enabled": True, "annotations": {"grafana_folder": "Models"}})
    validate(config_map, "1.33")
    assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert config_map["metadata"]["annotations"] == {"grafana_folder": "Models"}
    assert json.loads(config_map["data"]["seawall.json"]) == board
    (elsewhere,) = shipped(dashboard={"enabled": True, "labels": {"grafana_dashboard": None, "board": "yes"}})
    assert "grafana_dashboard" not in elsewhere["metadata"]["labels"]
    assert elsewhere["metadata"]["labels"]["board"] == "yes"


def test_the_chart_ships_the_rules_with_the_labels_prometheus_selects_by(shipped, root):
    (rule,) = shipped(rules={"enabled": True, "labels": {"release": "prometheus"}})
    assert (rule["apiVersion"], rule["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    assert rule["spec"] == yaml.safe_load((root / "helm/seawall/rules/seawall.yaml").read_text())


@pytest.mark.parametrize("values", [{"dashboard": {"enable": True}}, {"rules": {"labels": {"release": 1}}}], ids=str)
def test_a_mistaken_value_is_refused(shipped, values):
    with pytest.raises(Exception, match=r"dashboard|rules"):
        shipped(**values)
