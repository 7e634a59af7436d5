"""By how much dependence in time shrinks a sample: the design effect."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.detector import THIN, Signal
from monitor.reference.contexts import Given
from monitor.reference.variance_ratio import means, moments, variance_ratio

FEWEST_BLOCKS = 100
SHORT, FEWEST_SHORT = 32, 25
"""Blocks up to this length are looked at where there are so many: a small reference would miss bursts of ten."""

REJECT_AT = 0.01
MOST_LEVELS = 8
GROWN = 1.35
TINY = 1e-9
"""A score that moves by less is constant, but for rounding."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass
class Dependence:
    """What is known of signals: by how much dependence in time shrinks their samples.

    Attributes
    ----------
    effects : dict
        By signal, where it is not 1.
    growing : list of str
        Signals of which it still grows with the block length.
    """

    effects: dict[str, float] = field(default_factory=dict)
    growing: list[str] = field(default_factory=list)

    def look(
        self, signals: Iterable[Signal], cells: Ints, given: Given, by: Mapping[str, str], within: Container[str] = ()
    ) -> None:
        """Look at the signals of one detector.

        Parameters
        ----------
        cells : int array (n,)
            Each record's cell, in the order of time.
        given : Given
            The contexts that they came in.
        by : mapping of str to str
            What is the context of those signals that are judged given one.
        within : container of str
            Signals whose law moves within an hour: that is no dependence either.
        """
        for signal in signals:
            bins = np.array(signal.bin_of)[cells]
            applies = bins >= 0
            contexts = given[applies].at(by[signal.name], quarters=signal.name in within) if signal.name in by else None
            effect = design_effect(signal, bins[applies], contexts)
            if effect > 1.0:
                self.effects[signal.name] = round(effect, 4)
                if still_grows(signal, bins[applies], contexts):
                    self.growing.append(signal.name)


def design_effect(signal: Signal, bins: Ints, contexts: Ints | None = None) -> float:
    """Return D >= 1: n dependent records are worth n / D independent ones.

    The variance of block means is compared with that of single records, at growing block lengths, for location,
    scale, both tails or each level. D is 1 unless independence is rejected at 1 % over all of these with at least
    100 blocks, short ones with 25; then it is the largest upper estimate. (Always taking the upper estimate would cost
    60 % more delay on independent records.)

    Parameters
    ----------
    bins : int array (n,)
        Bin of each record to which the signal applies, in the order of time.
    contexts : int array (n,) or None
        Contexts of these records, where the signal is judged given them: what differs between these is no dependence.
    """
    lengths = [
        n for n in (2**k for k in range(1, 30)) if len(bins) // n >= (FEWEST_SHORT if n <= SHORT else FEWEST_BLOCKS)
    ]
    series = watched_scores(signal, bins, contexts)
    largest = 1.0
    for z in series:
        laws = moments(z, contexts)
        for length in lengths:
            ratio = variance_ratio(z, laws, length)
            if ratio.beyond(REJECT_AT / (len(lengths) * len(series))):
                largest = max(largest, ratio.upper)
    return largest


def still_grows(signal: Signal, bins: Ints, contexts: Ints | None = None) -> bool:
    """Return whether the design effect rises up to the longest blocks: records depend on those further back still.

    Half the block length gives as much where dependence has ended within it, but for chance: the two differ by 10 %
    (standard error at 100 blocks). A cycle or a trend longer than the blocks doubles it.
    """
    longest = max((2**k for k in range(2, 30) if len(bins) // 2**k >= FEWEST_BLOCKS), default=None)
    if longest is None:
        return False
    for z in watched_scores(signal, bins, contexts):
        laws = moments(z, contexts)
        short, long = variance_ratio(z, laws, longest // 2), variance_ratio(z, laws, longest)
        if long.size > GROWN * max(short.size, 1.0) and long.beyond(REJECT_AT):
            return True
    return False


def watched_scores(signal: Signal, bins: Ints, contexts: Ints | None = None) -> list[Floats]:
    """Return what is watched of a signal, a number a record each; given contexts, without what these explain."""
    counts = np.bincount(bins, minlength=len(signal.bins))
    found = [z for _, score in scores_of(signal, counts) if np.ptp(z := score[bins]) > TINY]
    if contexts is None:
        return found
    rests = [z - means(z, contexts)[contexts] for z in found]
    return [z for z in rests if np.ptp(z) > TINY]


def scores_of(signal: Signal, counts: Ints | Floats) -> Iterator[tuple[str, Floats]]:
    """Yield what is watched of a signal by name, each a number a bin; `counts` are its records by bin."""
    n, width = counts.sum(), len(counts)
    if signal.kind == "values" and signal.ordered:
        middle = (np.cumsum(counts) - counts / 2) / max(1, n) - 0.5
        yield "location", middle
        yield "spread", np.abs(middle)
        yield "its lowest values", np.eye(width)[0]
        yield "its highest values", np.eye(width)[-1]
        return
    events = range(1, width, 2)
    levels = [*events] if signal.kind == "share" else np.argsort(-counts, kind="stable")[:MOST_LEVELS].tolist()
    for level in levels:
        if THIN <= counts[level] <= n - THIN:
            yield signal.bins[level], np.eye(width)[level]
