"""An event in words: the same facts in the same order at every destination.

What, since when, how much, how sure, what else, what to look at first. Pure functions of the event; never a value or
an id of a single record, never a long list. Names come from outside: all are escaped and cut to a length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from monitor.types import BinShift, Event, SignalChange
from sinks.signals import at_level, beside, bin_name, change, grouped, look_first, name, size, sizes
from sinks.text import counted, lasting, moment, one_in, plain, with_short_times
from sinks.within import in_utc, mostly

COUNTED = {"performance": "label", "labels": "label", "robustness": "answer"}
"""What the incidents of some groups count: records of a stream that is not the requests."""
ADVICE = (
    (": look at whether it is the right reference", "whether this is the right reference, that of this model"),
    (
        ": look at whether labels name the classes as predictions do",
        "whether labels name the classes as predictions do",
    ),
    (": look at that release first", "at that release"),
)
"""How notes end that say where to look, and what is said of it."""
LONGEST_URL = 1_000
BRIEF = 300
"""Seconds below which times are told to the second."""
MOST = 0.9
"""As large a part of requests, or of a time, needs no words beside the whole."""


@dataclass(frozen=True)
class Message:
    """What is said about one event.

    Attributes
    ----------
    headline : str
        Severity, model and what: 150 characters at most.
    story : str
        Since when, and what moved; for the end of an incident, how long it lasted.
    facts : tuple of (str, str)
        Label and words: size, how sure, what else.
    notes : tuple of str
    look_first : str or None
        Goes on after the words "Look first".
    bins : tuple of (str, BinShift)
        The leading signal's bins that moved, for a picture: what to call each, and its shares.
    runbook : str or None
    origin : str
        The incident's name, and what was compared with.
    """

    headline: str
    story: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    look_first: str | None
    bins: tuple[tuple[str, BinShift], ...]
    runbook: str | None
    origin: str


def message(event: Event) -> Message:
    """Return all that is said about an event."""
    over = event.event == "resolved"
    groups = [] if over else grouped(event.signals)
    return Message(
        headline=headline(event),
        story=lasted(event) if over else _happening(event, groups),
        facts=tuple(_facts(groups)),
        notes=tuple(_notes(event)),
        look_first=_look_first(event, groups),
        bins=tuple((bin_name(b.bin), b) for b in groups[0][0].bins[:4]) if groups else (),
        runbook=_runbook(event),
        origin=_origin(event),
    )


def headline(event: Event) -> str:
    """Return `▲ error · credit-risk v7 · income shifted up`."""
    state = {
        "opened": f"▲ {event.severity}",
        "updated": f"↺ {next(filter(_is_rise, event.notes), f'{event.severity}, still open')}",
        "resolved": "✓ resolved",
    }[event.event]
    return f"{state} · {subject(event)}"


def subject(event: Event) -> str:
    """Return `credit-risk v7 · income shifted up`: 123 characters at most."""
    version = plain(event.version or "", 16)
    model = f"{plain(event.model, 30)} {'v' if version[:1].isdigit() else ''}{version}".strip()
    return f"{model} · {plain(event.summary, 72)}"


def since(event: Event) -> str:
    """Return `Since 2026-01-01 14:05 UTC (55 min, 31,250 requests)`, as far as it is known.

    That is what the sizes and shares of the leading signal rest on; `shares of 11 of them`, where they are of less.
    """
    event = _of_lead(event)
    if event.since is None:
        return f"At {moment(event.time)} UTC"
    return f"Since {_when(event)} ({_extent(event)}{_shares_of(event)})"


def _of_lead(event: Event) -> Event:
    """Return the event since the onset of its leading signal, where that has one of its own."""
    lead = event.signals[0] if event.signals else None
    return replace(event, since=lead.since, since_records=lead.since_records) if lead and lead.since else event


def _when(event: Event) -> str:
    return f"{moment(event.since or event.time, seconds=_seconds(event) < BRIEF)} UTC"


def _extent(event: Event) -> str:
    return ", ".join(filter(None, [lasting(_seconds(event)), _records(event)]))


def _shares_of(event: Event) -> str:
    """Return `; shares of 11 of them`, where a level, some hours or an earlier count had so many of the requests."""
    own = event.signals[0].records if event.signals else None
    if own is None or event.records is None or event.since_records is None:
        return ""
    return f"; shares of {own:,} of them" if own < MOST * (event.records - event.since_records) else ""


def lasted(event: Event) -> str:
    """Return `Lasted 55 min, 2026-01-01 14:05 to 15:00 UTC (31,250 requests).`, as far as it is known."""
    if event.since is None:
        return f"Over at {moment(event.time)} UTC."
    seconds = _seconds(event)
    began = moment(event.since, seconds=seconds < BRIEF)
    ended = moment(event.time, event.since, seconds=seconds < BRIEF)
    records = _records(event)
    return f"Lasted {lasting(seconds)}, {began} to {ended} UTC" + (f" ({records})." if records else ".")


def _happening(event: Event, groups: Sequence[Sequence[SignalChange]]) -> str:
    said = f"{since(event)} {change(groups[0]) if groups else plain(event.summary, 200)}"
    longer = ""
    if _seconds(_of_lead(event)) < MOST * _seconds(event):
        longer = f" The incident began {_when(event)} ({_extent(event)})."
    return said if said.endswith("?") else f"{said}.{longer}"


def _notes(event: Event) -> list[str]:
    """Return the notes for a person, without advice, which comes after a colon: `look_first` gives it."""
    notes = [note.partition(": look at")[0] for note in event.notes if not _is_rise(note)]
    since = _of_lead(event).since or event.time
    return [plain(with_short_times(note, since, seconds=_seconds(event) < BRIEF), 300) for note in notes[:5]]


def _is_rise(note: str) -> bool:
    """Return whether a note is `now error, was warning`: the headline has it."""
    return re.fullmatch(r"now [a-z]{4,8}, was [a-z]{4,8}", note) is not None


def _seconds(event: Event) -> float:
    """Return how long ago the onset was."""
    return (datetime.fromisoformat(event.time) - datetime.fromisoformat(event.since or event.time)).total_seconds()


def _records(event: Event) -> str | None:
    """Return how many records came since the onset; of the monitor's own troubles they are no measure."""
    if event.records is None or event.since_records is None:
        return None
    if any(s.evidence is None for s in event.signals[:1]):
        return None
    thing = COUNTED.get(event.signals[0].group, "request") if event.signals else "request"
    return counted(event.records - event.since_records, thing)


