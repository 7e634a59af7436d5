"""Single records that are unusual, in words."""

from __future__ import annotations

from monitor.incidents.summary import summarise
from monitor.types import BinShift, Effect, SignalChange
from sinks.signals import beside, change, look_first


def test_unusual_records_are_told_beside_the_accepted_ones():
    moved = BinShift("stranger than 99 %", 0.01, 0.031), BinShift("stranger than 90–95 %", 0.05, 0.04)
    shift = SignalChange("anomaly.knn", "anomalies", 9.0, Effect(w=0.2), "more unusual records", moved)
    told = "3.1 % of them are stranger than 99 % of the accepted ones, accepted 1 %"
    assert change([shift]) == f"unusual records: {told}"
    assert beside([shift], follows=False) == f"unusual records: {told}"
    assert summarise([shift]) == "unusual records: 3.1 % are stranger than 99 % of accepted ones"
    assert summarise([shift], over=True) == "unusual records"
    assert look_first([shift]).startswith("at the verdicts")


def test_two_scorers_are_told_by_the_stronger_one():
    moved = (BinShift("stranger than 99 %", 0.01, 0.05),)
    both_of_them = [
        SignalChange(f"anomaly.{n}", "anomalies", 9.0, Effect(w=0.3), "more unusual records", moved)
        for n in ("trust", "knn")
    ]
    assert (
        summarise(both_of_them) == "records unlike their predicted class: 5 % are stranger than 99 % of accepted ones"
    )


def test_the_calibration_says_what_came_of_which_confidence():
    moved = BinShift("wrong at confidence from 0.9", 0.035, 0.16), BinShift("right at confidence from 0.9", 0.9, 0.8)
    shift = SignalChange("performance.calibration", "performance", 8.0, Effect(w=0.7), f"more of {moved[0].bin}", moved)
    told = "calibration: 16 % of labelled predictions are wrong at confidence from 0.9, accepted 3.5 %"
    assert change([shift]) == beside([shift], follows=False) == told
    assert summarise([shift]) == "calibration: 16 % are wrong at confidence from 0.9"
    assert summarise([shift], over=True) == "calibration"
