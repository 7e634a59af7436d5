"""What was seen of signals in each context, as far as it matters: the last time each came, and of what was told.

Contexts in time come one after the other, so a shift that began within the last day (week, year) began in one of
them, and of the others the last visit is all there was since. Of that one it is what is left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.judge.edetector import Onset
from monitor.judge.null import Ints


class Visits:
    """Counts of S signals with K bins in each of C contexts.

    Attributes
    ----------
    counts : int array (S, C, K)
        Since each context was last entered.
    entered : int array (C,)
        The slot of that; -1 where it never was.
    here : int
        The present context, -1 before the first slot.
    told : dict of int to (int, int array (C, K))
        By signal, the slot of the onset of what was last told of it, and the counts since.
    """

    def __init__(self, signals: int, contexts: int, bins: int) -> None:
        self.counts: Ints = np.zeros((signals, contexts, bins), dtype=np.int64)
        self.entered: Ints = np.full(contexts, -1, dtype=np.int64)
        self.here = -1
        self.told: dict[int, tuple[int, Ints]] = {}

    def add(self, slot: int, context: int, counts: Ints) -> None:
        """Add the counts (S, K) of a slot, which lies in a context."""
        if context != self.here:
            self.here = context
            self.entered[context] = slot
            self.counts[:, context] = 0
        self.counts[:, context] += counts
        for row, (_, seen) in self.told.items():
            seen[context] += counts[row]

    def since(self, row: int, onset: Onset, counts: Ints, records: Ints) -> Ints:
        """Return the counts (C, K) of a signal since an onset.

        Of an onset longer ago than every context's last visit, these are the last visits alone.

        Parameters
        ----------
        counts : int array (K,)
            All of them together.
        records : int array (C,)
            How many there are in each context.
        """
        if row in self.told and self.told[row][0] == onset.slot:
            return self.told[row][1].copy()
        whole = self.entered >= onset.slot
        found: Ints = self.counts[row] * whole[:, None]
        left = np.flatnonzero(records > found.sum(axis=1))
        if len(left) == 1:
            found[left[0]] += counts - found.sum(axis=0)
        return found

    def state(self) -> dict[str, Any]:
        """Return all that is remembered."""
        told = {str(row): [slot, seen.copy()] for row, (slot, seen) in self.told.items()}
        return {"counts": self.counts.copy(), "entered": self.entered.copy(), "here": self.here, "told": told}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`. Raises ValueError where it is of others."""
        if state["counts"].shape != self.counts.shape:
            raise ValueError(f"visits of {state['counts'].shape} where {self.counts.shape} are remembered")
        self.counts, self.entered = np.array(state["counts"]), np.array(state["entered"])
        self.here, self.told = state["here"], {int(r): (at, np.array(seen)) for r, (at, seen) in state["told"].items()}