def _facts(groups: Sequence[Sequence[SignalChange]]) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    lead = groups[0] if groups else ()
    if lead and (words := size(lead[0].effect)):
        rest = f"; the others {more}" if (more := sizes(lead[1:])) else ""
        facts.append(("Size", f"{words} ({name(lead[0])}){rest}" if lead[1:] else words))
    if lead and lead[0].given:
        within = plain(lead[0].given.partition(" (mostly ")[0], 40)
        alike = at_level(lead[0]) or f" for the same {within}{in_utc(within)}"
        facts.append(("Compared", f"with what was accepted{alike}"))
        if when := mostly(lead[0]):
            facts.append(("Mostly", when))
    if lead and lead[0].evidence is not None:
        facts.append(("How sure", f"evidence {one_in(lead[0].evidence)}, within the false-alarm budget"))
    elif lead and lead[0].group != "quality":  # what the monitor sees of itself is no guess
        facts.append(("How sure", "a rule of this detector's own: no false-alarm budget covers it"))
    if len(groups) > 1:
        facts.append(("Also", _also(groups[1:], lead[0].group)))
    return facts


def _also(groups: Sequence[Sequence[SignalChange]], lead: str) -> str:
    said = [beside(group, follows=[s.group for s in group] == ["predictions"] != [lead]) for group in groups[:3]]
    left = sum(len(group) for group in groups[3:])
    return "; ".join([*said, *([counted(left, "more signal")] if left else [])])


def _look_first(event: Event, groups: Sequence[Sequence[SignalChange]]) -> str | None:
    """Return where to look first: at what the notes say, then where the leading signal says."""
    words = look_first(_leading(event, groups)) if groups else None
    first = [place for advice, place in ADVICE if any(note.endswith(advice) for note in event.notes)]
    return ", then ".join([*first, words]) if words else None


def _leading(event: Event, groups: Sequence[Sequence[SignalChange]]) -> Sequence[SignalChange]:
    """Return what to look at: beside outputs of the model what moved before it, unless a version began."""
    began = any(note.startswith("model version ") for note in event.notes)
    outputs = groups[0][0].group == "predictions" and groups[0][0].signal != "latency"
    columns = (group for group in groups if group[0].group in ("quality", "features"))
    return next(columns, groups[0]) if outputs and not began else groups[0]


def _runbook(event: Event) -> str | None:
    url = event.runbook or ""
    return url if url.isprintable() and 0 < len(url) <= LONGEST_URL else None


def _origin(event: Event) -> str:
    said = [plain(event.incident, 60)]
    if event.reference:
        said.append(f"compared with reference {plain(event.reference.removeprefix('sha256:')[:12], 12)}")
    return " · ".join(said)
