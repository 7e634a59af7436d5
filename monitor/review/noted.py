"""What was noticed while a reference was built, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from detectors import AbsoluteError, ErrorRate
from detectors.detector import THIN
from monitor.reference.notes import Note
from monitor.reference.store import Reference
from monitor.review.naming import line, short, stretch
from monitor.review.weekends import of_weekends
from sinks.text import percent

_ID = re.compile(r"(^|[_.\s-])(id|uuid|guid)$|[a-z](Id|ID|Uuid|UUID)$")

FEW = 1_000
"""Of fewer different records it is said how many there are."""

MADE_UP = 0.9
"""Of the records that copies add."""

_SHARES = ("quality.missing.", "quality.type.")
"""Told where these shares are."""


def leaks(reference: Reference) -> Iterator[str]:
    """Yield what makes the records another thing than traffic: answers among the inputs, labels that say nothing."""
    by = {what: _about(reference, "leak", what) for what in ("label", "prediction")}
    yield from line(by["label"], "tells the label", "is it known before the answer? If not, leave it out")
    yield from line(by["prediction"], "tells the prediction", "is it an input? If not, leave it out")
    for note in reference.notes:
        if note.kind == "label":
            yield f"every label is {short(note.about)}: of errors on others nothing can be known"
            return
    for detector, at in zip(reference.layout.detectors, reference.layout.starts, strict=True):
        if isinstance(detector, ErrorRate | AbsoluteError):
            *known, _ = reference.counts[at : at + detector.cells].tolist()
            never = known[1] == 0 if isinstance(detector, ErrorRate) else detector.edges[-1] == 0.0
            if never and sum(known) >= THIN:
                yield f"none of {sum(known):,} labelled predictions was wrong: are the labels the model's own answers?"


def moves(reference: Reference) -> Iterator[str]:
    """Yield what moves within the records, or lies in one stretch of them."""
    told = [n for n in reference.notes if not n.about.startswith(_SHARES)]
    weekly = [n for n in told if n.kind == "shift" and of_weekends(reference, n)]
    moved = [f"{_name(n)} ({_where(reference, n)})" for n in told if n.kind == "shift" and n not in weekly]
    apart = [f"{_name(n)} ({_where(reference, n)})" for n in weekly]
    alone = [f"{_name(n)} ({_where(reference, n)})" for n in told if n.kind in ("stretch", "mostly")]
    yield from line(moved, "moves within these records", "which part was accepted? Build from that")
    words = "build from two whole weeks, then weekends are compared with each other"
    yield from line(apart, "moves with the weekend", words)
    yield from line(alone, "in one stretch only", "was that accepted?")
    cyclic = [f"{_name(n)} ({n.how})" for n in told if n.kind == "cycle"]
    yield from line(cyclic, "too few records to compare like with like", "it may be told as shifts: build from more")
    aside = [f"{_name(n)} ({n.how})" for n in told if n.kind == "aside"]
    words = "what is smaller than that cycle hides in it: without `reference.contexts` each is compared with its hour"
    yield from line(aside, "a cycle that levels do not explain", words)
    clock = _about(reference, "clock")
    yield from line(clock, "follows the time", "later values will be told as shifts: set `ignore: true`")


def where(reference: Reference) -> Mapping[str, str]:
    """Return by signal where its events lie, of `quality.missing` and `quality.type`: `all from … to …`."""
    return {n.about: _where(reference, n) for n in reference.notes if n.about.startswith(_SHARES)}


def copies(reference: Reference) -> Iterator[str]:
    """Yield what is there twice, numbers that stand for something else, and those that are names."""
    for note in reference.notes:
        if note.kind == "copies" and not _allowed_for(reference, note.share):
            left = round(reference.rows * (1 - note.share))
            different = f" ({left:,} are different)" * (left < FEW)
            yield (
                f"{percent(note.share)} of records equal an earlier one in every feature{different}: each counts, and "
                "fresh ones may be told as a shift. Build without them if copied"
            )
    odd = [f"{_name(n)} ({short(n.how)} in {percent(n.share)})" for n in reference.notes if n.kind == "sentinel"]
    yield from line(odd, "frequent and far from all others", "if it stands for a missing value, log none instead")
    pairs = [f"{_name(n)} (as {short(n.how.removeprefix('feature.'))})" for n in reference.notes if n.kind == "twice"]
    yield from line(pairs, "the same as another column", "leave one out, else each shift is told twice")
    ids = [short(f.name) for f in reference.schema.features if f.type == "numeric" and _ID.search(f.name)]
    yield from line(ids, "numbers named like ids", "set `ignore: true`, or `type: categorical`")


def _allowed_for(reference: Reference, share: float) -> bool:
    """Return whether copies stand beside each other, so that the design effects make up for them."""
    features = [signal.name for signal, _ in reference.signals if signal.group == "features"]
    least = min((reference.design_effects.get(name, 1.0) for name in features), default=1.0)
    return least * (1 - share) > MADE_UP


def _about(reference: Reference, kind: str, how: str = "") -> list[str]:
    return [_name(note) for note in reference.notes if note.kind == kind and note.how == how]


def _name(note: Note) -> str:
    return short(note.about.removeprefix("feature."))


def _where(reference: Reference, note: Note) -> str:
    time = stretch(reference, note.since, note.until)
    if note.kind == "shift":
        return f"{short(note.how)} {time}".strip()
    share = note.about.startswith(_SHARES)
    how = {"stretch": "all", "mostly": "nearly all"}[note.kind] if share or not note.how else short(note.how)
    return f"{how} {time}".strip()
