"""How often a detector alarms where nothing changes, how late where something does; each with an interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np

from benchmarks.detection.columns import Columns
from benchmarks.detection.peers import Detector
from benchmarks.detection.streams import Drift, drifted, stationary

REFERENCE = 10_000
"""Accepted records."""
QUIET_SLOT = 800
RESAMPLED = 2_000
DECISIVE = ("normal_2", "normal_0", "normal_1", "twenty", "five_hundred")
"""What drifts; the first of them is what a detector is given that takes one feature."""


def accepted_of(seed: int, numbers: int | None = None) -> Columns:
    """Return the accepted records of a run, of the first `numbers` features that drift where it is given."""
    columns = stationary(REFERENCE, 2 * seed)
    return columns if numbers is None else columns.only(set(DECISIVE[:numbers]))


def quiet(detector: Detector, accepted: Columns, seed: int, records: int, slot: int = QUIET_SLOT) -> dict[str, Any]:
    """Return how many alarms there were over stationary records, and on which features."""
    count, features = 0, Counter[str]()
    live = stationary(records, 1_000_000 + seed, first=len(accepted)).only(set(accepted.features))
    for alarm in detector.watch(accepted, live, slot):
        count += 1
        features.update(alarm.features)
    return {"alarms": count, "records": records, "features": dict(features.most_common(5))}


def delay(detector: Detector, accepted: Columns, drift: Drift, seed: int) -> float | None:
    """Return the records from the change to the first alarm on what changed; None where it was missed.

    A detector that looks at each feature by itself is spared the others.
    """
    live = drifted(drift, 2_000_000 + seed, first=len(accepted)).only(set(accepted.features))
    if detector.apart:
        live, accepted = (columns.only(set(drift.features)) for columns in (live, accepted))
    found = (alarm.seen for alarm in detector.watch(accepted, live, drift.slot) if alarm.about(drift.features))
    return next(found, None)


def rate(alarms: int, records: int) -> tuple[float, float, float]:
    """Return alarms per million records with the exact interval of a Poisson count (Garwood 1936), 95 %."""
    from scipy.stats import chi2

    million = records / 1e6
    low = chi2.ppf(0.025, 2 * alarms) / 2 if alarms else 0.0
    return alarms / million, float(low) / million, float(chi2.ppf(0.975, 2 * alarms + 2)) / 2 / million


def quantile(found: Sequence[float | None], share: float) -> tuple[float, float, float]:
    """Return a quantile of delays with its bootstrap interval, 95 %; infinite where it lies among the missed."""
    values = np.sort([inf if each is None else each for each in found])
    draw = np.random.default_rng(0)
    place = min(len(values) - 1, int(np.ceil(share * len(values))) - 1)
    again = np.sort(draw.integers(0, len(values), (RESAMPLED, len(values))), axis=1)[:, place]
    low, high = (int(np.quantile(again, each, method="nearest")) for each in (0.025, 0.975))
    return float(values[place]), float(values[low]), float(values[high])
