"""What single levels of a field show: their own sums of bets, and what these find."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.judge.bets import SCALE
from monitor.judge.bursts import Bursts
from monitor.judge.directions import score_of
from monitor.judge.edetector import NOTHING, EDetector, Onset, gain, log_sum
from monitor.judge.family import Bets, Family, beside, mixture
from monitor.judge.logs import logarithms
from monitor.judge.null import Floats, Ints
from monitor.judge.plugin import MEMORIES, Recent
from monitor.judge.stacked import stacked
from monitor.judge.strata import Strata


class Shared(EDetector):
    """Sums of bets that are handed parts of a start mass, with one CUSUM a signal: that of its mixture.

    A CUSUM a bet would need the counts before each of them started, for every level: as many times the memory.
    """

    def __init__(self, shares: Floats, width: int) -> None:
        super().__init__(shares, width)
        signals = len(shares)
        self.log_c: Ints = np.full((signals, 1), NOTHING, dtype=np.int64)
        self.onset: Ints = np.zeros((signals, 1), dtype=np.int64)
        self.onset_records: Ints = np.zeros((signals, 1), dtype=np.int64)
        self.earlier: Ints = np.zeros((signals, 1, width), dtype=np.int64)

    def judge(
        self, counts: Ints, gained: Ints, active: NDArray[np.bool_], start: Ints, *, slot: int, records: int
    ) -> Ints:
        """Judge one slot, as `advance` does, with the logarithm of each signal's start mass; return log M."""
        moving = active & self.exist & (start > NOTHING)[:, None]
        before, there = log_sum(self.evidence(), start), moving.any(axis=1)
        restart = there & (self.log_c[:, 0] <= start)
        self.log_c[restart, 0] = start[restart]
        self.onset[restart] = slot
        self.onset_records[restart] = records
        self.earlier[restart, 0] = self.total[restart]
        self.total = self.total + counts
        self.log_r = np.where(moving, log_sum(self.log_r, start[:, None]) + gained, self.log_r)
        found = self.evidence()
        self.log_c[there, 0] += (found - before)[there]
        return found

    def began(self, row: int, bet: int) -> Onset:
        return super().began(row, 0)


class Alone(Family):
    """The signals of a field's levels, each as if nobody had records but its level: rows are levels x signals.

    Parameters
    ----------
    strata : Strata
    weights : float array (S, B)
        Of the fixed bets.
    places : sequence of lists
        Of each signal's fixed bets, for which direction each is.
    slots_a_day : float

    Attributes
    ----------
    into : int array (C, S, K)
        Where the bins of the whole are in the (C x S, K) counts here, those that are thin in a level joined.
    """

    def __init__(
        self, strata: Strata, weights: Floats, places: Sequence[Sequence[tuple[str, int]]], slots_a_day: float
    ) -> None:
        self.strata, self.places = strata, places
        self.levels, self.each = len(strata.nulls), len(strata.whole.signals)
        self.null = stacked(strata)
        self.values, self.fixed_bets = self.null.of_values, weights.shape[1]
        self.recent, self.bursts = Recent(self.null, slots_a_day), Bursts(self.null)
        one_way = np.array([[signal.unusual] for signal in self.null.signals], dtype=bool)
        every = np.tile(weights, (self.levels, 1))
        width = self.null.shape[1]
        self.detector: Shared = Shared(mixture(every, MEMORIES if self.values else 0, one_way), width)
        self.counts: Ints = np.zeros(self.null.shape, dtype=np.int64)
        self.into: Ints = np.arange(self.levels * self.each).reshape(-1, self.each, 1) * width + strata.groups

    def row(self, level: int, signal: int) -> int:
        """Return where a level's signal stands."""
        return level * self.each + signal

    def rows(self, signal: int) -> list[int]:
        """Return where a signal stands in all levels."""
        return list(range(signal, self.levels * self.each, self.each))

    def take(self, here: Sequence[tuple[int, Ints]]) -> None:
        """Take the slot's counts in the bins of the whole, by level."""
        whole = np.zeros(self.into.shape)
        for level, counts in here:
            whole[level] = counts
        self.counts = self.joined(whole).astype(np.int64)

    def joined(self, values: Floats) -> Floats:
        """Return values (C, S, K) of the bins of the whole, added up in the bins here, shape (C x S, K)."""
        added = np.bincount(self.into.ravel(), weights=values.ravel(), minlength=self.counts.size)
        return added.reshape(self.counts.shape).astype(np.float64, copy=False)

    def nothing(self) -> Bets:
        """Return what fixed bets make of no records (C, S, B), and that none is there."""
        won = np.zeros((self.levels, self.each, self.fixed_bets), dtype=np.int64)
        return won, won > 0

    def judge(self, fixed: Bets, handed: Ints, *, slot: int, slots: int, records: int, denser: float) -> Ints:
        """Judge the slot that was taken; return log M of every level and signal, shape (C, S).

        Parameters
        ----------
        fixed : (int array, bool array) (C, S, B)
            What fixed bets made of the slot, and which are there.
        handed : int array (S,)
            Start mass of all levels together.
        """
        rows = len(self.counts), self.fixed_bets
        gained, active = fixed[0].reshape(rows), fixed[1].reshape(rows)
        if self.values:
            following, awake = self.recent.bets()
            gained, active = beside((gained, active), (gain(following, self.counts), awake))
        gained = self.bursts.slowed(gained, denser)
        start = shared(handed, self.counts.sum(axis=1).reshape(self.levels, -1)).ravel()
        found = self.detector.judge(self.counts, gained, active, start, slot=slot, records=records)
        self._learn(slot, slots)
        return found.reshape(self.levels, -1)

    def _score(self, row: int, bet: int) -> list[float]:
        level, of = divmod(row, self.each)
        signal, (name, _) = self.strata.nulls[level].signals[of], self.places[of][bet]
        return score_of(name, signal, self.null.accepted[row, : len(signal.bins)].tolist()) or []


def shared(handed: Ints, records: Ints) -> Ints:
    """Return the logarithms of parts of start masses (S,), by the records (C, S) of each: rounded down."""
    whole = records.sum(axis=0)
    some = (records > 0) & (handed > 0)
    parts = [logarithms(np.maximum(n, 1).astype(np.float64)) for n in (handed, records, whole)]
    found: Ints = np.floor(SCALE * (parts[0] + parts[1] - parts[2])).astype(np.int64) - 1  # logarithms err by 10^-12
    return np.where(some, found, NOTHING)
