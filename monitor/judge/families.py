"""Which signals of a model are judged together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from detectors.detector import Signal
from monitor.judge.by_level import ByLevel
from monitor.judge.family import Family
from monitor.judge.in_time import FamilyInTime
from monitor.judge.null import Tolerance, nulls
from monitor.judge.strata import strata
from monitor.reference.contexts import DAY, Cycle
from monitor.reference.store import Reference


def families(
    reference: Reference,
    watched: Sequence[tuple[Signal, int]],
    tolerance: Tolerance,
    elsewhere: Sequence[Signal],
    slot: int,
) -> list[Family]:
    """Return the signals that are judged together: values, shares, and those of each cycle.

    Parameters
    ----------
    elsewhere : sequence of Signal
        Those that are judged elsewhere under the same budget.
    slot : int
        Length of a slot in milliseconds.
    """
    given = {name: contexts for contexts in reference.contexts for name in contexts.signals}
    every = [s for s, _ in watched for _ in range(len(given[s.name].counts) if s.name in given else 1)]

    def others(ours: Sequence[tuple[Signal, int]]) -> list[Signal]:
        own = {signal.name for signal, _ in ours}
        return [*elsewhere, *(signal for signal in every if signal.name not in own)]

    plain = [(s, start) for s, start in watched if s.name not in given]
    found = [Family(null, DAY / slot) for null in nulls(reference, plain, tolerance, others(plain))]
    for contexts in reference.contexts:
        ours = [(s, start) for s, start in watched if given.get(s.name) is contexts]
        parts = strata(reference, contexts, ours, tolerance, others(ours)) if ours else ()
        at = partial(_context, contexts.cycle, slot) if contexts.cycle else None
        given_it = partial(FamilyInTime, at=at) if at else ByLevel
        found += [given_it(part, slots_a_day=DAY / slot) for part in parts if part.whole.signals]
    return found


def _context(cycle: Cycle, length: int, slot: int) -> int:
    return int(cycle.at(np.array([slot * length]))[0])
