"""Within what a signal is compared, in words: times, and when it moved most."""

from __future__ import annotations

from monitor.types import SignalChange
from sinks.text import plain

OF_TIME = ("time of day", "hour of the day", "hour of the week", "weekday", "month")
"""What signals are compared within, where that is a cycle."""


def in_utc(within: str) -> str:
    """Return ` (UTC)`, where signals are compared with what came at the same time."""
    return " (UTC)" if within.partition(",")[0] in OF_TIME else ""


def mostly(signal: SignalChange) -> str:
    """Return when it moved most, `07:00–10:00 (UTC)`; nothing where it moved alike at all times."""
    words = (signal.given or "").removesuffix(")").partition(" (mostly ")[2]
    return plain(words, 100) + (" (UTC)" if ":" in words else "")


def when(signal: SignalChange) -> str:
    """Return `, mostly 07:00–10:00`, of what moved in several shapes when it did in the first: bins are of then."""
    words = mostly(signal).removesuffix(" (UTC)").partition(f" {signal.shape}")[0]
    return f", mostly {words}" if words else ""
