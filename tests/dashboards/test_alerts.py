"""The alerting rules, one by one: when they fire, and what they say."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.real

HERE = Path(__file__).parent
CHART = HERE.parents[1] / "helm/seawall"
FIRES = ["alerts.yaml", "alerts_of_days.yaml"]


def _promtool(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def test_promtool_accepts_the_rules(promtool):
    run = _promtool(promtool, "check", "rules", CHART / "rules/seawall.yaml")
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", FIRES)
def test_each_alert_fires_when_it_should_and_is_silent_when_not(promtool, tmp_path, name):
    shutil.copy(CHART / "rules/seawall.yaml", tmp_path)
    shutil.copy(HERE / name, tmp_path)
    run = _promtool(promtool, "test", "rules", tmp_path / name)
    assert run.returncode == 0, run.stdout + run.stderr


def test_each_alert_is_seen_to_fire(rules):
    fires = [test for name in FIRES for test in yaml.safe_load((HERE / name).read_text())["tests"]]
    seen = str([test["promql_expr_test"] for test in fires])
    assert [rule["alert"] for rule in rules if f'"{rule["alert"]}"' not in seen] == []


def test_each_alert_says_what_it_means_and_where_to_look(rules):
    for rule in rules:
        assert set(rule["annotations"]) == {"summary", "description", "look_at"}, rule["alert"]
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert len(rule["annotations"]["summary"]) < 130, rule["alert"]


def test_each_alert_has_its_place_on_the_page(rules):
    page = (HERE.parents[1] / "docs/dashboards.md").read_text()
    assert [rule["alert"] for rule in rules if f"`{rule['alert']}`" not in page] == []
