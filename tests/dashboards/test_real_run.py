"""Every query of the dashboard and every rule, over a real run that a real Prometheus scrapes."""

from __future__ import annotations

import math
import subprocess

import httpx
import loans_watched
import pytest
import traffic
from shadow_world import MODEL as LOANS

pytestmark = pytest.mark.real

CHECKED = "Robustness, attacks, errors"


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
    for row in rows(board):
        empty = [asked for asked, series in answered(watched, board, row, LOANS).items() if not series]
        assert empty == [], f"row {row!r}"


def test_what_the_endpoint_scorers_and_labels_show_is_in_their_row(watched, board):
    found = answered(watched, board, CHECKED, LOANS)
    flips, unusual, errors, queried, alarms, joined = (_last(found[key]) for key in found if key[1] == "A")
    assert flips["shadow.noise.0.2"] > 3
    assert unusual["anomaly.knn"] > 1
    assert errors["performance.error"] > 1
    assert queried["answered"] > 0
    assert alarms["anomaly.queries"] > 0
    assert joined["joined"] > 1_000
    assert joined["expired"] > 0


def test_a_retraining_is_seen_held_by_the_attack_and_started_after_it(watched, loans, board):
    found = answered(watched, board, "Incidents", LOANS)
    decided = _last(next(series for (title, _), series in found.items() if title.startswith("Retraining")))
    assert {outcome: count for outcome, count in decided.items() if count} == {"held": 1, "fired": 1}
    (run,) = loans[3].requests
    assert run.json["data"]["rule"] == loans_watched.RULE


def _last(series):
    """Return the last value of each line, by signal or outcome."""
    named = [(s["metric"].get("signal") or s["metric"].get("outcome"), s["values"][-1][1]) for s in series]
    return {name: float(value) for name, value in named}


def test_the_signal_that_moved_is_the_first_to_be_seen(watched, board):
    glance = answered(watched, board, "", traffic.MODEL)
    (worst,) = glance["Furthest from accepted", "A"]
    assert worst["metric"] == {"model": traffic.MODEL, "signal": "feature.income"}
    assert float(worst["value"][1]) > 3
    (strip,) = (p for p in rows(board)["Drift"] if p["title"].startswith("How far"))
    found = watched.query_range(filled(strip["targets"][0]["expr"], traffic.MODEL))
    assert 1 < len(found) <= 10
    highest = {s["metric"]["signal"]: max(float(value) for _, value in s["values"]) for s in found}
    assert max(highest, key=highest.get) == "feature.income"


def test_the_incident_is_counted_where_it_was_opened(watched, board):
    found = answered(watched, board, "", traffic.MODEL)["Open incidents", "A"]
    counts = {series["metric"]["severity"]: int(series["value"][1]) for series in found}
    assert counts == {"warning": 0, "error": 1, "critical": 0}


def test_the_table_says_of_each_size_what_is_tolerated(watched, board):
    found = answered(watched, board, "Drift", traffic.MODEL)
    columns = {letter: found["Furthest now", letter] for letter in "ABCDEFG"}
    signals = {letter: {s["metric"]["signal"] for s in series} for letter, series in columns.items()}
    assert len(signals["A"]) == 15
    assert signals["B"] == signals["C"]
    assert signals["D"] == signals["E"]
    assert signals["B"] | signals["D"] == signals["A"] == signals["F"] == signals["G"]
    tolerated = {s["metric"]["signal"]: float(s["value"][1]) for s in columns["C"] + columns["E"]}
    assert tolerated["feature.income"] == 0.1


def test_no_figure_on_top_is_infinite_or_no_number(watched, board):
    found = [float(s["value"][1]) for series in answered(watched, board, "", traffic.MODEL).values() for s in series]
    assert all(map(math.isfinite, found))


def test_both_variables_find_something_to_choose(watched, board):
    queries = [v["query"] for v in board["templating"]["list"] if v["type"] == "query"]
    chosen = [q.removeprefix("label_values(").removesuffix(")").split(", ") for q in queries]
    values = [{s["metric"][label] for s in watched.query(metric)} for metric, label in chosen]
    assert values[0] == {traffic.MODEL, LOANS}
    assert len(values[1]) == 2


def test_promtool_accepts_the_metrics_of_a_real_run(promtool, watched, loans):
    scraped = httpx.get(f"http://127.0.0.1:{loans[0].port}/metrics").text
    assert "seawall_tolerance_w{" in scraped
    assert "seawall_shadow_total{" in scraped
    run = subprocess.run([promtool, "check", "metrics"], input=scraped, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_over_a_run_that_is_well_every_rule_evaluates_and_none_is_raised(watched):
    watched.wait_for("sum(seawall_ready) == 2")
    watched.wait_for("absent(ALERTS)")
    found = watched.rules()
    assert {(rule["name"], rule["health"]) for rule in found if rule["health"] != "ok"} == set()
    assert [alert["labels"] for rule in found for alert in rule["alerts"]] == []


def test_a_model_that_nobody_watches_any_more_is_named(watched, credit):
    credit.end()
    watched.wait_for('ALERTS{alertname="SeawallModelUnwatched"}')
    (rule,) = (rule for rule in watched.rules() if rule["name"] == "SeawallModelUnwatched")
    (alert,) = rule["alerts"]
    assert alert["state"] == "pending"
    assert alert["annotations"]["summary"] == f"Nothing watches {traffic.MODEL} any more"
