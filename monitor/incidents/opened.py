"""What incidents were opened as: whoever reads that one is over knows it by the headline that was told first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from monitor.incidents.summary import summarise
from monitor.types import Event

OPENED_AS = "opened as: "
"""How the note begins that says it."""


class _First(NamedTuple):
    """The headline that was told first, and what it would be at the end if nothing joined."""

    told: str
    over: str


class Opened:
    """The first headlines of open incidents."""

    def __init__(self) -> None:
        self._first: dict[str, _First] = {}

    def noted(self, events: Sequence[Event]) -> list[Event]:
        """Return the events. One that ends an incident says first what it was opened as, where it now reads otherwise.

        Neither a size that is left out at the end makes it another headline, nor which of many are named.
        """
        return [self._noted(event) for event in events]

    def _noted(self, event: Event) -> Event:
        if event.event == "opened":
            self._first[event.incident] = _First(event.summary, summarise(event.signals, over=True))
        first = self._first.pop(event.incident, None) if event.event == "resolved" else None
        if first is None or _of(first.over) == _of(event.summary):
            return event
        return replace(event, notes=(OPENED_AS + first.told, *event.notes))

    def state(self) -> dict[str, list[str]]:
        """Return all that is remembered, as plain values."""
        return {incident: list(first) for incident, first in self._first.items()}

    def restore(self, state: dict[str, list[str]]) -> None:
        """Go on from `state`."""
        self._first = {incident: _First(*words) for incident, words in state.items()}


def _of(headline: str) -> str:
    """Return what it is about: before the names of many features, or what became of one."""
    return headline.partition(": ")[0]
