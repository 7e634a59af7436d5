"""The e-detector: a mixture of CUSUMs of bets (Shin, Ramdas, Rinaldo 2022, arXiv 2203.03532).

Every bet keeps C <- max(C, start) x L in logarithms scaled to integers. While the null holds, the mixture M of a
signal is at most the start mass in expectation, at every moment: M >= A happens at most once per A of start mass.
"""

from __future__ import annotations

from math import exp, floor, log

import numpy as np
from numpy.typing import NDArray

from monitor.judge.bets import SCALE

NOTHING = -(1 << 60)
"""log C of a bet that has not started."""

MOST_PENDING = 100
"""Slots whose start mass waits for a signal's next record. A column gone for days would alarm on its return."""

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class EDetector:
    """CUSUMs of S signals with B bets over K bins.

    Parameters
    ----------
    shares : float array (S, B)
        Weight of each bet in its signal's mixture, 0 where there is none; a row adds to 1 or 0.
    width : int
        K.

    Attributes
    ----------
    log_c : int array (S, B)
        Natural logarithms times 2^24.
    onset, onset_records : int arrays (S, B)
        Slot, and records before it, at which each CUSUM last started.
    since : int array (S, B, K)
        Counts from there on.
    pending : int array (S,)
        Start mass of slots in which the signal had no records; its next one gets it, as far as it is worth no more
        than `MOST_PENDING` such slots.
    """

    def __init__(self, shares: NDArray[np.float64], width: int) -> None:
        signals, bets = shares.shape
        self.exist: Bools = shares > 0
        self.log_shares: Ints = np.array(
            [[floor(SCALE * log(v)) if v > 0 else NOTHING for v in row] for row in shares.tolist()], dtype=np.int64
        ).reshape(shares.shape)
        self.log_c: Ints = np.full((signals, bets), NOTHING, dtype=np.int64)
        self.onset: Ints = np.zeros((signals, bets), dtype=np.int64)
        self.onset_records: Ints = np.zeros((signals, bets), dtype=np.int64)
        self.since: Ints = np.zeros((signals, bets, width), dtype=np.int64)
        self.pending: Ints = np.zeros(signals, dtype=np.int64)

    def advance(self, counts: Ints, tables: Ints, active: Bools, *, mass: int, slot: int, records: int) -> None:
        """Judge one slot.

        Parameters
        ----------
        counts : int array (S, K)
        tables : int array (S, B, K)
        active : bool array (S, B)
            Bets that are not idle. An idle bet neither starts nor moves.
        mass : int
            Start mass of the slot.
        records : int
            The model's records before this slot.
        """
        self.pending = np.minimum(self.pending + mass, MOST_PENDING * mass)
        present = counts.sum(axis=1) > 0
        start = _log_start(self.pending)[:, None]
        moving = active & self.exist & present[:, None]
        restart = moving & (self.log_c <= start)
        self.log_c = np.where(restart, start, self.log_c)
        self.onset[restart] = slot
        self.onset_records[restart] = records
        self.since[restart] = 0
        self.since += counts[:, None, :]
        gained = (tables * counts[:, None, :]).sum(axis=2)
        self.log_c = np.where(moving, self.log_c + gained, self.log_c)
        self.pending[present] = 0

    def evidence(self) -> Ints:
        """Return log M per signal, shape (S,). Below 1 the largest part stands for the whole."""
        parts = np.maximum(self.log_c + self.log_shares, NOTHING)
        largest: Ints = parts.max(axis=1)
        for row in np.flatnonzero(largest > 0).tolist():
            top = int(largest[row])
            total = 0.0
            for part in parts[row].tolist():
                total += exp((part - top) / SCALE)
            largest[row] = top + floor(SCALE * log(total))
        return largest

    def leading(self, row: int) -> int:
        """Return the bet with the most evidence; of equals the first."""
        return int(np.argmax(self.log_c[row] + self.log_shares[row]))

    def clear(self, rows: list[int]) -> None:
        """Start these signals anew after an alarm."""
        self.log_c[rows] = NOTHING


def _log_start(mass: Ints) -> Ints:
    """Return floor(2^24 log mass); no mass, no start."""
    known = {m: floor(SCALE * log(m)) if m > 0 else NOTHING for m in set(mass.tolist())}
    return np.array([known[m] for m in mass.tolist()], dtype=np.int64)
