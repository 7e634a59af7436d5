"""Policy and judge together on drawn streams: what a person would have received."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from judge_streams import Traffic, judge_of, mixed, normal_law, number

from monitor.incidents.policy import Policy, PolicySettings

SLOT = 10_000


class Received:
    """What was told of a stream of slots of so many records."""

    def __init__(self, traffic: Traffic, rows: int = 10_000, records: int = 100) -> None:
        self.traffic = traffic
        self.records = records
        self.judge = judge_of(traffic.reference(rows), every=259_200, in_records=False)
        self.policy = Policy("m", "sha256:0", PolicySettings(SLOT))
        self.slot = 0
        self.events = []

    def pass_by(self, slots: int, **changes: object) -> Received:
        for _ in range(slots):
            verdict = self.judge.advance(self.slot, self.traffic.tally(self.records, **changes))
            self.events += self.policy.advance(verdict, {}, self.judge)
            self.slot += 1
        return self

    def counted(self) -> Counter[str]:
        return Counter(e.event for e in self.events)


def test_one_broken_feature_is_one_incident_from_its_beginning_to_its_end():
    received = Received(mixed(seed=3)).pass_by(60).pass_by(200, n0={"law": normal_law(1.0)}).pass_by(300)
    assert received.counted() == {"opened": 1, "resolved": 1}
    opened, resolved = received.events[0], received.events[-1]
    assert (opened.severity, opened.summary) == ("error", "n0 shifted up")
    assert opened.since == "1970-01-01T00:10:00Z"
    assert resolved.time < "1970-01-01T01:10:00Z"
    assert received.policy.incidents == []


def test_one_cause_that_moves_many_signals_is_one_incident():
    broken = {f"n{i}": {"law": normal_law(0.6)} for i in range(4)} | {
        "kind": {"missing": 0.3},
        "many": {"missing": 0.3},
    }
    received = Received(mixed(seed=5)).pass_by(60).pass_by(60, **broken)
    assert received.counted()["opened"] == 1
    assert {s.signal for s in received.events[-1].signals} >= {
        *(f"feature.n{i}" for i in range(4)),
        "quality.missing.kind",
    }


def test_two_causes_fifteen_slots_apart_are_two_incidents():
    first = {"n0": {"law": normal_law(1.0)}}
    received = Received(mixed(seed=6)).pass_by(60).pass_by(15, **first).pass_by(30, **first, kind={"missing": 0.3})
    assert [e.summary.partition(":")[0] for e in received.events if e.event == "opened"] == ["n0 shifted up", "kind"]


@pytest.mark.parametrize("seed", range(3))
def test_a_stream_that_hovers_at_the_tolerance_opens_one_incident_at_most(seed):
    received = Received(Traffic({"x": number("x")}, seed), rows=100_000)
    draw = np.random.default_rng(seed)
    for _ in range(60):
        received.pass_by(50, x={"law": normal_law(float(draw.normal(0.1, 0.02)))})
    assert received.counted()["opened"] <= 1
    assert received.counted()["resolved"] == 0


def test_a_shift_that_shrinks_well_within_the_tolerance_is_resolved():
    received = Received(Traffic({"x": number("x")}, 2), rows=100_000, records=1_000)
    received.pass_by(100, x={"law": normal_law(0.14)}).pass_by(100, x={"law": normal_law(0.04)})
    assert received.counted()["resolved"] == 1


@pytest.mark.parametrize("shift", [normal_law(0.18), normal_law(0, 1.2), [1.2 if k % 2 else 0.8 for k in range(16)]])
def test_a_small_shift_that_stays_is_not_resolved_and_opened_again(shift):
    received = Received(Traffic({"x": number("x")}, 4), rows=100_000)
    received.pass_by(2_000, x={"law": shift})
    assert received.counted()["opened"] == 1
    assert received.counted()["resolved"] == 0
    assert received.counted()["updated"] <= 1


def test_quiet_traffic_tells_nothing():
    assert Received(mixed(seed=8)).pass_by(2_000).events == []
