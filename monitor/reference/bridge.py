"""Does a signal move within the reference? Then no one law was accepted, but a mixture that no hour looks like.

Sums over the records in the order of time, less their share of the whole, are a Brownian bridge where nothing moves:
their range (Kuiper 1960) finds a step, a trend, and a stretch that begins and ends. The bridge's unit is the variance
of sums over 1/32 of the records, about what was found, the upper estimate of it: so short dependence costs power and
no false word. What a context explains is taken off first.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from detectors.detector import Signal
from monitor.reference.dependence import TINY, scores_of
from monitor.reference.quantiles import chi_square
from monitor.reference.variance_ratio import UPPER_AT

BLOCKS, COARSE = 256, 32
MORE = 12.0
"""By so many variances of a block a stretch that ends before the records do must fit better than a step."""

ALIKE = 0.2
"""Correlation of one long block with the next, up to which it is taken for chance."""

FEWEST = 100
"""Independent records that the others must be worth: of fewer nobody can say whether they wander or moved."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Blocks:
    """A signal's records in blocks of equal size, in the order of time.

    Attributes
    ----------
    counts : float array (B, K)
        Records by block and bin.
    there : float array (B, C)
        Records by block and context; without contexts there is one.
    """

    counts: Floats
    there: Floats
    laws: Floats

    @classmethod
    def of(cls, bins: Ints, width: int, contexts: Ints | None) -> Blocks:
        """Count records; `bins` and `contexts` have one entry a record."""
        block = np.arange(len(bins)) * BLOCKS // len(bins)
        given = np.zeros(len(bins), dtype=np.int64) if contexts is None else contexts
        size = int(given.max()) + 1
        counts = np.bincount(block * width + bins, minlength=BLOCKS * width).reshape(BLOCKS, width)
        there = np.bincount(block * size + given, minlength=BLOCKS * size).reshape(BLOCKS, size)
        held = np.bincount(given * width + bins, minlength=size * width).reshape(size, width)
        laws = held / np.maximum(1, held.sum(axis=1, keepdims=True))
        return cls(counts.astype(np.float64), there.astype(np.float64), laws)

    @property
    def sizes(self) -> Floats:
        """Records a block."""
        return np.asarray(self.there.sum(axis=1))

    def about(self, score: Floats) -> tuple[Floats, float]:
        """Return a score's sum in each block about what contexts explain, and the records' sum of squares about it."""
        means = self.laws @ score
        sums, squares = self.counts @ score - self.there @ means, self.counts.sum(axis=0) @ score**2
        return sums, float(squares - self.there.sum(axis=0) @ means**2)


@dataclass(frozen=True)
class Shift:
    """How the sums of a score move most.

    Attributes
    ----------
    start, end : int
        Blocks from `start` to `end` (exclusive) differ from the rest.
    apart : float
        By so many standard deviations.
    steady : bool
        A straight line from the first record to the last fits better than two levels.
    reach : float
        Range of the bridge, in standard deviations of the sum of as many independent records.
    effect : float
        How many dependent records, about what was found, are worth one, at most.
    """

    start: int
    end: int
    apart: float
    steady: bool
    reach: float
    effect: float


def shifts_of(signal: Signal, blocks: Blocks, chance: float) -> dict[str, Shift]:
    """Return by score what moves further than chance explains in that share of references."""
    n, scores = blocks.sizes.sum(), dict(scores_of(signal, blocks.counts.sum(axis=0)))
    found = {name: shift for name, score in scores.items() if (shift := shift_of(blocks, score))}
    slow = (
        found["location"].effect if signal.ordered and "location" in found else 1.0
    )  # what wanders has its ends in few stretches
    beyond = {}
    for name, shift in found.items():
        effect = max(shift.effect, slow)
        if effect * FEWEST <= n and kuiper(shift.reach / effect**0.5) * len(scores) < chance:
            beyond[name] = shift
    return beyond


def with_time(blocks: Blocks, score: Floats) -> float:
    """Return the rank correlation of an ordered signal's location with time."""
    time = np.arange(BLOCKS) - (np.arange(BLOCKS) * blocks.sizes).sum() / blocks.sizes.sum()
    sums, squares = blocks.about(score)
    scale = squares * float((blocks.sizes * time**2).sum())
    return float((time * sums).sum()) / scale**0.5 if scale > TINY else 0.0


def shift_of(blocks: Blocks, score: Floats) -> Shift | None:
    """Return where a score moves most, None for a constant one."""
    sizes, n = blocks.sizes, float(blocks.sizes.sum())
    sums, squares = blocks.about(score)
    if squares <= TINY * n:
        return None
    bridge = np.concatenate([[0.0], np.cumsum(sums)])
    low, high = int(np.argmin(bridge)), int(np.argmax(bridge))
    step, stretch = (max(low, high, key=lambda at: abs(bridge[at])), BLOCKS), (min(low, high), max(low, high))
    (plain, apart), (closer, between) = (_levels(sums, sizes, *where) for where in (step, stretch))
    if _misfit(plain) > _misfit(closer) * (1 + MORE / BLOCKS):
        step, plain, apart = stretch, closer, between
    time = np.arange(BLOCKS) - (np.arange(BLOCKS) * sizes).sum() / n
    line = sums - sizes * time * ((sums * time).sum() / (sizes * time**2).sum())
    steady = _misfit(line) < _misfit(plain)
    effect = max(1.0, _upper((line if steady else plain).reshape(COARSE, -1).sum(axis=1)) / squares)
    return Shift(*step, apart / (squares / n) ** 0.5, steady, float(np.ptp(bridge)) / squares**0.5, effect)


def _levels(sums: Floats, sizes: Floats, start: int, end: int) -> tuple[Floats, float]:
    """Return what two levels leave of the sums, one from start to end, and how far it is from the other."""
    inside = (np.arange(BLOCKS) >= start) & (np.arange(BLOCKS) < end)
    level, other = (float(sums[part].sum() / max(1.0, sizes[part].sum())) for part in (inside, ~inside))
    return sums - sizes * np.where(inside, level, other), level - other


def _misfit(rest: Floats) -> float:
    return float((rest**2).sum())


def _upper(coarse: Floats) -> float:
    """Return what the squares of sums over long blocks add to at most.

    Where neighbours are alike, dependence reaches beyond a block: as far as in an autoregression of that correlation.
    """
    squares = float((coarse**2).sum())
    alike = float((coarse[1:] * coarse[:-1]).sum()) / squares if squares > 0 else 0.0
    further = (1 + alike) / (1 - alike) if alike > ALIKE else 1.0
    return squares * further * COARSE / chi_square(COARSE - 1, 1 - UPPER_AT)


def kuiper(x: float) -> float:
    """Return the chance that a Brownian bridge has a range above x (Kuiper 1960)."""
    if x < 0.5:
        return 1.0
    return min(1.0, sum((8 * (j * x) ** 2 - 2) * exp(-2 * (j * x) ** 2) for j in range(1, 10)))
