"""Exact alarms of seeded streams. A change here is a change of verdicts: say in the commit why it is better."""

from __future__ import annotations

import pytest
from judge_streams import judge_of, judged, mixed, normal_law

STREAMS = {
    "a mean": ({"n0": {"law": normal_law(0.4)}}, {}),
    "a scale, to the day": ({"n1": {"law": normal_law(0, 1.5)}}, {"in_records": False, "every": 259_200}),
    "a category, without tolerance": ({"kind": {"law": [0.45, 0.3, 0.12, 0.05, 0.08]}}, {"tolerance": 0.0}),
    "missing and unseen": ({"n2": {"missing": 0.03}, "many": {"unseen": 0.02}}, {}),
    "three at once": ({f"n{i}": {"law": normal_law(0.35)} for i in range(3)}, {}),
}


GOLDEN = {
    "a mean": [
        (53, "feature.n0", 50, 8.51, "shifted up"),
        (56, "feature.n0", 50, 8.23, "shifted up"),
        (59, "feature.n0", 50, 7.13, "shifted up"),
    ],
    "a scale, to the day": [
        (52, "feature.n1", 50, 9.2, "spread out"),
        (54, "feature.n1", 50, 7.31, "spread out"),
        (57, "feature.n1", 50, 9.76, "spread out"),
        (59, "feature.n1", 50, 7.28, "spread out"),
    ],
    "a category, without tolerance": [
        (53, "feature.kind", 50, 7.58, "more of e"),
        (57, "feature.kind", 50, 7.75, "more of e"),
    ],
    "missing and unseen": [
        (51, "quality.missing.n2", 50, 10.96, "missing"),
        (52, "quality.unseen.many", 50, 8.54, "in categories never seen before"),
        (54, "quality.missing.n2", 50, 10.02, "missing"),
        (56, "quality.missing.n2", 50, 8.5, "missing"),
        (56, "quality.unseen.many", 50, 9.78, "in categories never seen before"),
    ],
    "three at once": [
        (51, "feature.n2", 50, 7.51, "shifted up"),
        (53, "feature.n1", 50, 7.74, "shifted up"),
        (54, "feature.n0", 50, 8.29, "shifted up"),
        (54, "feature.n2", 50, 6.93, "shifted up"),
        (57, "feature.n1", 50, 7.41, "shifted up"),
        (58, "feature.n0", 50, 7.02, "shifted up"),
    ],
}


@pytest.mark.parametrize("stream", STREAMS)
def test_exact_alarms(stream):
    changes, settings = STREAMS[stream]
    traffic = mixed(seed=7)
    judge = judge_of(traffic.reference(), **settings)
    judged(judge, [traffic.tally(100) for _ in range(50)])
    verdicts = judged(judge, [traffic.tally(100, **changes) for _ in range(10)])
    found = [(v.slot, f.signal.name, f.onset, f.evidence, f.shape) for v in verdicts for f in v.alarms]
    assert found == GOLDEN[stream]
