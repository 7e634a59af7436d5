"""Every query of the dashboard and every rule, over a real run that a real Prometheus scrapes."""

from __future__ import annotations

import math
import subprocess

import httpx
import pytest
import traffic

pytestmark = pytest.mark.real

ASKED_FOR = "Robustness, attacks, errors"
"""The row of signals that only checks, scorers and labels bring: asked of the exporter that has them."""


def filled(expr, model):
    """Return a query as Grafana sends it."""
    values = {"$model": model, "$instance": ".*", "$__rate_interval": "1m", "$__range": "5m"}
    for name, value in values.items():
        expr = expr.replace(name, value)
    assert "$" not in expr
    return expr


def rows(board):
    """Return the panels by the row they stand in."""
    found = {"": []}
    for panel in board["panels"]:
        if panel["type"] == "row":
            found[panel["title"]] = []
        else:
            found[list(found)[-1]].append(panel)
    return found


def answered(running, board, row, model):
    """Return what each query of a row returns, by panel and letter."""
    return {
        (panel["title"], target["refId"]): (running.query_range if target["range"] else running.query)(
            filled(target["expr"], model)
        )
        for panel in rows(board)[row]
        for target in panel["targets"]
    }


def test_every_query_returns_data(watched, board):
    running, _ = watched
    for row in rows(board):
        model = "fraud" if row == ASKED_FOR else traffic.MODEL
        empty = [asked for asked, series in answered(running, board, row, model).items() if not series]
        assert empty == [], f"row {row!r}"


def test_the_signal_that_moved_is_the_first_to_be_seen(watched, board):
    running, _ = watched
    glance = answered(running, board, "", traffic.MODEL)
    (worst,) = glance["Furthest from accepted", "A"]
    assert worst["metric"] == {"model": traffic.MODEL, "signal": "feature.income"}
    assert float(worst["value"][1]) > 3
    (strip,) = (p for p in rows(board)["Drift"] if p["title"].startswith("How far"))
    found = running.query_range(filled(strip["targets"][0]["expr"], traffic.MODEL))
    assert 1 < len(found) <= 10
    highest = {s["metric"]["signal"]: max(float(value) for _, value in s["values"]) for s in found}
    assert max(highest, key=highest.get) == "feature.income"


def test_the_incident_is_counted_where_it_was_opened(watched, board):
    running, _ = watched
    found = answered(running, board, "", traffic.MODEL)["Open incidents", "A"]
    counts = {series["metric"]["severity"]: int(series["value"][1]) for series in found}
    assert counts == {"warning": 0, "error": 1, "critical": 0}


def test_the_table_says_of_each_size_what_is_tolerated(watched, board):
    running, _ = watched
    found = answered(running, board, "Drift", traffic.MODEL)
    columns = {letter: found["Furthest now", letter] for letter in "ABCDEFG"}
    signals = {letter: {s["metric"]["signal"] for s in series} for letter, series in columns.items()}
    assert len(signals["A"]) == 15
    assert signals["B"] == signals["C"]
    assert signals["D"] == signals["E"]
    assert signals["B"] | signals["D"] == signals["A"] == signals["F"] == signals["G"]
    tolerated = {s["metric"]["signal"]: float(s["value"][1]) for s in columns["C"] + columns["E"]}
    assert tolerated["feature.income"] == 0.1


def test_no_figure_on_top_is_infinite_or_no_number(watched, board):
    running, _ = watched
    found = [float(s["value"][1]) for series in answered(running, board, "", traffic.MODEL).values() for s in series]
    assert all(map(math.isfinite, found))


def test_both_variables_find_something_to_choose(watched, board):
    running, _ = watched
    queries = [v["query"] for v in board["templating"]["list"] if v["type"] == "query"]
    chosen = [q.removeprefix("label_values(").removesuffix(")").split(", ") for q in queries]
    values = [{s["metric"][label] for s in running.query(metric)} for metric, label in chosen]
    assert values[0] == {traffic.MODEL, "fraud"}
    assert len(values[1]) == 2


def test_promtool_accepts_the_metrics_of_a_real_run(promtool, watched):
    _, seawall = watched
    scraped = httpx.get(f"http://127.0.0.1:{seawall.port}/metrics").text
    assert "seawall_tolerance_w{" in scraped
    run = subprocess.run([promtool, "check", "metrics"], input=scraped, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_over_a_run_that_is_well_every_rule_evaluates_and_none_is_raised(watched):
    running, seawall = watched
    running.wait_for("seawall_ready == 1")
    ours = f"127.0.0.1:{seawall.port}"
    found = running.rules()
    assert {(rule["name"], rule["health"]) for rule in found if rule["health"] != "ok"} == set()
    raised = [alert["labels"] for rule in found for alert in rule["alerts"]]
    assert [labels for labels in raised if labels.get("instance", ours) == ours] == []


def test_a_model_that_nobody_watches_any_more_is_named(watched):
    running, seawall = watched
    seawall.end()
    running.wait_for('ALERTS{alertname="SeawallModelUnwatched"}')
    (rule,) = (rule for rule in running.rules() if rule["name"] == "SeawallModelUnwatched")
    (alert,) = rule["alerts"]
    assert alert["state"] == "pending"
    assert alert["annotations"]["summary"] == f"Nothing watches {traffic.MODEL} any more"
