"""docs/events.md says what the code does."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
from pydantic import SecretStr
from sample_events import SHIFT

from detectors.detector import Signal
from detectors.performance import ErrorRate
from detectors.shadow import LEVELS, Flips, Skew
from monitor.config.tolerance import GROUPS
from monitor.incidents.severity import severity_of
from monitor.judge.effect import share_shape
from monitor.judge.judge import Verdict
from monitor.observers import FindingsFile
from monitor.types import BinShift, Effect, Event, SignalChange, event_json
from sinks.cloud_event import cloud_event
from sinks.webhook import signature_headers

PAGE = (Path(__file__).parents[2] / "docs/events.md").read_text()
AT = 1_767_279_600
BODY = json.dumps(cloud_event(SHIFT)).encode()


def block(language, which=0):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[which]


def test_the_example_is_what_the_code_gives():
    assert json.loads(block("json")) == json.loads(json.dumps(event_json(SHIFT)))


def test_the_examples_of_side_streams_are_what_the_code_gives():
    told = msgspec.convert(json.loads(block("json", 1)), list[SignalChange], strict=True)
    counts = np.array([90, 10] * LEVELS + [0])
    noise, skew, error = Flips("noise", 0.2), Skew(), ErrorRate()
    signals = [noise.signals(counts)[0], skew.signals(np.array([99, 1, 0]))[0], error.signals(np.array([9, 1, 0]))[0]]
    assert [(change.signal, change.group) for change in told] == [(s.name, s.group) for s in signals]
    assert [change.shape for change in told] == [share_shape(s.name) for s in signals]
    assert [change.bins[0].bin for change in told] == ["flips", signals[1].bins[1], signals[2].bins[1]]
    assert [json.loads(json.dumps(msgspec.to_builtins(change))) for change in told] == json.loads(block("json", 1))


def test_every_group_and_every_kind_of_signal_is_named():
    rows = re.search(r"^\| `signal` .*\n.*$", PAGE, re.MULTILINE)[0]
    kinds = ("anomaly.knn", "performance.error", "performance.calibration", "shadow.skew", "shadow.noise.", "joint.")
    for name in (*GROUPS, *kinds):
        assert f"`{name}" in rows


@pytest.mark.parametrize("kind", [Event, SignalChange, Effect, BinShift])
def test_every_key_is_explained(kind):
    for key in kind.__struct_fields__:
        assert f"`{key}`" in PAGE or f"`effect.{key}`" in PAGE


def test_every_column_of_the_findings_is_explained():
    written = io.StringIO()
    signal = Signal("feature.x", "features", "values", ordered=True, bins=("a", "b"), bin_of=(0, 1))
    verdict = Verdict(1, 200, 100, [0.5], [Effect(w=0.1, psi=0.01)], [], [signal])
    judge = SimpleNamespace(limits=lambda: [("feature.x", 6.7, 0.1, None)])
    watched = SimpleNamespace(name="m", records=SimpleNamespace(judge=judge), sides={})
    FindingsFile(written, 10_000).judged(watched, verdict)
    table = PAGE.partition("## Findings")[2].partition("## ")[0]
    explained = {
        name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert explained == json.loads(written.getvalue()).keys()


@pytest.mark.parametrize(
    ("severity", "w", "points"), re.findall(r"^\| `(\w+)` \| .*?([\d.]+).* \| .*?(\d)", PAGE, re.MULTILINE)
)
def test_the_thresholds_are_the_codes(severity, w, points):
    just = 1e-6 if severity == "info" else -1e-6  # info is told by its upper bound, the others by their lower one
    assert severity_of(Effect(w=float(w) - just)) == severity
    assert severity_of(Effect(points=float(points) - just)) == severity


@pytest.mark.parametrize("secret", ["whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", "any text"])
def test_the_lines_that_verify_a_message_do(secret):
    page = {}
    exec(block("python"), page)  # noqa: S102 - the page's own example
    page["time"] = SimpleNamespace(time=lambda: AT + 20.0)
    headers = signature_headers(SHIFT.id, AT, BODY, [SecretStr("the old one"), SecretStr(secret)])
    assert page["genuine"](headers, BODY, secret)
    assert not page["genuine"](headers, BODY + b" ", secret)
    assert not page["genuine"](headers, BODY, "another")
    page["time"] = SimpleNamespace(time=lambda: AT + 301.0)
    assert not page["genuine"](headers, BODY, secret)
