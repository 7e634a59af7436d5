"""11. A change of schema is one alert: no crash, and no storm."""

from __future__ import annotations

import traffic
from monitor_process import told_once
from topic_traffic import produce


def retyped(record, rng):
    """Write numbers as texts, a list for another, and a field nobody knows."""
    features = record["features"]
    record["features"] = {name: str(value) for name, value in features.items()} | {"limit": [1, 2], "new": {"a": 1}}


def test_renamed_and_retyped_features_are_one_incident_and_every_record_counts(broker, topic, monitor):
    for change in (traffic.renamed_features, retyped):
        name = topic(2, retention_ms=-1)
        produce(broker.bootstrap, name, 2, traffic.traffic(120, seed=8, changed=range(30, 120), change=change))
        one = monitor(name, idle_timeout="10s")
        one.start()
        one.wait_until_read(12_000)
        one.wait_until(lambda one=one: one.asked("/readyz").get("state") == "idle")
        assert one.terminate() == 0
        told = told_once(one.events())
        assert len({event["incident"] for event in told}) == 1
        assert len(told) < 6
        assert one.saved()["models"][traffic.MODEL]["judge"]["records"] == 12_000
