"""What moves within the reference, and what lies in one stretch of it alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from detectors.detector import Signal
from monitor.reference.bridge import BLOCKS, Blocks, Ints, Shift, shifts_of, with_time
from monitor.reference.contexts import Given
from monitor.reference.dependence import scores_of
from monitor.reference.notes import Kind, Note

GROUPS = ("quality", "features", "predictions", "performance")
"""What is looked at: of joint signals and scorers a person can say less, and they move with these."""

CHANCE = 0.01
"""Of a reference in which nothing moves to be told of a shift, all signals together."""

LEAST = 0.1
"""Standard deviations between the stretch and the rest, below which nobody need know."""

NEARLY_ALL = 0.95
MOST_OF_TIME = 0.75
CLOCK = 0.9
"""Rank correlation with time from which a column is a clock."""

WAYS = {"location": ("higher", "lower"), "spread": ("wider spread", "less spread")}
STEADY = {"higher": "rising", "lower": "falling"}


@dataclass
class Shifts:
    """What is found, signal by signal.

    Parameters
    ----------
    signals : int
        So many are looked at, and share the chance of a false word.
    notes : list of Note
    """

    signals: int
    notes: list[Note] = field(default_factory=list)

    def look(self, signals: Iterable[Signal], cells: Ints, given: Given, by: Mapping[str, str], marks: Ints) -> None:
        """Look at the signals of one detector.

        Parameters
        ----------
        cells, marks : int arrays (n,)
            Each record's cell and what to call its time, in the order of time.
        given : Given
            The contexts that they came in.
        by : mapping of str to str
            What is the context of those signals that are judged given one.
        """
        for signal in signals:
            bins = np.array(signal.bin_of)[cells]
            applies = bins >= 0
            if signal.group not in GROUPS or signal.contexts > 1 or applies.sum() < BLOCKS:
                continue
            contexts = given[applies].at(by[signal.name]) if signal.name in by else None
            blocks = Blocks.of(bins[applies], len(signal.bins), contexts)
            if contexts is None and _is_clock(signal, blocks):
                self.notes.append(Note("clock", signal.name))
            elif beyond := shifts_of(signal, blocks, CHANCE / max(1, self.signals)):
                self.notes += _notes(signal, blocks, bins[applies], marks[applies], beyond)


def _is_clock(signal: Signal, blocks: Blocks) -> bool:
    if not signal.ordered:
        return False
    return abs(with_time(blocks, dict(scores_of(signal, blocks.counts.sum(axis=0)))["location"])) > CLOCK


def _notes(signal: Signal, blocks: Blocks, bins: Ints, marks: Ints, beyond: Mapping[str, Shift]) -> list[Note]:
    """Return the events and levels that lie in one stretch, else the greatest shift that matters."""
    scores = dict(scores_of(signal, blocks.counts.sum(axis=0)))
    ways = WAYS if signal.ordered else {}  # a level may be called so
    whole = any(name in beyond for name in ways)
    single = {name: int(np.argmax(score)) for name, score in scores.items() if name not in ways and not whole}
    found = [_alone(signal, name, bins == single[name], marks, beyond[name]) for name in beyond if name in single]
    if alone := [note for note in found if note]:
        return alone
    most = {name: shift for name, shift in beyond.items() if abs(shift.apart) >= LEAST}
    if not most:
        return []
    name = max(most, key=lambda name: most[name].reach / most[name].effect ** 0.5)
    share = float(np.mean(bins == single[name])) if signal.kind == "share" else 0.0
    since, until = (at * len(bins) // BLOCKS for at in (most[name].start, most[name].end))
    ends = (None, None) if most[name].steady else _named(marks, since, until - 1)
    return [Note("shift", signal.name, _way(signal, name, most[name]), round(share, 6), *ends)]


def _way(signal: Signal, name: str, shift: Shift) -> str:
    up = shift.apart > 0
    if signal.ordered and name in WAYS:
        way = WAYS[name][not up]
        return STEADY.get(way, way) if shift.steady else way
    return ("more" if up else "less") + ("" if signal.kind == "share" else f" of {name}")


def _alone(signal: Signal, name: str, events: Ints, marks: Ints, shift: Shift) -> Note | None:
    """Return the note of what nearly always happens in one stretch, None where it happens elsewhere too."""
    at = np.flatnonzero(events)
    n = len(events)
    inside = at[(at >= shift.start * n // BLOCKS) & (at < shift.end * n // BLOCKS)]
    if shift.apart < 0:  # the rest has them: it is one stretch where it begins or ends with the records
        inside = at[at < shift.start * n // BLOCKS] if shift.end == BLOCKS else inside[:0]
    if len(inside) < NEARLY_ALL * len(at) or inside[-1] - inside[0] > MOST_OF_TIME * n:
        return None
    kind: Kind = "stretch" if len(inside) == len(at) else "mostly"
    what = "" if signal.kind == "share" else name
    return Note(kind, signal.name, what, round(len(at) / n, 6), *_named(marks, int(inside[0]), int(inside[-1])))


def _named(marks: Ints, first: int, last: int) -> tuple[int | None, int | None]:
    """Return the times of two records, None for those that are about the first or the last."""
    near = len(marks) // BLOCKS
    return (
        int(marks[first]) if first > near else None,
        int(marks[last]) if last < len(marks) - 1 - near else None,
    )
