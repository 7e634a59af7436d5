from __future__ import annotations

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.errors import REASONS
from monitor.http.metrics import JOINED, MOST_SIGNALS, Limit, Metrics, Reading
from monitor.types import OUTCOMES, Partition

CONTRACT = [
    "records_total{model}",
    "ignored_total{reason}",
    "dead_letters_total{reason}",
    "late_total{model}",
    "duplicates_total{model}",
    "slots_judged_total{model}",
    "judged_here{model}",
    "effect_w{model,signal}",
    "effect_psi{model,signal}",
    "effect_points{model,signal}",
    "evidence_log10{model,signal}",
    "evidence_needed_log10{model,signal}",
    "tolerance_w{model,signal}",
    "tolerance_points{model,signal}",
    "incidents_open{model,severity}",
    "incidents_total{model,severity,event}",
    "deliveries_total{sink,outcome}",
    "outbox_depth{sink}",
    "kafka_lag_records{topic,partition}",
    "unpaired_total{model,half}",
    "watermark_timestamp_seconds{topic,partition}",
    "checkpoint_timestamp_seconds",
    "heartbeat_timestamp_seconds",
    "build_info{version}",
    "kafka_rebuilds_total",
    "broker_up",
    "ready",
    "retrain_total{model,rule,outcome}",
    "labels_total{model,outcome}",
    "shadow_total{model,check,outcome}",
    "shadow_late_total{model}",
    "sequential_alarms_total{model,signal}",
]


@pytest.fixture
def metrics():
    return Metrics("1.2.3")


def own(metrics):
    """Return prometheus_client's objects by their names as they are served."""
    found = {}
    for metric in vars(metrics).values():
        if hasattr(metric, "_labelnames"):
            found[metric._name + ("_total" if metric._type == "counter" else "")] = metric
    return found


@pytest.mark.parametrize("promised", CONTRACT)
def test_each_metric_of_the_contract_is_there_with_its_labels(metrics, promised):
    name, _, labels = promised.removesuffix("}").partition("{")
    if name == "build_info":
        assert metrics.registry.get_sample_value("seawall_build_info", {"version": "1.2.3"}) == 1
    else:
        assert ",".join(own(metrics)[f"seawall_{name}"]._labelnames) == labels


def test_counters_end_in_total_and_times_in_timestamp_seconds_and_nothing_else_does(metrics):
    for name, metric in own(metrics).items():
        assert name.endswith("_total") == (metric._type == "counter")
        assert re.fullmatch(r"seawall_[a-z_0-9]+", name)
        assert metric._documentation.endswith(".")


