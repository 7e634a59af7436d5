"""Signals that are judged given the hour, the weekday, the month, or the level of a field.

Given its context every bet has mean at most 1, so the evidence is valid whatever contexts come. A context with few
records has fewer bins and larger radii. Only bets learn from other contexts: by how much more of each bin there was
than its contexts explain (indirect standardisation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import floor, log, sqrt

import numpy as np

from monitor.judge.bets import MOST_STAKED, SCALE, share_bets, tilts, tilts_of
from monitor.judge.calm import back_from_shares, back_from_values
from monitor.judge.directions import score_of
from monitor.judge.edetector import Onset
from monitor.judge.family import Bets, Family, Finding, Ints
from monitor.judge.null import Floats, Null, ordered_sum
from monitor.judge.plugin import EVERY, MEMORIES, SHOWN, Recent
from monitor.judge.strata import Strata
from monitor.types import Effect


class RecentInContext(Recent):
    """Fading counts, and beside them (columns K to 2 K) what was to be expected in the contexts they came in."""

    def __init__(self, strata: Strata, slots_a_day: float) -> None:
        super().__init__(strata.whole, slots_a_day)
        self.strata = strata
        self.width = strata.whole.shape[1]
        self.counts = np.zeros((len(strata.whole.signals), MEMORIES, 2 * self.width))

    def add_in(self, here: Sequence[tuple[int, Ints]], slots: int) -> None:
        """Let what was there fade, and add one slot's counts (S, K) in some contexts."""
        seen = np.zeros((len(self.counts), 2 * self.width))
        for context, counts in here:
            seen[:, : self.width] += counts
            seen[:, self.width :] += counts.sum(axis=1)[:, None] * self.strata.accepted[context]
        self.add(seen, slots)

    def distance(self, memories: slice = EVERY) -> tuple[Floats, Floats]:
        counts, squares = self.counts[:, memories], self.squares[:, memories]
        seen, expected = counts[..., : self.width], counts[..., self.width :]
        some = np.maximum(ordered_sum(seen), 1.0)
        inverse = np.divide(1.0, expected, out=np.zeros_like(expected), where=expected > 0)
        moved = (seen - expected) * (seen - expected) * inverse
        worth = some * some / np.maximum(squares, 1.0)
        degrees = np.array([len(s.bins) - 1.0 for s in self.null.signals]) * self.null.effects
        return ordered_sum(moved) / some, degrees[:, None] / worth

    def bets_in(self, context: int) -> Bets:
        """Return tables (S, MEMORIES, K) for a slot in a context, and which are not idle (S, MEMORIES)."""
        seen, noise = self.distance()
        tables = np.zeros((*self.squares.shape, self.width), dtype=np.int64)
        active = seen > noise
        for row, memory in np.argwhere(active).tolist():
            radius, effect = float(self.strata.nulls[context].adaptive[row]), float(self.null.effects[row])
            excess, variance = self.excess_in(context, row, memory)
            gain = variance - float(noise[row, memory]) - radius * sqrt(variance)
            if gain <= 0:
                active[row, memory] = False
                continue
            stake = min(MOST_STAKED, gain / variance)
            shrink = log(1 + radius * stake * sqrt(variance))
            tables[row, memory, : len(excess)] = [floor(SCALE / effect * (log(1 + stake * x) - shrink)) for x in excess]
        return tables, active

    def excess_in(self, context: int, row: int, memory: int) -> tuple[list[float], float]:
        """Return q / p - 1 per bin in a context, as far as its contexts do not explain it, and its variance."""
        bins = len(self.null.signals[row].bins)
        seen = self.counts[row, memory, :bins].tolist()
        expected = self.counts[row, memory, self.width : self.width + bins].tolist()
        accepted, groups = self.strata.accepted[context, row].tolist(), self.strata.groups[context, row].tolist()
        whole, more = [0.0] * bins, [0.0] * bins
        for k in range(bins):
            whole[groups[k]] += accepted[k]
            more[groups[k]] += accepted[k] * (seen[k] / expected[k] if expected[k] > 0 else 1.0)
        total = sum(more)
        excess = [
            more[groups[k]] / whole[groups[k]] / total - 1 if whole[groups[k]] > 0 and total > 0 else 0.0
            for k in range(bins)
        ]
        return excess, sum(p * x * x for p, x in zip(accepted, excess, strict=False))


