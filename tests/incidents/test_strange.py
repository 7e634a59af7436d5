"""Nearly all is wrong at once: records have hardly anything that is known, labels name classes of their own."""

from __future__ import annotations

import pytest
from incident_findings import Told, finding, points
from msgspec.structs import replace
from sample_events import SHIFT

from detectors.detector import share
from monitor.incidents.strange import OTHER_NAMES, STRANGE
from monitor.judge.judge import Verdict
from monitor.types import BinShift
from sinks.wording import message

FEATURES = tuple("abcdefghij")
WATCHED = [share(f"quality.missing.{name}", 2, 1) for name in (*FEATURES, "prediction")]


def missing(names, observed=1.0):
    bins = (BinShift("missing", 0.0, observed),)
    return [finding(f"quality.missing.{n}", 20, points(100 * observed), "missing", bins=bins) for n in names]


def told(*findings):
    policy = Told()
    verdict = Verdict(20, 2_100, 100, [], [], list(findings), WATCHED)
    return policy.policy.advance(verdict, {}, policy.judge)[0]


SCHEMA = finding("quality.schema", 20, points(100), "with absent or unknown features")


def test_where_nearly_all_features_are_gone_the_reference_is_asked_for_first():
    event = told(SCHEMA, *missing(FEATURES[:9]))
    assert event.notes == (STRANGE,)
    said = message(event)
    assert said.notes == ("hardly any feature that the reference knows is in these records",)
    assert said.look_first == (
        "whether this is the right reference, that of this model, then at the producer's last release: "
        "fields appeared or went"
    )


@pytest.mark.parametrize(
    "findings", [(SCHEMA, *missing(FEATURES[:8])), (SCHEMA, *missing(FEATURES, 0.5)), tuple(missing(FEATURES))]
)
def test_where_some_are_there_it_is_not(findings):
    assert told(*findings).notes == ()


def test_a_release_is_looked_at_after_it():
    notes = (STRANGE, "model version 7 began at 2026-01-01T13:58:00Z: look at that release first")
    assert message(replace(SHIFT, notes=notes)).look_first.startswith(
        "whether this is the right reference, that of this model, then at that release, then at the source of income"
    )


@pytest.mark.parametrize(("observed", "notes"), [(1.0, (OTHER_NAMES,)), (0.6, ())])
def test_where_every_labelled_prediction_is_wrong_the_names_of_the_classes_are_asked_for_first(observed, notes):
    bins = (BinShift("wrong", 0.05, observed),)
    event = told(finding("performance.error", 20, points(100 * observed), "wrong", bins=bins))
    assert event.notes == notes
    asked_first = message(event).look_first.startswith("whether labels name the classes as predictions do, then at ")
    assert asked_first == bool(notes)
