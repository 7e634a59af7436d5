"""The tuned rows of the comparison: a budget for each slot length, and the same slots wherever it is used."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.detection import measure, tuning
from benchmarks.detection.jobs import TUNED, Job, carry_out, jobs
from benchmarks.detection.run import void
from benchmarks.detection.streams import DRIFTS

ADWIN = "Seawall, tuned to ADWIN"
SCALED = "Seawall, tuned to ADWIN, scaled"


@pytest.fixture
def world(monkeypatch):
    """Let alarms be Poisson counts: of 40,000 / every^1.2 per million records in slots of 64, rarer in longer ones."""
    draw, seen = np.random.default_rng(3), []

    def quiet(detector, accepted, seed, records, slot):
        seen.append((detector.every, seed, records, slot))
        return {"alarms": int(draw.poisson(rate(detector.every, slot) * records / 1e6))}

    def rate(every, slot):
        return 40_000 / every**1.2 * 64 / slot

    for module in (tuning, measure):
        monkeypatch.setattr(module, "quiet", quiet)
        monkeypatch.setattr(module, "accepted_of", lambda *_: None)
    monkeypatch.setattr(measure, "delay", lambda ours, _, drift, __: (ours.every, drift.slot))
    monkeypatch.setattr("benchmarks.detection.jobs._accepted", lambda *_: None)
    return seen, rate


@pytest.mark.parametrize("slot", [4, 64, 200])
@pytest.mark.parametrize("sought", [280.0, 30.0])
def test_a_budget_is_tuned_to_a_rate_in_its_slots(world, sought, slot):
    _, rate = world
    assert rate(tuning.calibrated(sought, slot), slot) == pytest.approx(sought, rel=0.35)


def test_no_draw_that_a_budget_is_tuned_on_is_measured_on(world):
    seen, _ = world
    tuning.calibrated(280.0, 64)
    seeds = [seed for _, seed, _, _ in seen]
    assert len(set(seeds)) == len(seeds) == tuning.REFERENCES
    runs = [int(job.subject) for part in ("quiet", "delays") for job in jobs(part, 100, [ADWIN], {"ADWIN": 280.0})]
    assert max(runs) < min(seeds)


def test_without_an_alarm_a_smaller_budget_is_tried_but_no_tenth_of_it():
    silent = [tuning.Counted(100.0, 0, 10**9)]
    assert tuning.fitted(silent, 280.0) == pytest.approx(10.0)
    assert tuning.fitted([tuning.Counted(100.0, 10**6, 10**6)], 2.0) == pytest.approx(1_000.0)


def test_all_counts_together_say_how_fast_the_rate_falls():
    exact = [tuning.Counted(every, round(4e10 / every**1.5), 10**6) for every in (100.0, 200.0, 400.0)]
    assert tuning.fitted(exact, 4e10 / 300**1.5) == pytest.approx(300, rel=0.01)


def test_a_slot_is_the_drift_s_unless_its_alarms_are_too_rare_to_count():
    assert all(tuning.slot_of(drift, tuning.slots_of(280.0)) == drift.slot for drift in DRIFTS.values())
    rare = tuning.slots_of(2.0)
    assert [tuning.slot_of(DRIFTS[name], rare) for name in ("mean 1", "scale 1.5", "mean .5", "of 20")] == [
        16,
        16,
        16,
        64,
    ]
    assert tuning.slots_of(280.0) == tuning.SLOTS
    assert tuning.slots_of(1e-9) == [200]


def test_each_slot_length_of_a_drift_has_a_budget_and_its_delays_are_measured_with_it(world):
    rates = {"ADWIN": 280.0, "ADWIN, scaled": 2.0}
    tuned = list(jobs("tuned", 100, list(TUNED), rates))
    budgets = {f"{job.detector}/{job.subject}": 1_000.0 + place for place, job in enumerate(tuned)}
    for name in TUNED:
        found = carry_out(Job("delays", name, "0"), 1.0, rates | budgets)["found"]
        assert set(found) == set(DRIFTS)
        assert all(every == budgets[f"{name}/{slot}"] for every, slot in found.values())
        assert all(slot >= DRIFTS[drift].slot for drift, (_, slot) in found.items())
        quiet = carry_out(Job("quiet", name, "0"), 1.0, rates | budgets)["found"]
        assert {f"{name}/{slot}" for slot in quiet} == {key for key in budgets if key.rpartition("/")[0] == name}


@pytest.mark.parametrize("part", ["tuned", "quiet", "delays"])
def test_nothing_is_tuned_to_a_peer_that_did_not_alarm(part):
    found = {job.detector for job in jobs(part, 10, list(TUNED), {"ADWIN": 280.0, "ADWIN, scaled": 0.0})}
    assert found == {ADWIN}


def test_with_new_budgets_all_of_the_tuned_is_measured_anew():
    keys = [f"tuned/{ADWIN}/64", f"quiet/{ADWIN}/0", f"delays/{SCALED}/3", "delays/ADWIN/3", "quiet/ADWIN/0"]
    assert [key for key in keys if not void(key, ["tuned"])] == ["delays/ADWIN/3", "quiet/ADWIN/0"]
    assert [key for key in keys if void(key, ["quiet"])] == [f"quiet/{ADWIN}/0", "quiet/ADWIN/0"]
