"""river's drift detectors by name, on one signal: the library's own alarms, record for record.

One that does not go on exactly where its copied state ends is refused.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from random import Random
from typing import Any, ClassVar

import numpy as np

from detectors.performance import outcomes
from detectors.plain_state import NotPlainError, plain, put_back
from detectors.sequential import Alarm, Column, Rows
from monitor.formats.batch import Batch

TRIAL = 200
"""Values that a detector is tried with before it is trusted."""

GROUPS = {"feature": "features", "performance": "performance"}


def known() -> list[str]:
    """Return the names of the drift detectors that the installed river has."""
    return sorted(_classes())


def _classes() -> dict[str, Any]:
    from river import base, drift

    kinds = (base.DriftDetector, base.BinaryDriftDetector)
    # river names one that it has not
    found = {name: getattr(module, name, None) for module in (drift, drift.binary) for name in module.__all__}
    return {name: kind for name, kind in found.items() if inspect.isclass(kind) and issubclass(kind, kinds)}


def binary(name: str) -> bool:
    """Return whether the detector takes 0 and 1 only."""
    from river import base

    return issubclass(_classes()[name], base.BinaryDriftDetector)


def made(name: str, params: Mapping[str, Any]) -> Any:
    """Return a fresh detector; one that draws random numbers begins with seed 0 unless told otherwise."""
    kind = _classes()[name]
    seeded = {"seed": 0} if "seed" in inspect.signature(kind).parameters else {}
    return kind(**(seeded | dict(params)))


def complaint(name: str, params: Mapping[str, Any]) -> str | None:
    """Return why the detector cannot be used with these parameters, in words for a person, or None."""
    takes = list(inspect.signature(_classes()[name]).parameters)
    unknown = [key for key in params if key not in takes]
    if unknown:
        return f"{name} has no {', '.join(unknown)}. Known: {', '.join(takes) or 'none'}"
    try:
        exact = _goes_on(name, params)
    except (TypeError, ValueError, ArithmeticError, OverflowError) as why:
        return f"{name} does not work with these: {why}"
    except NotPlainError as why:
        return f"{name} cannot go on after a restart: {why}"
    return None if exact else f"{name} does not go on after a restart as if there had been none"


def _goes_on(name: str, params: Mapping[str, Any]) -> bool:
    """Return whether a restored detector says what the first one says, over a level that changes."""
    rng = Random(0)  # noqa: S311 - values to try it with
    zero_or_one = binary(name)
    levels = [0.2] * TRIAL + [0.8] * TRIAL
    values = [int(rng.random() < level) if zero_or_one else rng.gauss(level, 0.1) for level in levels]
    first, second = made(name, params), made(name, params)
    for value in values[:TRIAL]:
        first.update(value)
    put_back(second, plain(first))
    return all(_said(first, v) == _said(second, v) for v in values[TRIAL:]) and plain(first) == plain(second)


def _said(detector: Any, value: float) -> bool:
    detector.update(value)
    return bool(detector.drift_detected)


@dataclass
class RiverDetector:
    """One of river's detectors on one signal. Values that are missing or not finite are left out.

    Parameters
    ----------
    detector : str
        River's name of it.
    watched : str
        The signal it watches.
    params : dict
        Its parameters.
    """

    detector: str
    watched: str
    params: Mapping[str, Any] = field(default_factory=dict)
    callers: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self._detector = made(self.detector, self.params)
        self._binary = binary(self.detector)

    @property
    def signal(self) -> str:
        return f"{self.watched}.{self.detector}"

    @property
    def group(self) -> str:
        return GROUPS.get(self.watched.partition(".")[0], "predictions")

    @property
    def fingerprint(self) -> str:
        return repr((version("river"), self.detector, sorted(self.params.items())))

    def take(self, batch: Batch) -> Mapping[str, Column]:
        """Return the signal's value of each record."""
        if not self.watched.startswith("performance."):
            return {self.watched: batch.numbers[self.watched]}
        return {"performance": error_of(batch)}

    def advance(self, rows: Rows, now: int) -> Alarm | None:
        """Give the detector every value in turn."""
        column = rows.columns["performance" if self.watched.startswith("performance.") else self.watched]
        found = []
        for place, value in enumerate(column.tolist()):
            if not math.isfinite(value) or (self._binary and value not in {0.0, 1.0}):
                continue
            if _said(self._detector, int(value) if self._binary else value):
                found.append(place)
        if not found:
            return None
        return Alarm(tuple(found), f"{self.watched.removeprefix('feature.')}: {self.detector} sees a change")

    def state(self) -> dict[str, Any]:
        """Return the detector's state as plain values."""
        return {"detector": plain(self._detector)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        put_back(self._detector, state["detector"])


def error_of(batch: Batch) -> Column:
    """Return each record's error: 0 or 1 for classes, the absolute one for numbers; NaN without a label."""
    if "label" in batch.numbers:
        with np.errstate(invalid="ignore"):  # of two infinities nobody knows the distance
            return np.abs(batch.numbers["prediction"] - batch.numbers["label"])
    return np.array([0.0, 1.0, math.nan])[outcomes(batch)]
