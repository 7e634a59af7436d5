"""When nearly all is wrong at once: the wrong reference, or labels that call the classes otherwise, and not drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detectors.detector import Signal
from monitor.types import SignalChange

STRANGE = "hardly any feature that the reference knows is in these records: look at whether it is the right reference"
OTHER_NAMES = "nearly every labelled prediction is wrong: look at whether labels name the classes as predictions do"
NEARLY_ALL = 0.9
ALL = 0.99
FEWEST = 2
_OUTPUTS = ("prediction", "confidence", "scores")


def remarks(told: Mapping[str, SignalChange], watched: Sequence[Signal]) -> list[str]:
    """Return what a person should ask first, given what an incident told so far."""
    error = told.get("performance.error")
    all_wrong = error is not None and any(b.bin == "wrong" and b.expected < ALL <= b.observed for b in error.bins)
    return [*([STRANGE] if is_strange(told, watched) else []), *([OTHER_NAMES] if all_wrong else [])]


def is_strange(told: Mapping[str, SignalChange], watched: Sequence[Signal]) -> bool:
    """Return whether the schema changed and nearly all of the watched features are missing in nearly all records."""
    outputs = {f"quality.missing.{name}" for name in _OUTPUTS}
    known = [s.name for s in watched if s.name.startswith("quality.missing.") and s.name not in outputs]
    if "quality.schema" not in told or len(known) < FEWEST:
        return False
    gone = [c for name in known if (c := told.get(name)) and c.bins and c.bins[0].observed >= NEARLY_ALL]
    return len(gone) >= NEARLY_ALL * len(known)
