"""Signals that are judged given the level of a field: all levels together, and each alone.

A shift of all levels is seen best where their bets multiply, one of a single level where the others' losses do not
count. So three quarters of the start mass go to the product, as with any context, and one to sums of each level's own,
shared by the records of a slot: a level with n_c of n records gets n_c / n of it. Bursts are looked for within levels
alone, and what these say together holds for all: over all records the mix may differ from block to block and mean none.

The sum of the levels' sums R_c is an e-detector: given which levels a slot's records have, each bet has mean at most 1,
so the mean of R_c is at most what R_c was and its part of the start mass. The parts add to the start mass, so the mean
of the sum of all R_c, however many there are, is at most the start mass that was handed out, and so is that of a
mixture with the product.
"""

from __future__ import annotations

from dataclasses import replace
from math import floor, log

import numpy as np

from monitor.judge.alone import Alone
from monitor.judge.bets import SCALE
from monitor.judge.edetector import Onset, gain, log_sum, log_total
from monitor.judge.family import Bets, Family, Finding, Ints, beside
from monitor.judge.in_context import FamilyInContext, RecentInContext
from monitor.judge.null import ordered_sum
from monitor.judge.plugin import MEMORIES
from monitor.judge.strata import Strata

TOGETHER, ALONE = floor(SCALE * log(0.75)), floor(SCALE * log(0.25))
"""Weights in the mixture. Half each would tell a small shift of all levels 9 % later than the product alone does."""


class ByLevel(FamilyInContext):
    """The signals of one kind that are judged given the same field.

    Parameters
    ----------
    strata : Strata
    slots_a_day : float

    Attributes
    ----------
    alone : Alone
        The levels, each by itself.
    """

    def __init__(self, strata: Strata, slots_a_day: float) -> None:
        super().__init__(strata, slots_a_day)
        self.alone = Alone(strata, self.weights, self._places, slots_a_day)
        self.fixed_won: Bets = self.alone.nothing()

    @property
    def parts(self) -> tuple[Family, ...]:
        return self, self.alone

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
        handed = self.detector.waiting(mass)
        self.bursts.elsewhere = known = self.alone.bursts.together(self.alone.each)
        self.alone.bursts.elsewhere = np.tile(known, self.alone.levels)
        together = super().advance(
            cells, mass=mass, slot=slot, slots=slots, records=records, given=given, denser=denser
        )
        own = self.alone.judge(self.fixed_won, handed, slot=slot, slots=slots, records=records, denser=denser)
        return log_sum(together + TOGETHER, log_total(own.T) + ALONE)

    def _gained(self, slot: int, given: Ints | None) -> Bets:
        self.here = self._levels(given)
        self.alone.take(self.here)
        won, there = self.fixed_won = self.alone.nothing()
        for level, counts in self.here:
            tables, there[level] = self._fixed_at(level)
            won[level] = gain(tables, counts)
        fixed = won.sum(axis=0), np.logical_or.reduce(there)
        if not self.values:
            return fixed
        following, awake = following_in(self.memory, self.alone)
        made = gain(following, self.alone.counts).reshape(self.alone.levels, -1, MEMORIES)
        present = (self.alone.counts.sum(axis=1) > 0)[:, None] & awake
        return beside(fixed, (made.sum(axis=0), np.logical_or.reduce(present.reshape(made.shape))))

    def _levels(self, given: Ints | None) -> list[tuple[int, Ints]]:
        """Return the slot's counts by level of the field, of those that it has."""
        if given is None:
            return []
        parts = [(level, self.null.gather(cells)) for level, cells in enumerate(given)]
        return [(level, counts) for level, counts in parts if counts.any()]

    def leading(self, row: int) -> int | None:
        own = self.alone.detector.evidence()[self.alone.rows(row)]
        level = int(np.argmax(own))
        return level if own[level] + ALONE > self.detector.evidence()[row] + TOGETHER else None

    def finding(self, row: int, log_m: int, before: Onset | None = None) -> tuple[Finding, Onset]:
        level = self.leading(row)
        if level is None:
            return super().finding(row, log_m, before)
        finding, onset = self.alone.finding(self.alone.row(level, row), log_m, before)
        signal, strata = self.null.signals[row], self.strata
        return replace(finding, signal=signal, given=strata.by, level=strata.names[level]), onset

    def back(self, row: int) -> Ints:
        level = self.leading(row)
        return super().back(row) if level is None else self.alone.back(self.alone.row(level, row))

    def watched(self, row: int, level: int | None = None) -> Ints:
        return super().watched(row) if level is None else self.alone.watched(self.alone.row(level, row))

    def clear(self, row: int) -> None:
        super().clear(row)
        self.alone.detector.clear(self.alone.rows(row))


def following_in(memory: RecentInContext, alone: Alone) -> Bets:
    """Return the tables (C x S, MEMORIES, K) that follow all levels together, in each, and which are not idle.

    They are those of `RecentInContext.bets_in`, for all levels at once.
    """
    seen, noise = memory.distance()
    counts, expected = memory.counts[..., : memory.width], memory.counts[..., memory.width :]
    times = np.divide(counts, expected, out=np.ones_like(counts), where=expected > 0)
    more = np.stack([alone.joined(memory.strata.accepted * times[:, m]) for m in range(MEMORIES)], axis=1)
    p, inverse = alone.null.accepted[:, None, :], alone.null.inverse[:, None, :]
    excess = (more * inverse / np.maximum(ordered_sum(more), 1e-300)[:, :, None] - 1) * (p > 0)
    variance = ordered_sum(p * excess * excess)
    won = variance - np.tile(noise, (alone.levels, 1)) - alone.null.adaptive[:, None] * np.sqrt(variance)
    return alone.recent.tables(excess, variance, np.where(np.tile(seen > noise, (alone.levels, 1)), won, 0.0))
