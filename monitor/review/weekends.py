"""A weekend is no fault: what moves with the first one in the records would be cut out for nothing."""

from __future__ import annotations

import numpy as np

from monitor.reference.contexts import CYCLES, DAY, HOUR, WEEK
from monitor.reference.notes import Note
from monitor.reference.store import Reference

LONGEST = 4 * DAY
MOSTLY = 0.6
"""Share of a stretch that lies on Saturdays and Sundays."""


def of_weekends(reference: Reference, note: Note) -> bool:
    """Return whether what differs is a weekend, of records too few weeks long to show that these repeat."""
    first, last = reference.first, reference.last
    if first is None or last is None or last - first >= 2 * WEEK:
        return False
    if note.since is None:
        return note.until is not None and (_is_weekend(first, note.until) or _is_weekend(note.until, last))
    return _is_weekend(note.since, note.until or last) or (note.until is None and _is_weekend(first, note.since))


def _is_weekend(since: int, until: int) -> bool:
    if not DAY <= until - since <= LONGEST:
        return False
    weekdays = CYCLES["day_of_week"].at(np.arange(since, until, HOUR))
    return bool(np.mean(weekdays >= 5) >= MOSTLY)
