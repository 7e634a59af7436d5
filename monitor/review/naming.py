"""Names of features and times as cautions and tables show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.incidents.incident import rfc3339
from monitor.reference.contexts import DAY, HOUR
from monitor.reference.store import Reference
from sinks.text import plain

LONGEST_NAME = 32
NAMED = 5
"""Most features that one line names."""


def named(names: Sequence[str], join: str = ", ") -> str:
    """Return the first few of some names, and how many more there are."""
    told = join.join(names[:NAMED])
    return f"{told} and {len(names) - NAMED} more" if len(names) > NAMED else told


def short(name: str) -> str:
    """Return a feature's name as it can be printed."""
    return plain(name, LONGEST_NAME)


def line(items: Iterable[str], what: str, words: str) -> list[str]:
    """Return `what: a, b. Words`, nothing where there are no items."""
    told = [*items]
    return [f"{what}: {named(told)}. {words[0].upper()}{words[1:]}"] if told else []


def stretch(reference: Reference, since: int | None, until: int | None) -> str:
    """Return `from 2026-09-08 14:05 on`, `until …`, `from … to …`; by numbers where records have no times."""
    first, last = (None if at is None else _moment(reference, at) for at in (since, until))
    if first and last:
        return f"at {first}" if first == last else f"from {first} to {last}"
    return f"from {first} on" if first else f"until {last}" if last else ""


def _moment(reference: Reference, at: int) -> str:
    if reference.first is None or reference.last is None:
        return f"record {at + 1:,}"
    span = reference.last - reference.first
    day, time = rfc3339(at)[:19].split("T")
    time = time if span < HOUR else time[:5]
    return time if rfc3339(reference.first)[:10] == rfc3339(reference.last)[:10] and span < DAY else f"{day} {time}"
