"""What a person must see before accepting records, most important first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set

import numpy as np

from monitor.counting.tally import DEAD
from monitor.judge.bursts import DEPENDENT
from monitor.reference.store import Reference
from monitor.review.column_cautions import absent, kinds
from monitor.review.naming import line, short
from monitor.review.noted import copies, leaks, moves
from monitor.review.visible import BLIND, Visible, visible
from sinks.text import counted, percent

FEW = 2_000
HARDLY = 0.5
"""Cohen's w of a large shift: where no smaller one can be told from chance, hardly anything is seen."""

MOVING = ("shift", "stretch", "mostly", "clock", "aside")
"""Notes of what moves."""

_LIKE_TIME = {"timestamp", "ts", "datetime", "date", "event_time", "eventtime", "created_at", "time"}


def cautions(reference: Reference, seen: Mapping[str, Visible] | None = None) -> list[str]:
    """Return one line for each kind of thing that may be wrong with the records, given what they can show."""
    return [
        *_about_records(reference),
        *leaks(reference),
        *moves(reference),
        *absent(reference),
        *copies(reference),
        *_about_sight(reference, visible(reference) if seen is None else seen),
        *kinds(reference),
    ]


def _about_records(reference: Reference) -> Iterator[str]:
    unusable = int(reference.counts[DEAD])
    if unusable:
        share = percent(unusable / (unusable + reference.rows))
        verb = "is" if unusable == 1 else "are"
        yield f"{counted(unusable, 'unusable record')} ({share}) {verb} not in it: is that how traffic looks?"
    if reference.first is None:
        words = "not every record has a time, so the order of the file is taken as the order in time: is it?"
        likely = [f.name for f in reference.schema.features if f.name.lower().lstrip("@") in _LIKE_TIME]
        yield f"{words} {short(likely[0])} may be meant: name it `time`, beside the features" if likely else words
    if reference.closeness is not None and reference.closeness.distance == 0.0:
        yield "records lie as close together as those of a query attack: the detector `queries` cannot tell them apart"


def _about_sight(reference: Reference, seen: Mapping[str, Visible]) -> Iterator[str]:
    """Yield what too few records, or records that depend on each other, cannot show."""
    own = {name.removeprefix("feature."): found for name, found in seen.items() if name.startswith("feature.")}
    if reference.rows < FEW:
        yield f"only {reference.rows:,} records: {_cost(reference.rows, [found.smallest for found in own.values()])}"
    hardly = sorted(((f.smallest, short(n)) for n, f in own.items() if f.smallest > HARDLY), reverse=True)
    words = [f"{name} (shifts below {w:.2g})" if w != BLIND else name for w, name in hardly]
    yield from line(words, "hardly anything can be seen of", "build it from a longer time")
    blind = [f"{short(n)} ({_some(f.blind)})" for n, f in own.items() if f.blind and f.smallest <= HARDLY]
    yield from line(blind, "too few records of some contexts", "no shift can be seen there")
    told = {note.about for note in reference.notes if note.kind in MOVING}
    effects = {name: d for name, d in reference.design_effects.items() if not _explained(name, told)}
    slow = [(name, d) for name, d in effects.items() if d > DEPENDENT]
    slow.sort(key=lambda item: (-item[1], item[0]))
    words = [f"{short(name.removeprefix('feature.'))} ({d:.1f})" for name, d in slow]
    cost = "each counts that many times less, and less still where traffic is denser than here"
    yield from line(words, "records depend on those before", cost)
    further = [short(name.removeprefix("feature.")) for name in reference.growing if name in effects]
    yield from line(further, "dependence reaches further than these records show", "build it from a longer time")


def _explained(name: str, told: Set[str]) -> bool:
    """Return whether a signal moves, or is made of columns that may: then records look as if they depended."""
    return name in told or (bool(told) and name.startswith(("joint.", "anomaly.")))


def _cost(rows: int, smallest: list[float]) -> str:
    if not smallest:
        return "too few to say much"
    now = float(np.median(smallest))
    then = now * (rows / 10_000) ** 0.5
    return f"shifts below {now:.2g} (w) cannot be told from chance; with 10,000 it would be about {then:.2g}"


def _some(names: tuple[str, ...]) -> str:
    utc = " UTC" if re.search(r"\d\d:\d\d$", names[0]) else ""
    return f"{names[0]}{utc}{f' and {len(names) - 1} more' * (len(names) > 1)}"
