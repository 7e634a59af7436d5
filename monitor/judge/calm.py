"""When a signal that alarmed is back: an e-process against "it is still beyond".

It runs from the last alarm on, in the direction that alarmed. Waiting for w below the tolerance instead can take
for ever: noise alone keeps w up. Until it is back, what is told of a shift rests on all records since its onset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log
from typing import Self

import numpy as np
from numpy.typing import NDArray

from monitor.judge.bets import SCALE, in_table
from monitor.judge.edetector import Onset

Ints = NDArray[np.int64]

CONVINCED = floor(SCALE * log(100.0))
"""log E at which "still beyond" is given up: wrongly once in a hundred alarms."""

DEEPEST = floor(SCALE * log(1e-3))
"""log E never falls below: else the way back would take as long as a shift that seldom alarms anew has lasted.

Starting each slot with at least this much costs one more wrong return in 100,000 slots (10^-3 of mass a slot
against a threshold of 100).
"""

_BETS = 3


@dataclass
class Calm:
    """One signal's way back.

    Attributes
    ----------
    table : int array (3, K)
    log_e : int array (3,)
    alarmed : int
        Slot of the last alarm.
    onset : Onset or None
        Where the shift began, as far as its size has not changed for certain since; None once it was back.
    seen : int
        Slot of its last records.
    """

    table: Ints
    log_e: Ints
    alarmed: int
    onset: Onset | None
    seen: int

    def add(self, counts: Ints) -> None:
        """Judge one slot's counts (K,)."""
        self.log_e = np.maximum(self.log_e + (self.table * counts).sum(axis=1), DEEPEST)
        if self.reached:
            self.onset = None

    @classmethod
    def begun(cls, table: Ints, slot: int, onset: Onset) -> Self:
        """Return the way back with these bets, from an alarm in a slot on."""
        return cls(table, np.zeros(_BETS, dtype=np.int64), slot, onset, slot)

    @property
    def reached(self) -> bool:
        """Whether it is convincing that the signal is back. The mixture of three counts a third of the largest."""
        return int(self.log_e.max()) - floor(SCALE * log(_BETS)) >= CONVINCED


def back_from_values(g: Sequence[float], radius: float, design: float, width: int) -> Ints:
    """Return the way back against "the mean of g is at least radius": bets 1 - c (g - radius), c up to the radius.

    Larger stakes would be back sooner from far away, and to and fro near the border.
    """
    most = 0.9 / max(max(g) - radius, 1e-9)
    table = np.zeros((_BETS, width), dtype=np.int64)
    for bet, c in enumerate((radius / 4, radius / 2, radius)):
        table[bet, : len(g)] = [in_table(1 - min(c, most) * (v - radius), design) for v in g]
    return table


def back_from_shares(bounds: Sequence[float], design: float, width: int) -> Ints:
    """Return the way back against "the share is at least its bound in each context": bets on smaller shares."""
    table = np.zeros((_BETS, width), dtype=np.int64)
    for context, most in enumerate(bounds):
        for bet, p1 in enumerate((most / 1.25, most / 2, most / 8)):
            table[bet, 2 * context] = in_table((1 - p1) / (1 - most), design) if most < 1 else 0
            table[bet, 2 * context + 1] = in_table(p1 / most, design)
    return table