def samples(metrics, name):
    return {
        tuple(sample.labels.values()): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def test_a_signal_shows_what_it_has_and_nothing_else(metrics):
    metrics.signals("m", [Reading("feature.a", evidence=2.5, w=0.3, psi=0.1), Reading("quality.late", points=4.0)])
    assert samples(metrics, "seawall_evidence_log10") == {("m", "feature.a"): 2.5}
    assert samples(metrics, "seawall_effect_w") == {("m", "feature.a"): 0.3}
    assert samples(metrics, "seawall_effect_psi") == {("m", "feature.a"): 0.1}
    assert samples(metrics, "seawall_effect_points") == {("m", "quality.late"): 4.0}


def test_signals_beyond_the_bound_share_one_name_and_the_largest_value(metrics):
    many = [Reading(f"feature.{n}", evidence=float(n)) for n in range(MOST_SIGNALS + 3)]
    metrics.signals("m", many)
    metrics.signals("m", [Reading("feature.late", evidence=7.0), Reading("feature.1", evidence=9.0)])
    shown = samples(metrics, "seawall_evidence_log10")
    assert len(shown) == MOST_SIGNALS + 1
    assert shown["m", "feature.1"] == 9.0
    assert shown["m", "other"] == 7.0


def test_what_a_signal_is_judged_against_stands_beside_what_it_shows(metrics):
    metrics.limits("m", [Limit("feature.a", needed=6.5, w=0.1), Limit("quality.late", needed=7.5, points=0.0)])
    assert samples(metrics, "seawall_evidence_needed_log10") == {("m", "feature.a"): 6.5, ("m", "quality.late"): 7.5}
    assert samples(metrics, "seawall_tolerance_w") == {("m", "feature.a"): 0.1}
    assert samples(metrics, "seawall_tolerance_points") == {("m", "quality.late"): 0.0}


def test_signals_beyond_the_bound_are_held_to_the_smallest_limit(metrics):
    metrics.signals("m", [Reading(f"feature.{n}", w=0.0) for n in range(MOST_SIGNALS)])
    metrics.limits("m", [Limit("feature.x", w=0.3), Limit("feature.y", w=0.2), Limit("quality.late", points=1.0)])
    assert samples(metrics, "seawall_tolerance_w") == {("m", "other"): 0.2}
    assert samples(metrics, "seawall_tolerance_points") == {("m", "other"): 1.0}


def test_the_bound_is_one_for_each_model(metrics):
    for model in ("a", "b"):
        metrics.signals(model, [Reading(f"feature.{n}", w=0.1) for n in range(MOST_SIGNALS)])
    assert len(samples(metrics, "seawall_effect_w")) == 2 * MOST_SIGNALS


def test_a_severity_without_incidents_is_zero(metrics):
    metrics.open_incidents("m", {"error": 2})
    metrics.open_incidents("m", {"warning": 1})
    shown = samples(metrics, "seawall_incidents_open")
    assert shown == {("m", "info"): 0, ("m", "warning"): 1, ("m", "error"): 0, ("m", "critical"): 0}


def test_what_has_not_happened_yet_is_zero_so_that_the_first_of_it_is_an_increase(metrics):
    metrics.begin(["m"])
    metrics.begin_sink("slack", lambda: 3)
    shown = samples(metrics, "seawall_incidents_total")
    assert len(shown) == 4 * 3
    assert shown["m", "critical", "opened"] == 0
    outcomes = {("slack", outcome): 0 for outcome in ("delivered", "retried", "failed", "dropped")}
    assert samples(metrics, "seawall_deliveries_total") == outcomes
    assert samples(metrics, "seawall_outbox_depth") == {("slack",): 3}
    assert samples(metrics, "seawall_dead_letters_total") == {(reason,): 0 for reason in REASONS}
    assert samples(metrics, "seawall_ignored_total") == {("other model",): 0}


def test_a_partition_that_is_no_longer_ours_is_no_longer_shown(metrics):
    metrics.partitions({Partition("t", 0): 5, Partition("t", 1): 6}, {Partition("t", 0): 1.5})
    metrics.partitions({Partition("t", 1): 7}, {})
    assert samples(metrics, "seawall_kafka_lag_records") == {("t", "1"): 7}
    assert samples(metrics, "seawall_watermark_timestamp_seconds") == {}


def test_prometheus_can_read_what_is_served(served):
    served.metrics.records.labels("m").inc(3)
    answer = served.request("/metrics")
    assert answer.getheader("Content-Type").startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert families["seawall_records"].samples[0].value == 3
    assert "process_resident_memory_bytes" in families


def test_open_metrics_is_served_to_whoever_asks(served):
    answer = served.request("/metrics", Accept="application/openmetrics-text; version=1.0.0, text/plain;q=0.5")
    assert answer.getheader("Content-Type").startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


def test_names_from_outside_cannot_break_a_line(served):
    served.metrics.signals("m", [Reading('feature.a"\n} 1\nseawall_ready 5', w=0.5)])
    families = {f.name: f for f in text_string_to_metric_families(served.request("/metrics").text)}
    assert families["seawall_effect_w"].samples[0].labels["signal"] == 'feature.a"\n} 1\nseawall_ready 5'
    assert families["seawall_ready"].samples[0].value == 0


def test_what_a_rule_for_retraining_has_not_decided_yet_is_0(metrics):
    metrics.begin_rules("m", ["weekly"])
    for outcome in OUTCOMES:
        labels = {"model": "m", "rule": "weekly", "outcome": outcome}
        assert metrics.registry.get_sample_value("seawall_retrain_total", labels) == 0


def test_labels_and_alarms_that_have_not_come_yet_are_0(metrics):
    metrics.begin_labels(["m"])
    metrics.begin_sequential("m", ["anomaly.queries"])
    assert samples(metrics, "seawall_labels_total") == {("m", o): 0 for o in JOINED}
    assert samples(metrics, "seawall_sequential_alarms_total") == {("m", "anomaly.queries"): 0}
