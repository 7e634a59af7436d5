"""The e-detector: a mixture of Shiryaev-Roberts sums of bets (Shin, Ramdas, Rinaldo 2022, arXiv 2203.03532).

Every bet keeps R <- (R + start) x L in logarithms scaled to integers. While the null holds, E[R + start] is what R was
and the start mass; so the mixture M of a signal is at most the start mass in expectation, at every moment: M >= A
happens at most once per A of start mass. A CUSUM, C <- max(C, start) x L, has the same promise and never more
evidence; it is kept beside, since it knows when a shift began.
"""

from __future__ import annotations

from math import exp, floor, log, log1p
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.judge.bets import SCALE

NOTHING = -(1 << 60)
"""log C of a bet that has not started."""

MOST_PENDING = 100
"""Slots whose start mass waits for a signal's next record. A column gone for days would alarm on its return."""

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_STEP_BITS = 14
"""Sums of logarithms are looked up in steps of 2^-10 nats, rounded down: one takes 2^-11 nats too little at most."""

_SOFTPLUS: Ints = np.array(
    [floor(SCALE * log1p(exp(-(k + 1) * 2.0**_STEP_BITS / SCALE))) for k in range(17 << 10)] + [0], dtype=np.int64
)


class Onset(NamedTuple):
    """Where a shift seems to have begun.

    Attributes
    ----------
    slot, records : int
        The slot, and the model's records before it.
    counts : int array (K,)
        What had been seen of the signal by then.
    """

    slot: int
    records: int
    counts: Ints


def log_sum(a: Ints, b: Ints) -> Ints:
    """Return log(exp a + exp b) of scaled logarithms, elementwise, or very little less."""
    larger = np.maximum(a, b)
    steps = (larger - np.minimum(a, b)) >> _STEP_BITS
    found: Ints = larger + _SOFTPLUS[np.minimum(steps, len(_SOFTPLUS) - 1)]
    return found


def log_total(parts: Ints) -> Ints:
    """Return the log_sum of each row (S, B), added in pairs, in a fixed order: shape (S,)."""
    parts = np.maximum(parts, NOTHING)
    while parts.shape[1] > 1:
        half = (parts.shape[1] + 1) // 2
        paired = log_sum(parts[:, : parts.shape[1] - half], parts[:, half:])
        parts = np.concatenate([paired, parts[:, parts.shape[1] - half : half]], axis=1)
    found: Ints = np.maximum(parts[:, 0], NOTHING)
    return found


def gain(tables: Ints, counts: Ints) -> Ints:
    """Return what bets (S, B, K) make of counts (S, K), shape (S, B): sums of integers, exact in any order."""
    made: Ints = np.matmul(tables, counts[:, :, None])[:, :, 0]
    return made


class EDetector:
    """Sums of S signals with B bets over K bins.

    Parameters
    ----------
    shares : float array (S, B)
        Weight of each bet in its signal's mixture, 0 where there is none; a row adds to 1 or 0.
    width : int
        K.

    Attributes
    ----------
    log_r, log_c : int arrays (S, B)
        Natural logarithms times 2^24 of the sums, and of the CUSUMs.
    onset, onset_records : int arrays (S, B)
        Slot, and records before it, at which each CUSUM last started.
    total : int array (S, K)
        All counts.
    earlier : int array (S, B, K)
        Those before each CUSUM last started.
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
        self.log_r: Ints = np.full((signals, bets), NOTHING, dtype=np.int64)
        self.log_c: Ints = np.full((signals, bets), NOTHING, dtype=np.int64)
        self.onset: Ints = np.zeros((signals, bets), dtype=np.int64)
        self.onset_records: Ints = np.zeros((signals, bets), dtype=np.int64)
        self.total: Ints = np.zeros((signals, width), dtype=np.int64)
        self.earlier: Ints = np.zeros((signals, bets, width), dtype=np.int64)
        self.pending: Ints = np.zeros(signals, dtype=np.int64)

    def advance(self, counts: Ints, gained: Ints, active: Bools, *, mass: int, slot: int, records: int) -> None:
        """Judge one slot.

        Parameters
        ----------
        counts : int array (S, K)
        gained : int array (S, B)
            What each bet made of the counts.
        active : bool array (S, B)
            Bets that are not idle. An idle bet neither starts nor moves.
        mass : int
            Start mass of the slot.
        records : int
            The model's records before this slot.
        """
        self.pending = self.waiting(mass)
        present = counts.sum(axis=1) > 0
        start = _log_start(self.pending)[:, None]
        moving = active & self.exist & present[:, None]
        restart = moving & (self.log_c <= start)
        self.log_c = np.where(restart, start, self.log_c)
        self.onset[restart] = slot
        self.onset_records[restart] = records
        np.copyto(self.earlier, self.total[:, None, :], where=restart[:, :, None])
        self.total = self.total + counts
        self.log_r = np.where(moving, log_sum(self.log_r, start) + gained, self.log_r)
        self.log_c = np.where(moving, self.log_c + gained, self.log_c)
        self.pending[present] = 0

    def waiting(self, mass: int) -> Ints:
        """Return the start mass (S,) that signals with records get of a slot that adds so much."""
        return np.minimum(self.pending + mass, MOST_PENDING * mass)

    def evidence(self) -> Ints:
        """Return log M per signal, shape (S,)."""
        return log_total(self.log_r + self.log_shares)

    def began(self, row: int, bet: int) -> Onset:
        """Return where a CUSUM last started."""
        earlier: Ints = self.earlier[row, bet].copy()
        return Onset(int(self.onset[row, bet]), int(self.onset_records[row, bet]), earlier)

    def since(self, row: int, onset: Onset) -> list[int]:
        """Return the counts (K,) of a signal since then."""
        found: list[int] = (self.total[row] - onset.counts).tolist()
        return found

    def leading(self, row: int) -> int:
        """Return the bet with the most evidence; of equals the first."""
        return int(np.argmax(self.log_r[row] + self.log_shares[row]))

    def clear(self, rows: list[int]) -> None:
        """Start these signals anew after an alarm."""
        self.log_r[rows] = NOTHING
        self.log_c[rows] = NOTHING


def _log_start(mass: Ints) -> Ints:
    """Return floor(2^24 log mass); no mass, no start."""
    known = {m: floor(SCALE * log(m)) if m > 0 else NOTHING for m in set(mass.tolist())}
    return np.array([known[m] for m in mass.tolist()], dtype=np.int64)
