"""What others ask meanwhile: a caller whose inputs are as close to theirs as to its own is no attacker.

An outage upstream, a unit that breaks, a default filled in: then the inputs of all come together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from detectors.closeness import RARE, Vectors, squared_distances, tail
from detectors.sequential import Column, Ints

OTHERS = 200
"""Inputs of others that one is compared with."""

KEPT = 2 * OTHERS
"""Inputs remembered, of whomever."""


@dataclass(frozen=True)
class Recent:
    """The last inputs of all, oldest first, shapes (k,) and (k, features)."""

    callers: Column
    inputs: Vectors

    def followed_by(self, callers: Column, inputs: Vectors) -> Recent:
        """Return these and newer ones."""
        if not len(self.callers):
            return Recent(callers, inputs)
        return Recent(np.concatenate([self.callers, callers]), np.concatenate([self.inputs, inputs]))

    def last(self) -> Recent:
        """Return those that are remembered: not views of the whole."""
        return Recent(self.callers[-KEPT:].copy(), self.inputs[-KEPT:].copy())

    def places(self, caller: int) -> Ints:
        """Return where a caller's own inputs stand."""
        return np.flatnonzero(self.callers == caller)

    def explain(self, one: Vectors, caller: int, since: int, matches: int, distance: float) -> bool:
        """Return whether so many matches are no rarity, were a caller's inputs as close to it as those of others.

        The inputs of others count, and so do the others: who floods under a second name is not his own excuse.

        Parameters
        ----------
        one : float array (features,)
            The input that has the matches.
        since : int
            Where to begin to look.
        """
        others = since + np.flatnonzero(self.callers[since:] != caller)[-OTHERS:]
        near = squared_distances(one[None], self.inputs[others]) <= distance * distance
        _, whose = np.unique(self.callers[others], return_inverse=True)
        of_each = np.bincount(whose, near) / np.bincount(whose)
        return tail(min(_upper(near.astype(float)), _upper(of_each)), matches) > RARE


def _upper(shares: Column) -> float:
    """Return the mean of shares, two standard deviations up; 0 where there are none."""
    hits = float(shares.sum())
    return (hits + 2.0 * math.sqrt(hits)) / max(len(shares), 1)
