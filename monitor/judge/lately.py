"""How far signals moved of late within their contexts in time: hours that move in opposite ways cancel together."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from monitor.judge.null import Floats, Ints, ordered_sum
from monitor.judge.plugin import HALF_LIVES, SHOWN
from monitor.judge.strata import Strata
from monitor.judge.within import SHARED, SURE

PIECE = 1024
"""Records of one context that are compared at once."""


class Lately:
    """Fading sums over pieces of one context each: of the last 8,000 records or so, as of what is shown otherwise.

    Attributes
    ----------
    piece : int array (S, K)
        Counts of the present one.
    context : int
        Of it.
    past : float array (S, 3)
        By how much the pieces before moved, times their records, the variance of that by chance, and their records.
    """

    def __init__(self, strata: Strata) -> None:
        self.strata = strata
        self.piece: Ints = np.zeros(strata.whole.shape, dtype=np.int64)
        self.context = 0
        self.past: Floats = np.zeros((len(strata.whole.signals), 3))
        self._degrees = np.array([[len(s.bins) - 1.0 for s in null.signals] for null in strata.nulls])

    def add(self, context: int, counts: Ints) -> None:
        """Add the counts (S, K) of a slot in a context."""
        if context != self.context or int(self.piece.sum(axis=1).max(initial=0)) >= PIECE:
            self.past = self._faded()
            self.piece[:] = 0
        self.context = context
        self.piece += counts

    def _faded(self) -> Floats:
        """Return the sums with the present piece, by whose records those before have faded."""
        records = self.piece.sum(axis=1)
        known = {n: 0.5 ** (n / HALF_LIVES[SHOWN]) for n in set(records.tolist())}
        fade = np.array([[known[n]] for n in records.tolist()]).reshape(-1, 1)
        found: Floats = self.past * fade + self._moved(records.astype(np.float64))
        return found

    def _moved(self, records: Floats) -> Floats:
        """Return the same sums of the present piece alone."""
        null, degrees = self.strata.nulls[self.context], self._degrees[self.context]
        joined = np.zeros(null.shape)
        np.add.at(joined, (np.arange(len(joined))[:, None], self.strata.groups[self.context]), self.piece)
        some = np.maximum(records, 1.0)
        far = ordered_sum(joined * joined * null.inverse) / some - records
        known = records / null.sizes
        by = far - degrees * (null.effects + known)
        chance = 2 * degrees * (null.effects * null.effects + SHARED * known * known)
        said = (records > 0) & (degrees > 0)
        return np.where(said[:, None], np.stack([by, chance, records], axis=1), 0.0)

    def squares(self) -> list[float]:
        """Return per signal the square of w within contexts, as far as it is surely no chance."""
        found = []
        for by, chance, records in self._faded().tolist():
            found.append(max(0.0, by - SURE * sqrt(chance)) / records if records else 0.0)
        return found

    def state(self) -> dict[str, Any]:
        """Return all that is remembered."""
        return {"piece": self.piece.copy(), "context": self.context, "past": self.past}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        self.piece, self.context, self.past = np.array(state["piece"]), state["context"], np.array(state["past"])
