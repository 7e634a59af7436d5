"""Dependence in time that the reference did not have: records that come several times in a row, say.

Neighbouring blocks of records differ by chance, and how much that is follows from the frequencies that both show. A
shift, a ramp or a new level hardly makes neighbours differ, so it does not hide itself; records in bursts do. By as
much as they differ more than by chance, a record counts less from the next slot on: dividing by what the past alone
decides keeps every bet fair (Jensen's inequality), whatever the estimate is worth.

And where records come denser than those of the reference, which may be a sample, more of them lie within the time that
something lasts: of a design effect, what is above 1 grows by as much.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from monitor.judge.null import Floats, Ints, Null, ordered_sum

BLOCK = 100
"""Fewest records of a block."""

HALF_LIFE = 16
"""In pairs of blocks."""

FEWEST_PAIRS = 3.5
SURE = 4.0
"""Deviations by which neighbours must differ more than by chance: of a hundred signals hardly one does in a day."""

JUMP = 4.0
"""How many times what is known already a pair says at most: a level that changes at once is one pair."""

DEPENDENT = 1.5
"""Design effects above this are surely more than chance, and told to whoever accepts the reference."""

WHOLE = 256
_FADE = 0.5 ** (1 / HALF_LIFE)


class Bursts:
    """What pairs of neighbouring blocks say about S signals.

    Attributes
    ----------
    block, before : int arrays (S, K)
        Counts of the block that is being filled, and of the one before it, where that has no neighbour yet.
    differ, pairs, pairs_squared : float arrays (S,)
        Fading sums of how much more than by chance pairs differ, of the pairs, of their squared weights.
    times : int array (S,)
        The design effect over that of the reference, times 256.
    now : int array (S,)
        The same for the records of this slot, given how dense they are.
    elsewhere : float array (S,) or None
        Design effects that are known of them from elsewhere.
    """

    STATE: ClassVar = ("block", "before", "differ", "pairs", "pairs_squared", "times")

    def __init__(self, null: Null) -> None:
        self.null = null
        self.degrees: Floats = np.array([len(s.bins) - 1.0 for s in null.signals])
        self.block: Ints = np.zeros(null.shape, dtype=np.int64)
        self.before: Ints = np.zeros(null.shape, dtype=np.int64)
        self.differ, self.pairs, self.pairs_squared = (np.zeros(len(null.signals)) for _ in range(3))
        self.times: Ints = np.full(len(null.signals), WHOLE, dtype=np.int64)
        self.now = self.times
        self.elsewhere: Floats | None = None
        self._beyond: Floats = np.where(null.effects > DEPENDENT, 1 - 1 / null.effects, 0.0)

    def effect(self, row: int) -> float:
        """Return the design effect of a signal."""
        return float(self.null.effects[row]) * int(self.now[row]) / WHOLE

    def slowed(self, gained: Ints, denser: float) -> Ints:
        """Return what bets (S, B) made, a record counting less where it must; rounded down as all is.

        `denser` is how many times as many records there are in a time as of the reference, 1 at least.
        """
        times = self.times
        if self.elsewhere is not None:
            times = np.maximum(times, _over(self.elsewhere, self.null.effects))
        self.now = np.maximum(times, np.ceil(WHOLE * (1 + self._beyond * (denser - 1))).astype(np.int64))
        if (self.now == WHOLE).all():
            return gained
        times = self.now[:, None]
        return gained // times * WHOLE + gained % times * WHOLE // times

    def interrupt(self) -> None:
        """Forget the blocks that have no neighbour yet: what comes next is of another hour, and may differ."""
        self.block[:] = 0
        self.before[:] = 0

    def add(self, counts: Ints) -> None:
        """Add one slot's counts (S, K)."""
        self.block += counts
        full = self.block.sum(axis=1) >= BLOCK
        if full.any():
            second = full & self.before.any(axis=1)
            if second.any():
                self._pair(np.flatnonzero(second))
            first = full & ~second
            self.before[first] = self.block[first]
            self.before[second] = 0
            self.block[full] = 0

    def _pair(self, rows: NDArray[np.intp]) -> None:
        one, other, inverse = self.before[rows], self.block[rows], self.null.inverse[rows]
        n, m = one.sum(axis=1)[:, None], other.sum(axis=1)[:, None]
        pooled, difference = (one + other) / (n + m), one / n - other / m
        chance = ordered_sum(pooled * (1 - pooled) * inverse) * (1 / n + 1 / m)[:, 0]
        seen = ordered_sum(difference * difference * inverse)
        told = chance > 0
        rows = rows[told]
        known = np.maximum(1.0, self.differ[rows] / np.maximum(self.pairs[rows], 1.0))
        ratio = np.minimum(seen[told] / chance[told], JUMP * known)
        self.differ[rows] = self.differ[rows] * _FADE + ratio
        self.pairs[rows] = self.pairs[rows] * _FADE + 1
        self.pairs_squared[rows] = self.pairs_squared[rows] * (_FADE * _FADE) + 1
        self.times[rows] = self._times(rows)

    def _times(self, rows: NDArray[np.intp]) -> Ints:
        known = _known(self.differ[rows], self.pairs[rows], self.pairs_squared[rows], self.degrees[rows])
        return _over(known, self.null.effects[rows])

    def together(self, each: int) -> Floats:
        """Return the design effects of `each` signals that stand here many times, as all of these say together.

        Rows are those of one level of a field after the other: a level with few records has no pairs of its own.
        """
        differ, pairs, squared, degrees = (
            v.reshape(-1, each).sum(axis=0)
            for v in (self.differ, self.pairs, self.pairs_squared, self.degrees * self.pairs)
        )
        some = np.maximum(pairs, 1e-9)
        return _known(differ, some, np.maximum(squared, 1e-9), np.maximum(degrees / some, 1.0))


def _known(differ: Floats, pairs: Floats, squared: Floats, degrees: Floats) -> Floats:
    """Return the design effects that pairs of blocks show, 1 where it may be chance."""
    mean = differ / pairs
    worth = pairs * pairs / squared
    freedom = 2 / (9 * worth * degrees)  # of a chi-square variable, of which Wilson & Hilferty (1931)
    root = 1 - freedom + SURE * np.sqrt(freedom)  # took the cube root: that is nearly normal
    found: Floats = np.where((worth >= FEWEST_PAIRS) & (mean > root * root * root), mean, 1.0)
    return found


def _over(effects: Floats, those: Floats) -> Ints:
    """Return how many times as large these design effects are as those, times 256."""
    found: Ints = np.ceil(np.maximum(effects / those, 1.0) * WHOLE).astype(np.int64)
    return found
