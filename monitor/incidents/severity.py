"""How much an incident matters: from the effect, not from the evidence."""

from __future__ import annotations

from typing import Literal

from monitor.types import SEVERITIES, Effect, Severity

Importance = Literal["low", "normal", "high"]

_STEP = {"low": -1, "normal": 0, "high": 1}


def severity_of(effect: Effect, importance: Importance = "normal", group: str = "") -> Severity:
    """Return the severity of one signal's effect.

    Cohen's w below .1 is info, below .3 a warning, else an error; for shares, percentage points above the accepted
    share: below 1, below 5, else. Where a detector tells no size, an attack is an error, all else a warning.
    Importance moves it one step; `critical` is for the monitor being blind.
    """
    if effect == Effect():
        level = 2 if group == "anomalies" else 1
    elif effect.points is not None:
        level = 0 if effect.points < 1 else 1 if effect.points < 5 else 2
    else:
        w = effect.w or 0.0
        level = 0 if w < 0.1 else 1 if w < 0.3 else 2
    return SEVERITIES[min(2, max(0, level + _STEP[importance]))]
