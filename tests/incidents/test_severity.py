from __future__ import annotations

import pytest
from incident_findings import Told, finding, points, w

from monitor.incidents.severity import severity_of

TABLE = [
    (w(0.0), "info"),
    (w(0.0999), "info"),
    (w(0.1), "warning"),
    (w(0.2999), "warning"),
    (w(0.3), "error"),
    (w(5.0), "error"),
    (points(-20.0), "info"),
    (points(0.99), "info"),
    (points(1.0), "warning"),
    (points(4.99), "warning"),
    (points(5.0), "error"),
    (points(100.0), "error"),
]
STEPS = ("info", "warning", "error")


@pytest.mark.parametrize(("effect", "severity"), TABLE)
def test_severity_comes_from_the_effect(effect, severity):
    assert severity_of(effect) == severity


@pytest.mark.parametrize(("effect", "severity"), TABLE)
@pytest.mark.parametrize(("importance", "step"), [("low", -1), ("normal", 0), ("high", 1)])
def test_importance_moves_it_one_step_and_never_to_critical(effect, severity, importance, step):
    moved = min(2, max(0, STEPS.index(severity) + step))
    assert severity_of(effect, importance) == STEPS[moved]


def test_the_evidence_does_not_matter():
    weak, strong = (Told().slot(5, finding("feature.x", 5, w(0.15), evidence=e))[0] for e in (6.0, 900.0))
    assert weak.severity == strong.severity == "warning"


def test_the_importance_of_each_signal_counts():
    importance = {"feature.x": "low", "feature.y": "high"}
    policy = Told(importance=lambda name: importance.get(name, "normal"))
    assert policy.slot(5, finding("feature.x", 5, w(0.35)))[0].severity == "warning"
    assert policy.slot(6, finding("feature.y", 6, w(0.15)))[0].severity == "error"
