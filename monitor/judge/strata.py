"""What is accepted of signals in each context of a cycle, known from the context's own records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from detectors.detector import FEWEST, Signal, merged
from monitor.judge.null import Floats, Ints, Null, Tolerance, nulls
from monitor.reference.contexts import Contexts
from monitor.reference.split import FREQUENT
from monitor.reference.store import Reference


@dataclass(frozen=True)
class Strata:
    """Signals of one kind and cycle.

    Attributes
    ----------
    by : str
        What the contexts are: a cycle's key, or a field's column.
    names : tuple of str
        Of each.
    whole : Null
        Of all contexts together.
    nulls : tuple of Null
        Of each context; thin bins are joined.
    groups : int array (C, S, K)
        For each bin of the whole, its bin in the context.
    accepted : float array (C, S, K)
        Accepted frequencies in the bins of the whole: bins that are joined share what they have as they do there.
    """

    by: str
    names: tuple[str, ...]
    whole: Null
    nulls: tuple[Null, ...]
    groups: Ints
    accepted: Floats


def strata(
    reference: Reference,
    contexts: Contexts,
    watched: Sequence[tuple[Signal, int]],
    tolerance: Tolerance,
    others: Sequence[Signal],
) -> tuple[Strata, Strata]:
    """Return the value signals and the shares of one cycle.

    Parameters
    ----------
    watched : sequence of (Signal, int)
        Those that are judged given a context of this cycle.
    others : sequence of Signal
        All others under the same budget, once for each context that they have.
    """
    count = len(contexts.counts)
    elsewhere = [*others, *(signal for signal, _ in watched for _ in range(count - 1))]
    wholes = nulls(reference, watched, tolerance, elsewhere)
    parts = []
    for context, counts in enumerate(contexts.counts):
        here = [(_joined(signal, start, contexts, context), start) for signal, start in watched]
        parts.append(nulls(replace(reference, counts=counts, contexts=()), here, tolerance, elsewhere))
    values, shares = ([pair[kind] for pair in parts] for kind in (0, 1))
    return _strata(contexts, wholes[0], values), _strata(contexts, wholes[1], shares)


def _joined(signal: Signal, start: int, contexts: Contexts, context: int) -> Signal:
    """Return the signal with bins joined that are thin here; its bins are named for the thickest of each.

    Which bins of levels are joined is said by other records than those that are counted, where there are such: rare
    ones would be those that happened to be rare, and all of them together look rarer than they are.
    """
    if signal.kind == "share":
        return signal
    cells = slice(start, start + len(signal.bin_of))
    held = _held(signal.bin_of, contexts.counts[context, cells])
    if signal.ordered or contexts.choosing is None:
        of = merged(held, ordered=signal.ordered)
    else:
        chosen = _chosen(_held(signal.bin_of, contexts.choosing[context, cells]))
        rest = merged(_held(chosen, held), ordered=False, least=FEWEST)  # hardly ever joins any
        of = [rest[group] for group in chosen]
    named = [
        max((k for k, g in enumerate(of) if g == group), key=lambda k: (held[k], -k)) for group in range(max(of) + 1)
    ]
    bin_of = tuple(of[b] if b >= 0 else -1 for b in signal.bin_of)
    sides = tuple(signal.sides[k] for k in named) if signal.sides else ()
    return replace(signal, bins=tuple(signal.bins[k] for k in named), bin_of=bin_of, sides=sides)


def _chosen(held: Sequence[int]) -> list[int]:
    """Return the bin of each level: its own where it is frequent, else one with so many rare ones as are together."""
    rare = [k for k, count in enumerate(held) if count < FREQUENT]
    if sum(held[k] for k in rare) < FREQUENT:
        return merged(held, ordered=False, least=FREQUENT)
    frequent = [k for k in range(len(held)) if k not in rare]
    together = merged([held[k] for k in rare], ordered=True, least=FREQUENT)
    of = dict(zip((*frequent, *rare), (*range(len(frequent)), *(len(frequent) + b for b in together)), strict=True))
    return [of[k] for k in range(len(held))]


def _held(bin_of: Sequence[int], counts: Sequence[int] | Ints) -> list[int]:
    """Return how many records each bin holds, given those of each cell."""
    held = [0] * (max(bin_of) + 1)
    for cell, bin_ in enumerate(bin_of):
        if bin_ >= 0:
            held[bin_] += int(counts[cell])
    return held


def _strata(contexts: Contexts, whole: Null, parts: Sequence[Null]) -> Strata:
    groups = np.zeros((len(parts), *whole.shape), dtype=np.int64)
    accepted = np.zeros((len(parts), *whole.shape))
    for context, null in enumerate(parts):
        for row, signal in enumerate(whole.signals):
            of = dict(sorted(zip(signal.bin_of, null.signals[row].bin_of, strict=True)))
            own, width = [of[k] for k in range(len(signal.bins))], null.shape[1]
            groups[context, row, : len(own)] = own
            shares = whole.accepted[row, : len(own)]
            within = np.bincount(own, weights=shares, minlength=width)
            here = null.accepted[row] if null.accepted[row].any() else within
            accepted[context, row, : len(own)] = here[own] * shares / np.maximum(within[own], 1e-300)
    return Strata(contexts.by, contexts.names, whole, tuple(parts), groups, accepted)
