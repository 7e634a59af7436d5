"""Bets that follow what earlier slots taught: r = 1 + eta (q / p - 1)."""

from __future__ import annotations

from math import floor, log, sqrt

import numpy as np
from numpy.typing import NDArray

from monitor.judge.bets import MOST_STAKED, SCALE
from monitor.judge.null import Null, ordered_sum

HALF_LIVES = (128, 1024, 8192)
"""In records; a fourth is a day of slots."""

MEMORIES = len(HALF_LIVES) + 1
SHOWN = 2
"""The memory whose effect is shown as a signal's present one: half-life 8192 records."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Recent:
    """Exponentially fading counts per signal and memory.

    Attributes
    ----------
    counts : float array (S, MEMORIES, K)
    squares : float array (S, MEMORIES)
        Fading sum of squared weights: the sample is worth total ** 2 / squares records.
    """

    def __init__(self, null: Null, slots_a_day: float) -> None:
        self.null = null
        self.slots_a_day = slots_a_day
        signals, width = null.shape
        self.counts: Floats = np.zeros((signals, MEMORIES, width))
        self.squares: Floats = np.zeros((signals, MEMORIES))

    def add(self, counts: Ints | Floats, slots: int) -> None:
        """Let what was there fade, and add one slot's counts, `slots` after the one before."""
        added = counts[:, : self.null.shape[1]].sum(axis=1)
        day = 0.5 ** (slots / self.slots_a_day)
        fade = np.array([[0.5 ** (n / h) for h in HALF_LIVES] + [day] for n in added.tolist()]).reshape(
            self.squares.shape
        )
        self.counts = self.counts * fade[:, :, None] + counts[:, None, :]
        self.squares = self.squares * (fade * fade) + added[:, None]

    def distance(self) -> tuple[Floats, Floats]:
        """Return (w squared as seen, what noise alone adds to it), each (S, MEMORIES)."""
        total = ordered_sum(self.counts)
        some = np.maximum(total, 1.0)
        q = self.counts / some[:, :, None]
        p = self.null.accepted[:, None, :]
        seen = ordered_sum((q - p) * (q - p) * self.null.inverse[:, None, :])
        worth = some * some / np.maximum(self.squares, 1.0)
        degrees = np.array([len(s.bins) - 1.0 for s in self.null.signals]) * self.null.effects
        return np.where(total > 0, seen, 0.0), degrees[:, None] / worth

    def bets(self) -> tuple[Ints, NDArray[np.bool_]]:
        """Return tables (S, MEMORIES, K) for the next slot, and which are not idle (S, MEMORIES).

        The stake maximises growth to second order once noise and the radius are taken off; where nothing is left
        the bet is idle.
        """
        seen, noise = self.distance()
        radius = self.null.adaptive[:, None]
        gain = seen - noise - radius * np.sqrt(seen)
        tables = np.zeros(self.counts.shape, dtype=np.int64)
        active = gain > 0
        for row, memory in np.argwhere(active).tolist():
            variance = float(seen[row, memory])
            stake = min(MOST_STAKED, float(gain[row, memory]) / variance)
            tables[row, memory] = self._table(row, memory, stake, variance)
        return tables, active

    def _table(self, row: int, memory: int, stake: float, variance: float) -> list[int]:
        scaled = SCALE / float(self.null.effects[row])
        shrink = log(1 + float(self.null.adaptive[row]) * stake * sqrt(variance))
        return [floor(scaled * (log(1 + stake * x) - shrink)) for x in self.excess(row, memory)]

    def excess(self, row: int, memory: int) -> list[float]:
        """Return q / p - 1 per bin."""
        counts = self.counts[row, memory].tolist()
        total = 0.0
        for count in counts:
            total += count
        return [c / total * i - 1 for c, i in zip(counts, self.null.inverse[row].tolist(), strict=True)]
