"""What later alarms of one shift say: all that was seen of it, unless it became another."""

from __future__ import annotations

import pytest
from drawn_shifts import SHIFTS, told
from judge_streams import judge_of, judged, mixed, normal_law

LASTING = ("mean .3", "scale 1.3", "3 to 8 %", "missing")


@pytest.mark.parametrize("name", LASTING)
def test_what_is_told_of_a_shift_that_lasts_rests_on_all_records_since_its_onset(name):
    for run in (told(SHIFTS[name], seed, alarms=12) for seed in range(4)):
        first, last = run.findings[0], run.findings[-1]
        assert (last.onset, last.onset_records, last.anew) == (first.onset, first.onset_records, False)
        assert last.effect.high - last.effect.low < (first.effect.high - first.effect.low) / 2
        size = last.effect.w if last.effect.points is None else last.effect.points
        assert size == pytest.approx(run.truth, rel=0.2)


def after(*changes, records=100):
    """Return what alarms of a feature said: 20 slots as accepted, then 20 under each change."""
    traffic = mixed(seed=3)
    judge = judge_of(traffic.reference())
    laws = [law for law in (normal_law(), *changes) for _ in range(20)]
    verdicts = judged(judge, [traffic.tally(records, n0={"law": law}) for law in laws])
    return [f for v in verdicts for f in v.alarms if f.signal.name == "feature.n0"]


def test_a_shift_that_grows_is_told_by_the_records_since():
    found = after(normal_law(0.3), normal_law(1.5))
    anew = [finding for finding in found if finding.anew]
    assert [finding.onset for finding in anew] == [40]
    assert found[-1].onset == 40
    assert anew[0].effect.low > found[0].effect.w


def test_a_shift_the_other_way_is_told_as_one():
    found = after(normal_law(1.0), normal_law(-1.0))
    assert (found[0].shape, found[-1].shape) == ("shifted up", "shifted down")
    assert found[-1].onset == 40


def test_a_way_back_and_a_second_shift_are_two():
    found = after(normal_law(0.6), normal_law(), normal_law(0.6), records=400)
    assert sorted({finding.onset for finding in found}) == [20, 60]
    assert not any(finding.anew for finding in found)
