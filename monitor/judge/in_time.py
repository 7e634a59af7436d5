"""Signals that are judged given the hour, the weekday or the month: how far they moved there, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np

from monitor.judge.edetector import Onset, gain
from monitor.judge.family import Bets, Finding, Seen, Told, beside
from monitor.judge.in_context import FamilyInContext
from monitor.judge.lately import Lately
from monitor.judge.null import Floats, Ints, ordered_sum
from monitor.judge.spans import FEWEST, UNCLEAR, Way, hours, in_words, leading, spans, together
from monitor.judge.strata import Strata
from monitor.judge.visits import Visits
from monitor.judge.within import Moved, Part, apart, few_moved, part_of, taken_together, within, within_effect
from monitor.types import Effect


class FamilyInTime(FamilyInContext):
    """The signals of one kind that have the same contexts in time.

    Parameters
    ----------
    strata : Strata
    at : callable
        Gives a slot's context.
    slots_a_day : float
    """

    def __init__(self, strata: Strata, at: Callable[[int], int], slots_a_day: float) -> None:
        super().__init__(strata, slots_a_day)
        self.at = at
        signals, bins = strata.whole.shape
        self.hours = hours(strata.names)
        self.names = [strata.names[contexts[0]] for contexts in self.hours]
        self.visits, self.lately = Visits(signals, len(strata.nulls), bins), Lately(strata)

    def _gained(self, slot: int, given: Ints | None) -> Bets:
        context = self.at(slot)
        self.here = [(context, self.counts)]
        tables, awake = self._bets(context)
        return gain(tables, self.counts), awake

    def _bets(self, context: int) -> Bets:
        """Return all bets in a context: tables (S, B, K), and which are not idle."""
        fixed = self._fixed_at(context)
        return beside(fixed, self.memory.bets_in(context)) if self.values else fixed

    def _learn(self, slot: int, slots: int) -> None:
        super()._learn(slot, slots)
        if self.at(slot - slots) != self.here[0][0]:
            self.bursts.interrupt()
        self.bursts.add(self.counts)
        self.visits.add(slot, *self.here[0])
        self.lately.add(*self.here[0])

    def finding(self, row: int, log_m: int, before: Onset | None = None) -> tuple[Finding, Onset]:
        finding, onset = super().finding(row, log_m, before)
        self.visits.told[row] = onset.slot, self._since(row, onset)[0]
        return finding, onset

    def _since(self, row: int, onset: Onset) -> tuple[Ints, Ints]:
        """Return the counts (C, K) since then as far as they are known, and what the detector saw beside them."""
        bins, seen = self.null.shape[1], np.array(self.detector.since(row, onset))
        within = self.visits.since(row, onset, seen[:bins], seen[bins:-1])
        return within, seen[:-1] - np.concatenate([within.sum(axis=0), within.sum(axis=1)])

    def _seen_since(self, row: int, onset: Onset) -> Seen:
        return self._of(row, *self._since(row, onset)) if self.values else super()._seen_since(row, onset)

    def _like(self, row: int, of_all: Seen, seen: Seen) -> Seen:
        """Return those of the same hours: at others it may have moved less."""
        if of_all.within is None or seen.within is None or not seen.within.any():
            return of_all
        return self._of(row, np.where(seen.within.any(axis=1, keepdims=True), of_all.within, 0))

    def _of(self, row: int, within: Ints, beside: Ints | None = None) -> Seen:
        """Return these records (C, K), and some `beside` of which only counts (K) and contexts (C) are known.

        What bins say that are joined in a context is spread over them as what is accepted there.
        """
        width, bins = self.null.shape[1], len(self.null.signals[row].bins)
        rest = np.zeros(width + len(within), dtype=np.int64) if beside is None else beside
        accepted = self._expected(row, (within.sum(axis=1) + rest[width:]).tolist())
        inverse = np.array([1 / p if p > 0 else 0.0 for p in accepted])
        counts = rest[:width].astype(np.float64)
        chance = _chance(rest[:width], int(rest[width:].sum()), inverse)
        for context in np.flatnonzero(within.any(axis=1)).tolist():
            held, spread = self._spread(row, context, within[context])
            counts += held * spread
            chance += _chance(held, int(within[context].sum()), inverse * spread * spread)
        whole = max(1.0, float(ordered_sum(counts)))
        chance *= self.bursts.effect(row) / (whole * whole)
        return Seen(counts.tolist()[:bins], accepted[:bins], chance, within)

    def _spread(self, row: int, context: int, counts: Ints) -> tuple[Ints, Floats]:
        """Return how many records each bin holds with those it is joined with there, and its part of them."""
        null, groups = self.strata.nulls[context], self.strata.groups[context, row]
        if not null.accepted[row].any():
            return counts, np.ones(len(counts))
        held = np.zeros(null.shape[1], dtype=np.int64)
        np.add.at(held, groups, counts)
        whole, part = null.accepted[row][groups], self.strata.accepted[context, row]
        return held[groups], np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)

    def _parts(self, row: int, seen: Seen) -> list[Part]:
        """Return what the records of each context say, of those that say anything."""
        if not self.values or seen.within is None:
            return []
        design, found = self.bursts.effect(row), []
        for context in np.flatnonzero(seen.within.any(axis=1)).tolist():
            null = self.strata.nulls[context]
            bins = len(null.signals[row].bins)
            accepted = null.accepted[row, :bins].tolist()
            if bins > 1 and min(accepted) > 0:
                counts = np.zeros(bins, dtype=np.int64)
                np.add.at(counts, self.strata.groups[context, row], seen.within[context])
                found.append(part_of(context, counts.tolist(), accepted, design, float(null.sizes[row])))
        return found if len(found) > 1 else []

    def _size(self, row: int, seen: Seen, beyond: float = 0.0) -> Effect:
        whole, parts = super()._size(row, seen, beyond), self._parts(row, seen)
        return within_effect(whole, within(parts, self.bursts.effect(row))) if parts else whole

    def _told(self, row: int, seen: Seen) -> Told:
        told, parts, design = super()._told(row, seen), self._parts(row, seen), self.bursts.effect(row)
        if seen.within is None or not parts or not apart(super()._size(row, seen), found := within(parts, design)):
            return told
        each = self._by_hour(parts, design)
        ways = self._ways(row, seen.within, leading(each), each)
        if not ways or (len(ways) == 1 and not few_moved(each, ways[0].contexts, design, found.square)):
            return told
        of = self._told_of(row, seen.within, ways[0].contexts)
        words = in_words(ways, self.names) if len(each) >= FEWEST else ""
        return of._replace(shape=told.shape if of.shape in UNCLEAR else of.shape, mostly=words or None)

    def _by_hour(self, parts: Sequence[Part], design: float) -> dict[int, Moved]:
        """Return how far each hour moved that has any records: parts of one are told together."""
        of = {part.context: part for part in parts}
        found = {hour: [of[c] for c in contexts if c in of] for hour, contexts in enumerate(self.hours)}
        return {hour: taken_together(own, design) for hour, own in found.items() if own}

    def _ways(self, row: int, within: Ints, leads: Sequence[int], each: Mapping[int, Moved]) -> list[Way]:
        """Return in which shapes these hours moved; the one that moved most first."""
        alone = {hour: self._those(row, within, [hour]) for hour in leads}
        up = {hour: _mean(own.counts) > _mean(own.accepted) for hour, own in alone.items()}
        found: dict[str, list[int]] = {}
        for span in spans(leads, self.names, lambda one, other: up[one] == up[other]):
            found.setdefault(self._told_of(row, within, span).shape, []).extend(span)
        return together([Way(shape, of) for shape, of in found.items()], each)

    def _told_of(self, row: int, within: Ints, which: Sequence[int]) -> Told:
        """Return what the records of these hours alone say."""
        return super()._told(row, self._those(row, within, which))

    def _those(self, row: int, within: Ints, which: Sequence[int]) -> Seen:
        """Return the records of these hours."""
        contexts = [context for hour in which for context in self.hours[hour]]
        those = np.zeros_like(within)
        those[contexts] = within[contexts]
        return self._of(row, those)

    def present(self) -> list[Effect]:
        whole = super().present()
        if not self.values:
            return whole
        squares = zip(whole, self.lately.squares(), strict=True)
        return [e if square <= (e.psi or 0.0) else Effect(w=sqrt(square), psi=square) for e, square in squares]

    def own_state(self) -> dict[str, Any]:
        return {"visits": self.visits.state(), "lately": self.lately.state()}

    def own_restore(self, state: dict[str, Any]) -> None:
        self.visits.restore(state["visits"])
        self.lately.restore(state["lately"])


def _chance(counts: Ints, records: int, scale: Floats) -> float:
    """Return the variance of these counts (K,) of so many records, each in a scale of its own."""
    return float(ordered_sum(counts * (1 - counts / max(1, records)) * scale))


def _mean(counts: Sequence[float]) -> float:
    """Return the mean bin."""
    return sum(k * count for k, count in enumerate(counts)) / sum(counts)
