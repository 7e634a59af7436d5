"""Other detectors on the same columns: river's one by one, windows against the reference, and the two that bound all.

Each has a `watch`: it is given the accepted records and those that follow, and yields alarms in order. One detector a
feature; of levels one a level, where there are at most 20, else none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from typing import Any, Protocol

import numpy as np

from benchmarks.detection.columns import Alarm, Columns, Floats

WARM = 5_000
"""Accepted records that a detector without a reference sees first."""

WINDOW = 1_000
MOST_LEVELS = 20
LEVEL = 0.05
PSI = 0.1


class Detector(Protocol):
    """What raises alarms.

    Attributes
    ----------
    numbers : int or None
        How many features it can watch within the time; None, all.
    apart : bool
        Whether an alarm on one feature has nothing to do with the others.
    """

    numbers: int | None
    apart: bool

    def watch(self, accepted: Columns, live: Columns, slot: int = 0) -> Iterator[Alarm]:
        """Yield the alarms over the live records, judged in slots of so many where there are slots."""


class Always:
    """Alarms at every record."""

    numbers = None
    apart = False

    def watch(self, accepted: Columns, live: Columns, slot: int = 0) -> Iterator[Alarm]:
        yield from (Alarm(seen, frozenset()) for seen in range(1, len(live) + 1))


class Never:
    """Alarms at none."""

    numbers = None
    apart = False

    def watch(self, accepted: Columns, live: Columns, slot: int = 0) -> Iterator[Alarm]:
        yield from ()


@dataclass(frozen=True)
class River:
    """One of river's detectors on each feature, record by record. It begins anew after an alarm by its own rule.

    Attributes
    ----------
    made : callable
        Gives a fresh detector.
    scaled : bool
        Whether numbers are brought between 0 and 1 by the accepted records' extremes, as ADWIN's bound asks.
    """

    made: Callable[[], Any]
    scaled: bool = False
    numbers: int | None = None
    apart: bool = True

    def watch(self, accepted: Columns, live: Columns, slot: int = 0) -> Iterator[Alarm]:
        features = [self._one(*each) for each in _series(accepted, live, scaled=self.scaled)]
        found: dict[int, set[str]] = {}
        for seen, name in merge(*features):
            if found and seen not in found:
                yield _alarm(found)
            found.setdefault(seen, set()).add(name)
        if found:
            yield _alarm(found)

    def _one(self, name: str, before: Floats, values: Floats) -> Iterator[tuple[int, str]]:
        detector = self.made()
        update = detector.update
        for value in before[-WARM:][~np.isnan(before[-WARM:])].tolist():
            update(value)
        places = np.flatnonzero(~np.isnan(values))
        for place, value in zip(places.tolist(), values[places].tolist(), strict=True):
            update(value)
            if detector.drift_detected:
                yield place + 1, name


def _alarm(found: dict[int, set[str]]) -> Alarm:
    seen, names = found.popitem()
    return Alarm(seen, frozenset(names))


def _series(accepted: Columns, live: Columns, *, scaled: bool) -> Iterator[tuple[str, Floats, Floats]]:
    """Yield what one detector each watches: a feature's numbers, or whether it has one level."""
    for name, values in live.numbers.items():
        before = accepted.numbers[name]
        low, high = (np.nanmin(before), np.nanmax(before)) if scaled else (0.0, 1.0)
        yield name, (before - low) / (high - low), (values - low) / (high - low)
    for name, codes in live.levels.items():
        if len(live.names[name]) <= MOST_LEVELS:
            for level in range(len(live.names[name])):
                yield name, (accepted.levels[name] == level).astype(float), (codes == level).astype(float)


class Windows:
    """A test of each feature in each window of 1,000 records, against the accepted ones.

    Parameters
    ----------
    differs : callable
        Of numbers, or of counts by level: whether the window differs. It is given how many features there are.
    """

    numbers = None
    apart = False

    def __init__(self, of_numbers: Callable[[Floats, Floats, int], bool], of_counts: Callable[..., bool]) -> None:
        self.of_numbers = of_numbers
        self.of_counts = of_counts

    def watch(self, accepted: Columns, live: Columns, slot: int = 0) -> Iterator[Alarm]:
        alike = len(live.features)
        known = {name: values[~np.isnan(values)] for name, values in accepted.numbers.items()}
        kept = {name: _kept(accepted, name) for name in accepted.levels}
        for start in range(0, len(live) - WINDOW + 1, WINDOW):
            window = live.part(start, start + WINDOW)
            moved = {n for n, v in window.numbers.items() if self.of_numbers(known[n], v[~np.isnan(v)], alike)}
            for name, codes in window.levels.items():
                counts = [
                    np.bincount(kept[name][each], minlength=MOST_LEVELS) for each in (accepted.levels[name], codes)
                ]
                if self.of_counts(*counts, alike):
                    moved.add(name)
            if moved:
                yield Alarm(start + WINDOW, frozenset(moved))


def _kept(accepted: Columns, name: str) -> np.ndarray[Any, Any]:
    """Return where each level is counted: the 19 most frequent by themselves, all others together."""
    counts = np.bincount(accepted.levels[name], minlength=len(accepted.names[name]))
    place = np.full(len(counts), MOST_LEVELS - 1)
    place[np.argsort(-counts, kind="stable")[: MOST_LEVELS - 1]] = np.arange(min(len(counts), MOST_LEVELS - 1))
    return place


def _ks(known: Floats, window: Floats, alike: int) -> bool:
    from scipy.stats import ks_2samp

    return bool(ks_2samp(known, window, method="asymp").pvalue < LEVEL / alike)


def _chi_square(known: Any, window: Any, alike: int) -> bool:
    from scipy.stats import chi2_contingency

    there = (known + window) > 0
    return bool(chi2_contingency([known[there], window[there]]).pvalue < LEVEL / alike)


def _psi_of_numbers(known: Floats, window: Floats, alike: int) -> bool:
    edges = np.unique(np.quantile(known, np.arange(1, 10) / 10))
    return _psi(
        *(np.bincount(edges.searchsorted(v, "right"), minlength=len(edges) + 1) for v in (known, window)), alike
    )


def _psi(known: Any, window: Any, _: int) -> bool:
    there = known > 0
    p, q = (np.maximum(counts[there], 0.5) / counts.sum() for counts in (known, window))
    return bool(((q - p) * np.log(q / p)).sum() > PSI)


def detectors() -> Mapping[str, Detector]:
    """Return the peers that run in this environment, by name, with their defaults."""
    from river import drift

    return {
        "always": Always(),
        "never": Never(),
        "ADWIN": River(drift.ADWIN),
        "ADWIN, scaled": River(drift.ADWIN, scaled=True),
        "PageHinkley": River(drift.PageHinkley),
        "KSWIN": River(lambda: drift.KSWIN(seed=0), numbers=1),
        "KS, Bonferroni": Windows(_ks, _chi_square),
        "PSI > 0.1": Windows(_psi_of_numbers, _psi),
    }