class FamilyInContext(Family):
    """The signals of one kind that have the same contexts.

    Parameters
    ----------
    strata : Strata
    slots_a_day : float

    Attributes
    ----------
    here : list of (int, int array (S, K))
        The contexts of the slot's records, and their counts in each.
    """

    def __init__(self, strata: Strata, slots_a_day: float) -> None:
        whole, self.strata = strata.whole, strata
        self.memory = RecentInContext(strata, slots_a_day)
        weights = self.weights = tilts(whole)[1] if whole.of_values else _alike(share_bets(whole)[1])
        self._begin(whole, self.memory, weights, whole.shape[1] + len(strata.nulls) + 1)
        self.here: list[tuple[int, Ints]] = []
        self._fixed: dict[int, Bets] = {}
        self._ways_back: dict[tuple[int, int], Ints] = {}
        self._places = [_places(whole, row) for row in range(len(weights))] if self.values else []

    def _learn(self, slot: int, slots: int) -> None:
        self.memory.add_in(self.here, slots)

    def _seen(self) -> Ints:
        """Return counts (S, K), records in each context (S, C), and whether there are any (S, 1)."""
        bins, contexts = self.null.shape[1], len(self.strata.nulls)
        seen = np.zeros((len(self.counts), bins + contexts + 1), dtype=np.int64)
        for context, counts in self.here:
            seen[:, :bins] += counts
            seen[:, bins + context] = counts.sum(axis=1)
        seen[:, -1] = seen[:, :bins].any(axis=1)
        return seen

    def _fixed_at(self, context: int) -> Bets:
        """Return the fixed bets in a context: tables (S, B, K), and which are there."""
        if context not in self._fixed:
            self._fixed[context] = self._fixed_in(context)
        return self._fixed[context]

    def _fixed_in(self, context: int) -> Bets:
        """Return the fixed bets in a context, each where the same one stands in the others."""
        null = self.strata.nulls[context]
        if not self.values:
            of_shares, weights = share_bets(null)
            return of_shares, weights > 0
        tables = np.zeros((len(null.signals), self.fixed_bets, self.null.shape[1]), dtype=np.int64)
        exist = np.zeros(tables.shape[:2], dtype=bool)
        for row, signal in enumerate(self.null.signals):
            bins, groups = len(signal.bins), self.strata.groups[context, row]
            own = {(b.direction.name, b.place): b.table for b in tilts_of(null, row)}
            for bet, place in enumerate(self._places[row]):
                if (table := own.get(place)) is not None:
                    tables[row, bet, :bins] = np.array(table)[groups[:bins]]
                    exist[row, bet] = True
        return tables, exist

    def finding(self, row: int, log_m: int, before: Onset | None = None) -> tuple[Finding, Onset]:
        finding, onset = super().finding(row, log_m, before)
        return replace(finding, given=self.strata.by), onset

    def least(self, row: int) -> float:
        return 0.0  # given its context; over all of them shifts may cancel

    def accepted_of(self, row: int, seen: Sequence[int]) -> list[float]:
        return self._expected(row, seen[self.null.shape[1] : -1])

    def _expected(self, row: int, records: Sequence[float]) -> list[float]:
        """Return the accepted frequencies of so many records in each context."""
        total = [0.0] * self.null.shape[1]
        for context, count in enumerate(records):
            if count:
                total = [t + count * p for t, p in zip(total, self.strata.accepted[context, row].tolist(), strict=True)]
        whole = max(1.0, float(sum(records)))
        return [t / whole for t in total]

    def watched(self, row: int, level: int | None = None) -> Ints:
        seen = np.zeros((len(self.strata.nulls), self.null.shape[1]), dtype=np.int64)
        for context, counts in self.here:
            seen[context] = counts[row]
        return seen.ravel()

    def back(self, row: int) -> Ints:
        bet = self.detector.leading(row)
        if (found := self._ways_back.get((row, bet))) is None:
            found = np.concatenate([self._back_in(c, row, bet) for c in range(len(self.strata.nulls))], axis=1)
            if bet < self.fixed_bets:
                self._ways_back[row, bet] = found
        return found

    def _back_in(self, context: int, row: int, bet: int) -> Ints:
        null, signal = self.strata.nulls[context], self.null.signals[row]
        effect, width, bins = float(null.effects[row]), self.null.shape[1], len(signal.bins)
        if not self.values:
            return back_from_shares(null.bounds[row, :1].tolist(), effect, width)
        if bet >= self.fixed_bets:
            excess, variance = self.memory.excess_in(context, row, bet - self.fixed_bets)
            g, radius = [x / sqrt(variance) if variance > 0 else 0.0 for x in excess], float(null.adaptive[row])
        else:
            name, _ = self._places[row][bet]
            accepted = null.accepted[row, : len(null.signals[row].bins)].tolist()
            own = score_of(name, null.signals[row], accepted) or [0.0] * len(accepted)
            g, radius = [own[k] for k in self.strata.groups[context, row, :bins].tolist()], float(null.fixed[row])
        return back_from_values(g, radius, effect, width) * any(g)  # a context with a single bin says nothing

    def present(self) -> list[Effect]:
        if self.values:
            return super().present()
        seen = self.memory.counts[:, SHOWN].tolist()
        width = self.null.shape[1]
        found = []
        for counts in seen:
            whole = sum(counts[:width])
            moved = sum(counts[1:width:2]) - sum(counts[width + 1 :: 2])
            found.append(Effect(points=100 * moved / whole if whole else 0.0))
        return found


def _places(null: Null, row: int) -> list[tuple[str, int]]:
    """Return of each fixed bet of a signal its direction, and which of the strengths there it has."""
    return [(bet.direction.name, bet.place) for bet in tilts_of(null, row)]


def _alike(weights: Floats) -> Floats:
    """Return equal weights for all bets that may be: in one context or another each may be there."""
    return np.full(weights.shape, 1 / weights.shape[1])
