"""`tolerance`: how small a shift is not worth a person's time."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from pydantic import PlainValidator, WithJsonSchema

from monitor.config.section import EMPTY, guess, mistakes

LARGEST_W = 1.0
LARGEST_POINTS = 50.0
DEFAULT_W = 0.1
DEFAULT_POINTS: Mapping[str, float] = MappingProxyType(
    {"quality": 0.1, "performance": 1.0, "robustness": 3.0, "labels": 1.0}
)

GROUPS = ("quality", "features", "predictions", "joint", "anomalies", "robustness", "performance", "labels")
_LISTED = ", ".join(GROUPS)
_SIGNAL = re.compile(
    r"(prediction|confidence|latency|(feature|score|quality|joint|anomaly|shadow|performance|labels)\..+)", re.DOTALL
)
_SHARES = re.compile(r"(quality|shadow|performance|labels)\b.*", re.DOTALL)


class Allowed(NamedTuple):
    """What one signal may move: `w` (Cohen's w) for frequencies over bins, percentage `points` for shares."""

    w: float
    points: float


@dataclass(frozen=True)
class Tolerance:
    """The tolerances of one model's signals.

    Attributes
    ----------
    number : float or None
        One number for all that is measured in w; 0 sets the shares to 0 as well.
    by_name : Mapping[str, float]
        By group or by signal; the signal's own wins. In percentage points for quality, performance, robustness and
        labels.
    """

    number: float | None = None
    by_name: Mapping[str, float] = field(default_factory=dict)

    def of(self, signal: str, group: str) -> Allowed:
        """Return what `signal` of `group` may move."""
        w = DEFAULT_W if self.number is None else self.number
        points = 0.0 if self.number == 0 else DEFAULT_POINTS.get(group, DEFAULT_POINTS["quality"])
        own = self.by_name.get(signal, self.by_name.get(group))
        if own is None:
            return Allowed(w, points)
        if own == 0:
            return Allowed(0.0, 0.0)
        return Allowed(w, own) if group in DEFAULT_POINTS else Allowed(own, points)


def _number(value: Any, *, shares: bool) -> float:
    if value is None:
        raise ValueError(EMPTY)
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except ValueError:
        number = math.nan
    largest = LARGEST_POINTS if shares else LARGEST_W
    unit = "percentage points" if shares else "Cohen's w: 0.1 small, 0.3 medium, 0.5 large"
    if math.isnan(number):
        found = f'"{value}"' if isinstance(value, str) else "what stands here"
        raise ValueError(f"{found} is not a number ({unit})")
    if not 0 <= number <= largest:
        raise ValueError(f"{number:g} is out of range. From 0 to {largest:g} ({unit})")
    return number


def parse_tolerance(value: Any) -> Tolerance:
    """Return the tolerances in a number, or in a map from group or signal to a number."""
    if isinstance(value, Tolerance):
        return value
    if not isinstance(value, dict):
        return Tolerance(number=_number(value, shares=False))
    found: dict[str, float] = {}
    wrong: dict[str, tuple[str, Any]] = {}
    for name, allowed in value.items():
        if name not in GROUPS and not _SIGNAL.fullmatch(name):
            words = "neither a group nor a signal, such as feature.income"
            wrong[name] = (words + (guess(name, GROUPS) or f". Did you mean feature.{name}? Groups: {_LISTED}"), name)
            continue
        try:
            found[name] = _number(allowed, shares=name == "robustness" or bool(_SHARES.fullmatch(name)))
        except ValueError as why:
            wrong[name] = (str(why), allowed)
    if wrong:
        raise mistakes("tolerance", wrong)
    return Tolerance(by_name=found)


_NUMBER_SCHEMA = {"type": "number", "minimum": 0}
ToleranceSetting = Annotated[
    Tolerance,
    PlainValidator(parse_tolerance),
    WithJsonSchema({"anyOf": [_NUMBER_SCHEMA, {"type": "object", "additionalProperties": _NUMBER_SCHEMA}]}),
]
