"""How dense records come beside those of the reference, which may be a sample of the traffic or of a busier time."""

from __future__ import annotations

from math import inf

from monitor.reference.contexts import DAY
from monitor.reference.store import Reference

BEGUN = 10.0
"""Slots of the reference's own density that stand at the beginning: a single record says little."""


class Density:
    """Fading counts of records and slots, half as much after a day.

    Parameters
    ----------
    reference : Reference
    slot : int
        Milliseconds.
    """

    def __init__(self, reference: Reference, slot: int) -> None:
        lasted = (reference.last or 0) - (reference.first or 0)
        self.usual = reference.rows * slot / lasted if lasted > 0 else inf
        self.slots_a_day = DAY / slot
        self.slots = BEGUN
        self.records = BEGUN * self.usual if self.usual < inf else 0.0

    def add(self, records: int, slots: int) -> float:
        """Add a slot, so many after the last one; return how many times as dense records come, 1 at least."""
        fade = 0.5 ** (slots / self.slots_a_day)
        self.records = self.records * fade + records
        self.slots = self.slots * fade + slots
        return max(1.0, self.records / self.slots / self.usual)
