"""What signals are judged against, as the metrics show it."""

from __future__ import annotations

import threading
from dataclasses import replace
from math import log

import pytest
import traffic
from fake_source import FakeSource
from incident_findings import finding

from monitor.assembly import running, watched_models
from monitor.config.loading import load
from monitor.counting.tally import Tally
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.judge.budget import flagged
from monitor.observers import MetricsObserver


@pytest.fixture
def model(configured):
    path = configured(tolerance={"features": 0.2, "quality": 0.5, "feature.income": 0.05})
    (watched,) = watched_models(load(path, secrets=False), str(path))
    return watched


def test_a_signal_alarms_by_itself_from_the_evidence_it_needs_on_and_not_below(model):
    judge = model.judge
    for index, (name, needed, _, _) in enumerate(judge.limits()):
        group = judge.signals[index].group
        evidence = [0.0] * len(judge.groups[group])
        place = judge.groups[group].index(index)
        for short, found in ((1e-9, []), (-1e-9, [place])):
            evidence[place] = (needed - short) * log(10)
            assert flagged(evidence, judge.thresholds[group]) == found, name


def test_tolerances_are_those_of_the_configuration_each_in_its_unit(model):
    found = {name: (w, points) for name, _, w, points in model.judge.limits()}
    assert list(found) == [signal.name for signal in model.judge.signals]
    assert found["feature.income"] == (0.05, None)
    assert found["feature.rent"] == (0.2, None)
    assert found["prediction"] == (0.1, None)
    assert found["quality.missing.rent"] == (None, 0.5)


def test_the_metrics_show_them_from_the_first_judged_slot_on(model):
    metrics = Metrics("1")
    observer = MetricsObserver(metrics, Health(0.0), [model.name])

    def shown(name):
        asked = {"model": traffic.MODEL, "signal": "feature.income"}
        return metrics.registry.get_sample_value(f"seawall_{name}", asked)

    assert shown("tolerance_w") is None
    verdict, _ = model.records.judge_slot(0, Tally(model.reference.counts.copy()))
    observer.judged(model, verdict)
    assert shown("tolerance_w") == 0.05
    assert shown("evidence_log10") < shown("evidence_needed_log10")


def test_alarms_that_no_gauge_shows_are_counted_and_those_of_evidence_are_not(model):
    metrics = Metrics("1")
    observer = MetricsObserver(metrics, Health(0.0), [model.name])
    verdict, _ = model.records.judge_slot(0, Tally(model.reference.counts.copy()))
    attack = finding("anomaly.queries", 0, evidence=None)
    observer.judged(model, replace(verdict, alarms=[attack, finding("feature.income", 0)]))
    (counted,) = metrics.sequential_alarms.collect()
    assert {s.labels["signal"]: s.value for s in counted.samples} == {"anomaly.queries": 1}


def test_one_process_judges_all_its_models(configured, model):
    metrics = Metrics("1")
    config = load(configured(), secrets=False)
    one = running(config, [model], Health(0.0), metrics, stopping=threading.Event(), source=FakeSource())
    one.parts.outbox.close(one, one.clock())
    assert metrics.registry.get_sample_value("seawall_judged_here", {"model": traffic.MODEL}) == 1
