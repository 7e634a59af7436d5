"""Bets that follow what earlier slots taught: r = 1 + eta (q / p - 1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.judge.bets import MOST_STAKED, SCALE
from monitor.judge.logs import logarithms
from monitor.judge.null import Null, ordered_sum

HALF_LIVES = (128, 1024, 8192)
"""In records; a fourth is a day of slots."""

EVERY = slice(None)
MEMORIES = len(HALF_LIVES) + 1
SHOWN = 2
"""The memory whose effect is shown as a signal's present one: half-life 8192 records."""

LEFT = 0.15
"""Of the square of a bin's noise, what remains on average once it is shrunk by its deviation."""

THRESHOLD = 1.0
"""By so many deviations of its noise each bin's excess is shrunk."""

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
        self._root: Floats = np.sqrt(null.inverse)[:, None, :]
        self._degrees: Floats = np.array([[len(s.bins) - 1.0] for s in null.signals]).reshape(-1, 1)

    def add(self, counts: Ints | Floats, slots: int) -> None:
        """Let what was there fade, and add one slot's counts, `slots` after the one before."""
        added = counts[:, : self.null.shape[1]].sum(axis=1)
        day = 0.5 ** (slots / self.slots_a_day)
        known, which = np.unique(added, return_inverse=True)
        fade = np.array([[0.5 ** (n / h) for h in HALF_LIVES] + [day] for n in known.tolist()]).reshape(-1, MEMORIES)
        fade = fade[which]
        self.counts = self.counts * fade[:, :, None]
        self.counts += counts[:, None, :]
        self.squares = self.squares * (fade * fade) + added[:, None]

    def distance(self, memories: slice = EVERY) -> tuple[Floats, Floats]:
        """Return (w squared as seen, what noise alone adds to it), each (S, memories)."""
        counts, squares = self.counts[:, memories], self.squares[:, memories]
        total = ordered_sum(counts)
        some = np.maximum(total, 1.0)
        q = counts / some[:, :, None]
        p = self.null.accepted[:, None, :]
        seen = ordered_sum((q - p) * (q - p) * self.null.inverse[:, None, :])
        worth = some * some / np.maximum(squares, 1.0)
        degrees = np.array([len(s.bins) - 1.0 for s in self.null.signals]) * self.null.effects
        return np.where(total > 0, seen, 0.0), degrees[:, None] / worth

    def bets(self) -> tuple[Ints, NDArray[np.bool_]]:
        """Return tables (S, MEMORIES, K) for the next slot, and which are not idle (S, MEMORIES)."""
        excess, variance, left = self.learned()
        return self.tables(excess, variance, variance - left - self.null.adaptive[:, None] * np.sqrt(variance))

    def tables(self, excess: Floats, variance: Floats, gain: Floats) -> tuple[Ints, NDArray[np.bool_]]:
        """Return tables that bet on an excess q / p - 1 (S, MEMORIES, K), and which are not idle.

        The stake maximises growth to second order once what noise leaves and the radius are taken off (`gain`); where
        nothing is left the bet is idle.
        """
        active = gain > 0
        tables = np.zeros(excess.shape, dtype=np.int64)
        learned, spread = excess[active], variance[active]
        stake = np.minimum(MOST_STAKED / np.maximum(1.0, -learned.min(axis=1, initial=0.0)), gain[active] / spread)
        own = (self.null.adaptive, self.null.effects)
        radius, effect = (np.repeat(v, MEMORIES).reshape(active.shape)[active] for v in own)
        won = logarithms(1 + stake[:, None] * learned) - logarithms(1 + radius * stake * np.sqrt(spread))[:, None]
        tables[active] = np.floor(SCALE / effect[:, None] * won).astype(np.int64)
        return tables, active

    def learned(self) -> tuple[Floats, Floats, Floats]:
        """Return q / p - 1 as far as it is no noise, its variance where accepted, and what noise may leave of that.

        What each bin shows is moved towards 0 by the deviation of its noise (Donoho & Johnstone 1994): a shift
        of few bins is learned long before the noise of all the others would let it be seen.

        Returns
        -------
        tuple of float arrays (S, MEMORIES, K), (S, MEMORIES), (S, MEMORIES)
        """
        total = ordered_sum(self.counts)
        some = np.maximum(total, 1.0)
        p = self.null.accepted[:, None, :]
        noise = np.sqrt(np.maximum(self.squares, 1.0) * self.null.effects[:, None]) / some
        seen = (self.counts / some[:, :, None] - p) * self._root
        excess = np.abs(seen)
        excess -= noise[:, :, None]
        np.maximum(excess, 0.0, out=excess)
        np.copysign(excess, seen, out=excess)
        excess *= self._root
        excess *= (total > 0)[:, :, None]
        excess -= ordered_sum(np.multiply(p, excess, out=seen))[:, :, None]
        excess *= p > 0
        np.multiply(p, excess, out=seen)
        seen *= excess
        return excess, ordered_sum(seen), LEFT * noise * noise * self._degrees

    def excess(self, row: int, memory: int) -> list[float]:
        """Return q / p - 1 per bin, noise and all."""
        counts = self.counts[row, memory].tolist()
        total = 0.0
        for count in counts:
            total += count
        return [c / total * i - 1 for c, i in zip(counts, self.null.inverse[row].tolist(), strict=True)]
