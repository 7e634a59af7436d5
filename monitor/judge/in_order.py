"""What sequential detectors find in a closed slot. Their alarms rest on no evidence of ours and on no budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from detectors.detector import Signal
from detectors.sequential import Rows, Sequential, in_order
from monitor.judge.family import Finding
from monitor.types import Effect


class InOrder:
    """The sequential detectors of one model.

    Parameters
    ----------
    detectors : sequence of Sequential
        No two of one signal.
    slot : int
        Length of a slot in milliseconds.

    Attributes
    ----------
    alarmed : dict of str to int
        By signal, the slot of the last alarm; forgotten when its incident is resolved.
    """

    def __init__(self, detectors: Sequence[Sequential], slot: int) -> None:
        self.detectors = tuple(detectors)
        self.slot = slot
        self.alarmed: dict[str, int] = {}

    def advance(self, slot: int, parts: Sequence[Rows], records: int) -> list[Finding]:
        """Return the alarms of the next closed slot; `records` is how many were judged before it."""
        if not parts:
            return []
        rows = in_order(parts)
        found = []
        for detector in self.detectors:
            alarm = detector.advance(rows, (slot + 1) * self.slot)
            if alarm is not None:
                signal = Signal(detector.signal, detector.group, "values", ordered=False, bins=(), bin_of=())
                self.alarmed[signal.name] = slot
                found.append(Finding(signal, None, slot, records + alarm.rows[0], Effect(), alarm.words, ()))
        return found

    def state(self) -> dict[str, Any]:
        """Return all that is remembered, as arrays and plain values."""
        kept = {d.signal: {"fingerprint": d.fingerprint, "state": d.state()} for d in self.detectors}
        return {"alarmed": self.alarmed, "detectors": kept}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`. A detector that was configured otherwise, or not at all, begins anew."""
        kept = state["detectors"]
        for detector in self.detectors:
            own = kept.get(detector.signal)
            if own is not None and own["fingerprint"] == detector.fingerprint:
                detector.restore(own["state"])
        names = {detector.signal for detector in self.detectors}
        self.alarmed = {name: slot for name, slot in state["alarmed"].items() if name in names}
