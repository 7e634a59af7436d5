"""Values beyond the accepted range, of which the reference has hardly any: how they come, their column tells.

They come in runs where the others do, and at the hours at which the others are nearest to the end of the range.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from detectors.detector import Signal
from monitor.reference.store import Reference

STEEPER = 1.2
"""Power of how much more often the outermost bin comes at its hour than on average: what lies farther out peaks more.

Of a normal variable whose mean moves up and down by half to three standard deviations 1.2 to 1.4 is right; that the
largest of many contexts is taken adds to it.
"""

Signals = Iterable[tuple[Signal, int]]


def design_effects(reference: Reference, signals: Signals) -> dict[str, float]:
    """Return the design effect of every signal; of values beyond the range at least that of the values."""
    signals = list(signals)
    own = {s.name: reference.design_effects.get(s.name, 1.0) for s, _ in signals}
    return own | {name: max(own[name], own[values.name]) for name, _, values, _ in _beyond(signals)}


def peaks(reference: Reference, signals: Signals) -> dict[str, float]:
    """Return how many times as often as on average values come beyond the range at their hour, where these differ."""
    found = {}
    for name, end, values, start in _beyond(list(signals)):
        for contexts in reference.contexts:
            if contexts.cycle and values.name in contexts.signals:
                bins = np.array(values.bin_of)
                held = contexts.counts[:, start : start + len(bins)]
                whole, outermost = held[:, bins >= 0].sum(axis=1), held[:, bins == end % len(values.bins)].sum(axis=1)
                often = float((outermost / np.maximum(whole, 1)).max()) * whole.sum() / max(1, outermost.sum())
                found[name] = min(max(1.0, often) ** STEEPER, float(len(held)))
    return found


def _beyond(signals: list[tuple[Signal, int]]) -> Iterator[tuple[str, int, Signal, int]]:
    """Yield by name the signals of values beyond a range: at which end, the signal of the values, and where it is."""
    of_values = {start: signal for signal, start in signals if signal.kind == "values" and signal.ordered}
    for signal, start in signals:
        for kind, end in (("quality.below.", 0), ("quality.above.", -1)):
            if signal.name.startswith(kind) and start in of_values:
                yield signal.name, end, of_values[start], start
