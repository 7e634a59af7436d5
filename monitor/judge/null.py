"""The accepted frequencies of some signals, and how far from them nobody needs to be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from detectors.detector import Signal
from monitor.judge import beyond
from monitor.judge.directions import heaviest
from monitor.reference.quantiles import chi_square, normal, share_at_most
from monitor.reference.store import Reference

DELTA = 0.05
"""Probability, over the draw of the reference, that the promise does not hold."""

FIXED, FOLLOWING, SHARES = 0.7, 0.1, 0.2
"""Parts of it: fixed bets on values, bets that follow them, shares. What needs a small radius most gets most."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Null:
    """S signals of one kind, padded to K bins.

    Attributes
    ----------
    signals : tuple of Signal
    source, target : int arrays
        Which cell of a tally adds to which entry of the (S x K) counts.
    accepted : float array (S, K)
        Reference frequencies, 0 in padding.
    inverse : float array (S, K)
        1 / accepted, 0 in padding.
    effects : float array (S,)
        Design effects.
    sizes : float array (S,)
        Reference records divided by the design effects.
    miss : float
        Probability, for each signal, that one of its fixed bets wins on average under the reference's own law.
    fixed, adaptive : float arrays (S,)
        Radii: the least of a fixed bet, that of one that follows the data. For shares `fixed` is the largest accepted
        share.
    bounds : float array (S, C)
        For shares: the largest accepted share in each context, 0 in padding.
    tolerance : float array (S,)
        As configured: Cohen's w, or percentage points.
    within : float array (S,)
        How far the law of a signal moves within its context, on top of all radii.
    """

    signals: tuple[Signal, ...]
    source: Ints
    target: Ints
    accepted: Floats
    inverse: Floats
    effects: Floats
    sizes: Floats
    miss: float
    fixed: Floats
    adaptive: Floats
    tolerance: Floats
    bounds: Floats
    within: Floats

    @property
    def of_values(self) -> bool:
        """Whether the signals are values; else they are shares."""
        return bool(self.signals) and self.signals[0].kind == "values"

    @property
    def shape(self) -> tuple[int, int]:
        signals, bins = self.accepted.shape
        return signals, bins

    def gather(self, cells: Ints) -> Ints:
        """Return counts per signal and bin, shape (S, K), of a tally's cells."""
        counts = np.zeros(self.accepted.size, dtype=np.int64)
        np.add.at(counts, self.target, cells[self.source])
        return counts.reshape(self.accepted.shape)

    @staticmethod
    def expected(accepted: Sequence[float], counts: Sequence[float]) -> float:
        """Return the accepted share of a share's event, given what is accepted, and the contexts of these counts."""
        if not any(accepted[2:]):
            return float(accepted[1])
        events = whole = 0.0
        for k in range(0, len(accepted), 2):
            here = counts[k] + counts[k + 1]
            events += here * accepted[k + 1] / max(accepted[k] + accepted[k + 1], 1e-300)
            whole += here
        return events / whole if whole else sum(accepted[1::2])


Tolerance = Callable[[Signal], float]


def nulls(
    reference: Reference,
    watched: Sequence[tuple[Signal, int]],
    tolerance: Tolerance,
    beside: Sequence[Signal] = (),
) -> tuple[Null, Null]:
    """Return the null of the value signals and that of the shares.

    DELTA is spread over all bets of all signals, those judged elsewhere (`beside`) too, so the radii know how many
    there are.
    """
    values = [(s, start) for s, start in watched if s.kind == "values"]
    shares = [(s, start) for s, start in watched if s.kind == "share"]
    every_value = len(values) + sum(s.kind == "values" for s in beside)
    every_share = sum(s.contexts for s in (*(s for s, _ in shares), *beside) if s.kind == "share")
    miss = DELTA * FIXED / max(1, every_value)
    signals = [*reference.signals, *watched]
    effects, peaks = beyond.design_effects(reference, signals), beyond.peaks(reference, signals)

    def of_values(signal: Signal, size: float, accepted: Floats) -> tuple[list[float], float, float]:
        allowed, off = tolerance(signal), reference.within.get(signal.name, 0.0)
        z = normal(miss * heaviest(signal, accepted[: len(signal.bins)].tolist()))
        follows = sqrt(chi_square(len(signal.bins) - 1, DELTA * FOLLOWING / every_value) / size)
        return [max(allowed, z / sqrt(size)) + off], max(allowed, follows) + off, allowed

    def of_shares(signal: Signal, size: float, accepted: Floats) -> tuple[list[float], float, float]:
        most = []
        for k in range(0, len(signal.bins), 2):
            whole = size if signal.contexts == 1 else float(accepted[k] + accepted[k + 1]) * size + 1e-9
            events = int(np.ceil(accepted[k + 1] * size - 1e-9))
            bound = share_at_most(events, whole, DELTA * SHARES / every_share)
            off = reference.within.get(signal.name, 0.0) * sqrt(bound * (1 - bound))
            if signal.excess:
                more = sqrt(events + signal.excess * whole) - sqrt(events)
                off += normal(DELTA * SHARES / every_share) * more / whole
            most.append(min(1.0, bound * peaks.get(signal.name, 1.0) + off + tolerance(signal) / 100))
        return most, max(most), tolerance(signal)

    return _null(reference, values, effects, miss, of_values), _null(reference, shares, effects, miss, of_shares)


def _null(
    reference: Reference,
    watched: Sequence[tuple[Signal, int]],
    design: dict[str, float],
    miss: float,
    radii: Callable[[Signal, float, Floats], tuple[list[float], float, float]],
) -> Null:
    width = max((len(s.bins) for s, _ in watched), default=2)
    accepted = np.zeros((len(watched), width))
    bounds = np.zeros((len(watched), max((s.contexts for s, _ in watched), default=1)))
    effects, sizes, fixed, adaptive, allowed = (np.ones(len(watched)) for _ in range(5))
    source: list[int] = []
    target: list[int] = []
    for row, (signal, start) in enumerate(watched):
        cells = [(start + cell, row * width + b) for cell, b in enumerate(signal.bin_of) if b >= 0]
        source += [cell for cell, _ in cells]
        target += [entry for _, entry in cells]
        counts = np.zeros(width, dtype=np.int64)
        for cell, entry in cells:
            counts[entry - row * width] += reference.counts[cell]
        total = int(counts.sum())
        accepted[row] = counts / max(1, total)
        effects[row] = design[signal.name]
        sizes[row] = max(1.0, total / effects[row])
        radius, adaptive[row], allowed[row] = radii(signal, float(sizes[row]), accepted[row])
        bounds[row, : len(radius)], fixed[row] = radius, max(radius)
    inverse = np.divide(1.0, accepted, out=np.zeros_like(accepted), where=accepted > 0)
    as_ints = (np.array(source, dtype=np.int64), np.array(target, dtype=np.int64))
    kept = tuple(s for s, _ in watched)
    within = np.array([reference.within.get(s.name, 0.0) for s in kept])
    return Null(kept, *as_ints, accepted, inverse, effects, sizes, miss, fixed, adaptive, allowed, bounds, within)


def ordered_sum(values: Floats) -> Floats:
    """Return the sum over the last axis, term by term from the left: the same bits on every machine."""
    found: Floats = np.add.accumulate(values, axis=-1)[..., -1]
    return found
