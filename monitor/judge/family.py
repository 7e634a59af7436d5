"""Signals of one kind, judged together: values with tilts and bets that follow the data, shares with Bernoulli bets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.detector import Signal
from monitor.judge import effect
from monitor.judge.bets import SCALE, share_bets, tilts
from monitor.judge.bursts import Bursts
from monitor.judge.calm import back_from_shares, back_from_values
from monitor.judge.directions import directions
from monitor.judge.edetector import EDetector, Onset, gain
from monitor.judge.null import Null, ordered_sum
from monitor.judge.plugin import MEMORIES, SHOWN, Recent
from monitor.types import BinShift, Effect

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FOLLOWING = 0.2
"""Weight in the mixture of the bets that follow the data."""

LOG10 = SCALE * log(10.0)


@dataclass(frozen=True)
class Finding:
    """An alarm: one signal is beyond what was accepted.

    `evidence` is log10; None for a sequential detector, whose alarms follow a rule of its own. `given` is what it was
    compared within: a cycle's key, or a field's column; `level` the level of it of whose records alone it tells;
    `mostly` when it moved most, in words. `records` are those of the signal that `bins` are shares of. `anew` says that
    the shift has another size than before, for certain, and that what is told rests on the records since.
    """

    signal: Signal
    evidence: float | None
    onset: int
    onset_records: int
    effect: Effect
    shape: str
    bins: tuple[BinShift, ...]
    given: str | None = None
    level: str | None = None
    mostly: str | None = None
    records: int | None = None
    anew: bool = False


class Seen(NamedTuple):
    """Records since an onset.

    Attributes
    ----------
    counts : sequence of int or float (K,)
        Those of bins that are joined in their context as the whole has them.
    accepted : list of float (K,)
        The frequencies that are accepted of them.
    chance : float or None
        What chance adds to the square of w, where bins are joined.
    within : int array (C, K) or None
        The counts by context, as far as they are known, where contexts are in time.
    """

    counts: Sequence[float]
    accepted: list[float]
    chance: float | None = None
    within: Ints | None = None


class Told(NamedTuple):
    """In which shape records differ from what is accepted of them, in which bins, of how many records; when mostly."""

    shape: str
    bins: tuple[BinShift, ...]
    records: int
    mostly: str | None = None


class Family:
    """The signals of one kind.

    Parameters
    ----------
    null : Null
    slots_a_day : float
    """

    def __init__(self, null: Null, slots_a_day: float) -> None:
        self.fixed, weights = tilts(null) if null.of_values else share_bets(null)
        self._begin(null, Recent(null, slots_a_day), weights, null.shape[1])

    def _begin(self, null: Null, recent: Recent, weights: Floats, width: int) -> None:
        """Start from nothing, with the weights (S, B) of fixed bets; detectors see so many counts of a signal."""
        self.null, self.recent, self.bursts = null, recent, Bursts(null)
        self.values, self.fixed_bets = null.of_values, weights.shape[1]
        one_way = np.array([[signal.unusual] for signal in null.signals], dtype=bool).reshape(-1, 1)
        self.detector = EDetector(mixture(weights, MEMORIES if self.values else 0, one_way), width)
        self.counts: Ints = np.zeros(null.shape, dtype=np.int64)

    def advance(
        self,
        cells: Ints,
        *,
        mass: int,
        slot: int,
        slots: int,
        records: int,
        given: Ints | None = None,
        denser: float = 1.0,
    ) -> Ints:
        """Judge one slot's cells; return log M per signal.

        Parameters
        ----------
        slots : int
            How many passed since the last one.
        denser : float
            How many times as many records there were as of the reference in a slot, 1 at least.
        given : int array (C, cells) or None
            The cells by level of the field that is a context.
        """
        self.counts = self.null.gather(cells)
        gained, active = self._gained(slot, given)
        gained = self.bursts.slowed(gained, denser)
        self.detector.advance(self._seen(), gained, active, mass=mass, slot=slot, records=records)
        self._learn(slot, slots)
        return self.detector.evidence()

    def _gained(self, slot: int, given: Ints | None) -> Bets:
        """Return what all bets made of the slot, and which of them were there, each (S, B)."""
        fixed = gain(self.fixed, self.counts), np.ones(self.fixed.shape[:2], dtype=bool)
        if not self.values:
            return fixed
        following, awake = self.recent.bets()
        return beside(fixed, (gain(following, self.counts), awake))

    def _seen(self) -> Ints:
        """Return what detectors see of the slot: its counts (S, K)."""
        return self.counts

    def _learn(self, slot: int, slots: int) -> None:
        """Remember the slot for the bets of those to come."""
        self.recent.add(self.counts, slots)
        self.bursts.add(self.counts)

    def accepted_of(self, row: int, seen: Sequence[int]) -> list[float]:
        """Return the accepted frequencies (K,) of records whose counts a detector has seen."""
        accepted: list[float] = self.null.accepted[row].tolist()
        return accepted

    @property
    def parts(self) -> tuple[Family, ...]:
        """All that remembers something: itself, and what judges the same records otherwise."""
        return (self,)

    def leading(self, row: int) -> int | None:
        """Return the level of a field whose own records show most; None where it is all records together."""
        return None

    def clear(self, row: int) -> None:
        """Start a signal anew after an alarm."""
        self.detector.clear([row])

    def watched(self, row: int, level: int | None = None) -> Ints:
        """Return the last slot's counts as the way back of a signal looks at them, in a level where that led."""
        counts: Ints = self.counts[row]
        return counts

    def finding(self, row: int, log_m: int, before: Onset | None = None) -> tuple[Finding, Onset]:
        """Return what to tell of a signal that alarms, and since when that holds.

        It rests on all records since the onset `before`, of a shift that was told and is not over, unless the size
        has changed for certain.
        """
        onset = fresh = self.detector.began(row, self.detector.leading(row))
        seen = self._seen_since(row, fresh)
        size = self._size(row, seen, self.least(row))
        if before is not None:
            of_all = self._seen_since(row, before)
            if effect.alike(self._size(row, self._like(row, of_all, seen)), size):
                onset, seen, size = before, of_all, self._size(row, of_all)
        shape, bins, records, mostly = self._told(row, seen)
        evidence, anew = round(log_m / LOG10, 2), before is not None and onset is fresh
        signal = self.null.signals[row]
        of: dict[str, Any] = {"mostly": mostly, "records": records, "anew": anew}
        return Finding(signal, evidence, onset.slot, onset.records, size, shape, bins, **of), onset

    def least(self, row: int) -> float:
        """Return how large a shift is at least that alarms."""
        return float(self.null.fixed[row])

    def _seen_since(self, row: int, onset: Onset) -> Seen:
        """Return the records since then."""
        seen, bins = self.detector.since(row, onset), len(self.null.signals[row].bins)
        return Seen(seen[:bins], self.accepted_of(row, seen)[:bins])

    def _like(self, row: int, of_all: Seen, seen: Seen) -> Seen:
        """Return those of all records to which others are compared."""
        return of_all

    def _size(self, row: int, seen: Seen, beyond: float = 0.0) -> Effect:
        """Return how far records are from what is accepted of them."""
        counts, accepted, design = seen.counts, seen.accepted, self.bursts.effect(row)
        if self.values:
            return effect.value_effect(counts, accepted, design, beyond, seen.chance)
        return effect.share_effect(sum(counts[1::2]), sum(counts), self.null.expected(accepted, counts), design)

    def _told(self, row: int, seen: Seen) -> Told:
        """Return what to tell of records."""
        signal, counts, accepted = self.null.signals[row], seen.counts, seen.accepted
        records = round(sum(counts))
        if self.values:
            shape = effect.value_shape(signal, counts, accepted)
            return Told(shape, effect.told_bins(signal, shape, counts, accepted), records)
        expected, observed = self.null.expected(accepted, counts), sum(counts[1::2]) / sum(counts)
        share = BinShift(signal.event, round(expected, 4), round(observed, 4))
        return Told(effect.share_shape(signal.name), (share,), records)

    def back(self, row: int) -> Ints:
        """Return the bets on the way back of a signal that alarms, in the direction of its leading bet."""
        design, width = self.bursts.effect(row), self.null.shape[1]
        if not self.values:
            bounds = self.null.bounds[row, : self.null.signals[row].contexts].tolist()
            return back_from_shares(bounds, design, width)
        bet = self.detector.leading(row)
        signal = self.null.signals[row]
        accepted = self.null.accepted[row, : len(signal.bins)].tolist()
        if bet < self.fixed_bets:
            return back_from_values(self._score(row, bet), float(self.null.fixed[row]), design, width)
        excess = self.recent.excess(row, bet - self.fixed_bets)[: len(accepted)]
        size = sqrt(sum(p * x * x for p, x in zip(accepted, excess, strict=True)))
        return back_from_values([x / size for x in excess], float(self.null.adaptive[row]), design, width)

    def _score(self, row: int, bet: int) -> list[float]:
        """Return the score of the direction that a fixed bet on values is for."""
        signal = self.null.signals[row]
        accepted = self.null.accepted[row, : len(signal.bins)].tolist()
        return [d.score for d in directions(signal, accepted) for _ in d.strengths][bet]

    def present(self) -> list[Effect]:
        """Return the present effect of every signal over about its last 8,000 records, noise taken off."""
        if self.values:
            seen, noise = (part[:, 0].tolist() for part in self.recent.distance(slice(SHOWN, SHOWN + 1)))
            return [Effect(w=sqrt(max(0.0, v - n)), psi=max(0.0, v - n)) for v, n in zip(seen, noise, strict=True)]
        counts, accepted = self.recent.counts[:, SHOWN], self.null.accepted
        whole, events = ordered_sum(counts).tolist(), ordered_sum(counts[:, 1::2]).tolist()
        expected = accepted[:, 1].tolist()
        for row in np.flatnonzero(accepted[:, 2:].any(axis=1)).tolist():
            expected[row] = self.null.expected(accepted[row].tolist(), counts[row].tolist())
        return [Effect(points=100 * (k / n - e) if n else 0.0) for k, n, e in zip(events, whole, expected, strict=True)]

    def own_state(self) -> dict[str, Any]:
        """Return what families of this kind alone remember."""
        return {}

    def own_restore(self, state: dict[str, Any]) -> None:
        """Go on from that."""


Bets = tuple[Ints, NDArray[np.bool_]]


def beside(first: Bets, second: Bets) -> Bets:
    """Return tables (S, B, K) or gains (S, B), and which are active (S, B), one kind of bets behind the other."""
    return np.concatenate([first[0], second[0]], axis=1), np.concatenate([first[1], second[1]], axis=1)


def mixture(weights: Floats, following: int, one_way: NDArray[np.bool_]) -> Floats:
    """Return the weight of each bet in its signal's evidence; those that follow the data share a part of it.

    Nothing follows the data of a signal of which only one direction matters: they may lead elsewhere.
    """
    part = np.where(one_way, 0.0, FOLLOWING if following else 0.0)
    return np.concatenate([weights * (1.0 - part), np.repeat(part / max(1, following), following, axis=1)], axis=1)
