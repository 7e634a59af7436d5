"""References and tallies for tests of the judge, drawn as counts: no records, no JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from math import factorial, prod
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins, Detector, NumericBins
from detectors.detector import Signal
from monitor.counting.tally import RECORDS, Layout, Tally
from monitor.judge.calm import Calm
from monitor.judge.edetector import Onset
from monitor.judge.judge import Budget, Judge, Verdict
from monitor.judge.null import Null, nulls
from monitor.reference.schema import Schema
from monitor.reference.store import Reference

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
EDGES = tuple(NormalDist().inv_cdf(k / 16) for k in range(1, 16))
"""Between 16 equal-mass bins of a standard normal variable."""


def normal_law(mean: float = 0.0, deviation: float = 1.0) -> list[float]:
    """Return the mass of a normal variable in the 16 bins."""
    below = [0.0, *(NormalDist(mean, deviation).cdf(e) for e in EDGES), 1.0]
    return [b - a for a, b in pairwise(below)]


def signal(bins: int, *, ordered: bool = True, name: str = "feature.x") -> Signal:
    """Return a value signal whose cells are its bins."""
    labels = tuple(LETTERS[k] for k in range(bins))
    return Signal(name, "features", "values", ordered, labels, tuple(range(bins)))


def share_signal(name: str = "quality.missing.x") -> Signal:
    """Return a share signal: cell 1 is the event."""
    return Signal(name, "quality", "share", False, ("others", "missing"), (0, 1))


def null_of(
    watched: Signal, counts: Sequence[int], *, tolerance: float = 0.0, alike: int = 1, effect: float = 1.0
) -> Null:
    """Return the null of one signal among `alike` equal ones, whose reference counts these are."""
    signals = [Signal(f"{watched.name}{i}", *_after_name(watched)) for i in range(alike)]
    effects = {s.name: effect for s in signals}
    reference = Reference("m", Schema(()), Layout([]), np.array(counts), sum(counts), effects, None, None)
    values, shares = nulls(reference, [(s, 0) for s in signals], lambda _: tolerance)
    return values if watched.kind == "values" else shares


def _after_name(s: Signal) -> tuple[Any, ...]:
    return s.group, s.kind, s.ordered, s.bins, s.bin_of, s.unusual


@dataclass(frozen=True)
class Column:
    """A feature: how it is binned, and the accepted mass of each of its bins."""

    detector: NumericBins | CategoryBins
    law: Sequence[float]

    def cells(self, law: Sequence[float] | None = None, *, missing: float = 0.0, unseen: float = 0.0) -> list[float]:
        """Return the mass of each cell of the detector."""
        own = np.array(self.law if law is None else law) / sum(self.law if law is None else law)
        inside = (1 - missing - unseen) * own
        if isinstance(self.detector, NumericBins):
            return [0.0, *inside.tolist(), 0.0, missing, 0.0]
        return [*inside.tolist(), 0.0, unseen, missing, 0.0]


def number(name: str, law: Sequence[float] | None = None) -> Column:
    """Return a numeric feature; without a law it is standard normal in 16 bins."""
    law = law or normal_law()
    return Column(NumericBins(f"feature.{name}", "features", tuple(float(k) for k in range(len(law) + 1))), law)


def levels(name: str, law: Sequence[float]) -> Column:
    """Return a categorical feature with levels a, b, c, …"""
    return Column(CategoryBins(f"feature.{name}", "features", tuple(LETTERS[: len(law)])), law)


class Traffic:
    """A model's records, as tallies.

    Parameters
    ----------
    columns : dict of Column
        By feature.
    seed : int
    """

    def __init__(self, columns: Mapping[str, Column], seed: int = 1) -> None:
        self.columns = dict(columns)
        self.draw = np.random.default_rng(seed)
        detectors: list[Detector] = [c.detector for c in self.columns.values()]
        self.layout = Layout(detectors)

    def tally(self, records: int, **changes: Mapping[str, Any]) -> Tally:
        """Return a slot; `changes` are arguments of `Column.cells` by feature."""
        tally = self.layout.empty()
        tally.cells[RECORDS] = records
        for (name, column), start in zip(self.columns.items(), self.layout.starts, strict=True):
            counts = self.draw.multinomial(records, column.cells(**changes.get(name, {})))
            tally.cells[start : start + len(counts)] = counts
        return tally

    def reference(self, records: int = 10_000, effects: Mapping[str, float] | None = None) -> Reference:
        """Return what a sample of accepted records gives."""
        counts = self.tally(records).cells
        return Reference("m", Schema(()), self.layout, counts, records, dict(effects or {}), None, None)


def judge_of(
    reference: Reference, *, tolerance: float = 0.1, every: float = 1e6, in_records: bool = True, slot: int = 10_000
) -> Judge:
    """Return a judge with one tolerance in w for values, and the usual 0.1 points for shares (0 where it is 0)."""
    points = 0.1 if tolerance else 0.0
    return Judge(reference, Budget(every, in_records), lambda s: tolerance if s.kind == "values" else points, slot)


def judged(judge: Judge, tallies: Iterator[Tally] | Sequence[Tally], first: int | None = None) -> list[Verdict]:
    """Return the verdicts of consecutive slots."""
    start = (0 if judge.last is None else judge.last + 1) if first is None else first
    return [judge.advance(start + i, tally) for i, tally in enumerate(tallies)]


def alarms(verdicts: Sequence[Verdict]) -> list[tuple[int, str]]:
    """Return (slot, signal) of every alarm."""
    return [(v.slot, f.signal.name) for v in verdicts for f in v.alarms]


def mixed(seed: int = 1, numbers: int = 4) -> Traffic:
    """Return a small model: some numbers, a discrete one, two categorical features."""
    columns = {f"n{i}": number(f"n{i}") for i in range(numbers)}
    columns |= {"few": number("few", [0.6, 0.3, 0.08, 0.02]), "flag": number("flag", [0.97, 0.03])}
    columns |= {
        "kind": levels("kind", [0.5, 0.3, 0.12, 0.05, 0.03]),
        "many": levels("many", [1 / (k + 1) for k in range(20)]),
    }
    return Traffic(columns, seed)


def from_now(table: NDArray[np.int64]) -> Calm:
    """Return the way back with these bets, from an alarm in the first slot on."""
    return Calm.begun(table, 0, Onset(0, 0, np.zeros(table.shape[1], dtype=np.int64)))


@cache
def outcomes(records, law):
    """Return every way in which `records` fall into bins, with its probability."""
    found = []
    for counts in product(range(records + 1), repeat=len(law)):
        if sum(counts) == records:
            ways = factorial(records) // prod(map(factorial, counts))
            found.append((counts, ways * prod(p**c for p, c in zip(law, counts, strict=True))))
    return found
