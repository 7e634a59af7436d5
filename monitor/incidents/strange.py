"""When records have hardly anything of what the reference knows: then it is probably another model's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detectors.detector import Signal
from monitor.types import SignalChange

STRANGE = "hardly any feature that the reference knows is in these records: look at whether it is the right reference"
NEARLY_ALL = 0.9
FEWEST = 2
_OUTPUTS = ("prediction", "confidence", "scores")


def is_strange(told: Mapping[str, SignalChange], watched: Sequence[Signal]) -> bool:
    """Return whether the schema changed and nearly all of the watched features are missing in nearly all records."""
    outputs = {f"quality.missing.{name}" for name in _OUTPUTS}
    known = [s.name for s in watched if s.name.startswith("quality.missing.") and s.name not in outputs]
    if "quality.schema" not in told or len(known) < FEWEST:
        return False
    gone = [c for name in known if (c := told.get(name)) and c.bins and c.bins[0].observed >= NEARLY_ALL]
    return len(gone) >= NEARLY_ALL * len(known)
