"""Shifts of one feature, drawn as counts until they are told, beside the truth: what an alarm says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
from judge_streams import Column, Traffic, judge_of, levels, normal_law, number

from monitor.counting.tally import Tally
from monitor.judge.family import Finding
from monitor.judge.judge import Judge
from monitor.reference.schema import Schema
from monitor.reference.store import Reference

QUIET = 2_000
"""Records before the shift."""


@dataclass(frozen=True)
class Shift:
    """What becomes of one feature, and how it should be told.

    Attributes
    ----------
    words : tuple of str
        Shapes that are right.
    bins : tuple of str
        Bins of which the first that is told should be one; empty where none is right alone.
    """

    column: Column
    becomes: dict[str, Any]
    words: tuple[str, ...]
    bins: tuple[str, ...] = ()
    signal: str = "feature.x"


@dataclass(frozen=True)
class Told:
    """The first alarms of one stream.

    Attributes
    ----------
    truth : float
        w of the live law about the accepted frequencies, or percentage points.
    since : int
        Records before the shift.
    delay : int or None
        Records from the shift to the first alarm.
    """

    truth: float
    since: int
    delay: int | None = None
    findings: list[Finding] = field(default_factory=list)


NORMAL = number("x")
KIND = levels("x", [0.5, 0.3, 0.12, 0.05, 0.03])
MANY = levels("x", [1 / (k + 1) for k in range(20)])
FLAG = number("x", [0.97, 0.03])
LAST = ("n", "o", "p", "≥ 15")
SHIFTS = {
    "mean .15": Shift(NORMAL, {"law": normal_law(0.15)}, ("shifted up",)),
    "mean .3": Shift(NORMAL, {"law": normal_law(0.3)}, ("shifted up",), LAST),
    "mean 1": Shift(NORMAL, {"law": normal_law(1.0)}, ("shifted up",), LAST),
    "mean -.5": Shift(NORMAL, {"law": normal_law(-0.5)}, ("shifted down",), ("< 1",)),
    "scale 1.3": Shift(NORMAL, {"law": normal_law(0, 1.3)}, ("spread out",), ("< 1", *LAST)),
    "scale .75": Shift(NORMAL, {"law": normal_law(0, 0.75)}, ("narrowed",)),
    "upper tail": Shift(NORMAL, {"law": [0.05] * 15 + [0.25]}, ("heavier upper tail",), LAST),
    "3 to 8 %": Shift(KIND, {"law": [0.45, 0.3, 0.12, 0.05, 0.08]}, ("more of e",), ("e",)),
    "one of 20": Shift(MANY, {"law": [*(1 / (k + 1) for k in range(19)), 0.25]}, ("more of t",), ("t",)),
    "a level gone": Shift(KIND, {"law": [0.5, 0.0, 0.12, 0.05, 0.03]}, ("less of b",), ("b",)),
    "a flag": Shift(FLAG, {"law": [0.9, 0.1]}, ("shifted up", "heavier upper tail"), ("≥ 1",)),
    "missing": Shift(NORMAL, {"missing": 0.03}, ("missing",), ("missing",), "quality.missing.x"),
}


def told(
    shift: Shift,
    seed: int,
    *,
    reference: int = 10_000,
    tolerance: float = 0.1,
    slot: int = 50,
    each: int = 1,
    alarms: int = 1,
    most: int = 60_000,
) -> Told:
    """Return what was told of a shift that lasts; every record comes `each` times in a row, and the reference knows."""
    traffic = Traffic({"x": shift.column}, seed)
    effects = {shift.signal: float(each)} if each > 1 else {}
    accepted = repeated(traffic, reference, each).cells
    judge = judge_of(
        Reference("m", Schema(()), traffic.layout, accepted, reference, effects, None, None), tolerance=tolerance
    )
    quiet = QUIET // slot
    for at in range(quiet):
        judge.advance(at, repeated(traffic, slot, each))
    truth, findings, delay = truth_of(judge, shift), [], None
    for late in range(1, most // slot + 1):
        verdict = judge.advance(quiet + late - 1, repeated(traffic, slot, each, x=shift.becomes))
        findings += [f for f in verdict.alarms if f.signal.name == shift.signal]
        delay = late * slot if findings and delay is None else delay
        if len(findings) >= alarms:
            break
    return Told(truth, quiet * slot, delay, findings)


def repeated(traffic: Traffic, records: int, each: int, **changes: Any) -> Tally:
    """Return a slot in which every record is there `each` times."""
    tally = traffic.tally(records // each, **changes)
    tally.cells *= each
    return tally


def truth_of(judge: Judge, shift: Shift) -> float:
    """Return w of the law about the accepted frequencies; for shares, percentage points above the accepted one."""
    for family in judge.families:
        for row, signal in enumerate(family.null.signals):
            if signal.name == shift.signal:
                cells = shift.column.cells(**shift.becomes)
                law = np.bincount([b + 1 for b in signal.bin_of], weights=cells, minlength=len(signal.bins) + 1)[1:]
                accepted = family.null.accepted[row, : len(signal.bins)]
                return points(law, accepted) if signal.kind == "share" else far(law, accepted)
    raise KeyError(shift.signal)


def far(law: Sequence[float], accepted: Sequence[float]) -> float:
    """Return Cohen's w of a law."""
    whole = sum(law)
    return sqrt(sum((q / whole - p) ** 2 / p for q, p in zip(law, accepted, strict=True)))


def points(law: Sequence[float], accepted: Sequence[float]) -> float:
    """Return percentage points above the accepted share."""
    return float(100 * (law[1] / sum(law) - accepted[1]))


def covered(runs: Sequence[Told], *, later: bool = False) -> Iterator[bool]:
    """Yield whether each first interval holds the truth; with `later`, those of all further alarms."""
    for run in runs:
        for finding in run.findings[1:] if later else run.findings[:1]:
            low, high = finding.effect.low, finding.effect.high
            assert low is not None
            assert high is not None
            yield low - 1e-4 <= run.truth <= high + 1e-4
