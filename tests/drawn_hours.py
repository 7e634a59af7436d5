"""A feature with a daily cycle that moves at some hours, drawn as counts until it is told, beside the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import pi, sin, sqrt

import numpy as np
from judge_streams import judge_of, normal_law, number
from numpy.typing import NDArray

from detectors import Detector
from monitor.counting.tally import RECORDS, Layout, Tally
from monitor.judge.family import Finding
from monitor.judge.in_time import FamilyInTime
from monitor.judge.judge import Judge
from monitor.reference.contexts import CYCLES, HOUR, Contexts
from monitor.reference.schema import Schema
from monitor.reference.store import Reference

SLOTS = 6
"""In an hour."""

Law = Callable[[int], list[float]]
"""The mass of each bin at an hour."""


def swinging(size: float, late: int = 0) -> Law:
    """Return a normal variable whose mean goes up and down by so much once a day, so many hours later than usual."""
    return lambda hour: normal_law(size * sin(2 * pi * (hour - late) / 24))


def moved(size: float, by: float, hours: Sequence[int] = range(24), deviation: float = 1.0) -> Law:
    """Return one that is higher by so much at some hours."""
    return lambda hour: normal_law(size * sin(2 * pi * hour / 24) + by * (hour in hours), deviation)


@dataclass(frozen=True)
class Move:
    """What is usual, and what comes of it."""

    usual: Law
    becomes: Law


MOVES = {
    "alike": Move(swinging(0.5), moved(0.5, 0.3)),
    "alike on a strong cycle": Move(swinging(1.5), moved(1.5, 0.5)),
    "three hours": Move(swinging(0.5), moved(0.5, 1.0, range(7, 10))),
    "an hour late": Move(swinging(1.5), swinging(1.5, 1)),
    "no cycle any more": Move(swinging(0.5), swinging(0.0)),
    "night for day": Move(swinging(0.5), swinging(0.5, 12)),
    "wider": Move(swinging(0.5), moved(0.5, 0.0, deviation=1.25)),
}


@dataclass
class Heard:
    """What was told of one stream.

    Attributes
    ----------
    truths : list of float
        w within the hours of the records since the onset, at each finding, about the law that the reference was drawn
        from.
    counted : list of float
        The same about the accepted frequencies.
    present : float
        The present effect at the end.
    """

    findings: list[Finding] = field(default_factory=list)
    truths: list[float] = field(default_factory=list)
    counted: list[float] = field(default_factory=list)
    present: float = 0.0


def heard(
    move: Move,
    seed: int,
    *,
    per_slot: int = 50,
    reference: int = 50_000,
    days: float = 2,
    restart_at: int | None = None,
) -> Heard:
    """Return what is told of a move that begins with some hour, after half a day as usual.

    After so many slots the judge is one that goes on from what the first one remembers.
    """
    draw = np.random.default_rng(seed)
    judge, layout = _judge(move, draw, reference)
    shown = [s.name for s in judge.signals].index("feature.x")
    begin, found, records = int(draw.integers(0, 24)) * SLOTS, Heard(), []
    for slot in range(begin, begin + int((days + 0.5) * 24 * SLOTS)):
        if slot - begin == restart_at:
            saved = judge.state()
            judge, _ = _judge(move, np.random.default_rng(seed), reference)
            judge.restore(saved)
        at = slot // SLOTS % 24
        law = (move.usual if slot < begin + 12 * SLOTS else move.becomes)(at)
        verdict = judge.advance(slot, _tally(layout, draw.multinomial(per_slot, law)))
        records.append((slot, at))
        for finding in verdict.alarms:
            found.findings.append(finding)
            hours = np.bincount([h for s, h in records if s >= finding.onset], minlength=24)
            found.truths.append(_truth(move, hours, partial(_from_usual, move)))
            found.counted.append(_truth(move, hours, partial(_from_accepted, judge)))
        found.present = verdict.effects[shown].w or 0.0
    return found


def _truth(move: Move, hours: NDArray[np.int64], far: Callable[[int, list[float]], float]) -> float:
    squares = [n * far(hour, move.becomes(hour)) for hour, n in enumerate(hours.tolist()) if n]
    return sqrt(sum(squares) / hours.sum())


def _from_usual(move: Move, hour: int, law: list[float]) -> float:
    return sum((q - p) ** 2 / p for q, p in zip(law, move.usual(hour), strict=True))


def _from_accepted(judge: Judge, hour: int, law: list[float]) -> float:
    (family,) = [f for f in judge.families if isinstance(f, FamilyInTime) and f.values]
    null = family.strata.nulls[hour]
    accepted = null.accepted[0, : len(null.signals[0].bins)]
    here = np.bincount(family.strata.groups[hour, 0], weights=law)
    return float(((here - accepted) ** 2 / accepted).sum())


def _judge(move: Move, draw: np.random.Generator, reference: int) -> tuple[Judge, Layout]:
    detectors: list[Detector] = [number("x").detector]
    layout = Layout(detectors)
    counts = np.array([_tally(layout, draw.multinomial(reference // 24, move.usual(hour))).cells for hour in range(24)])
    contexts = Contexts("hour_of_day", CYCLES["hour_of_day"].names, ("feature.x",), counts)
    whole = counts.sum(axis=0)
    accepted = Reference("m", Schema(()), layout, whole, int(whole[RECORDS]), {}, None, None, contexts=(contexts,))
    return judge_of(accepted, slot=HOUR // SLOTS), layout


def _tally(layout: Layout, counts: NDArray[np.int64]) -> Tally:
    tally = layout.empty()
    tally.cells[RECORDS] = counts.sum()
    tally.cells[layout.starts[0] + 1 : layout.starts[0] + 1 + len(counts)] = counts
    return tally
