"""One line for a person: what moved, and how."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from monitor.incidents.severity import severity_of
from monitor.types import SEVERITIES, SignalChange
from sinks.names import SAID, STRANGE
from sinks.signals import FIRST_BIN, at_level
from sinks.text import counted, percent

NAMED = 3
_OF_VALUES = {"below": "of values ", "above": "of values "}  # else it reads as if they were so much too high
ALONE = ("quality", "features")
"""Groups of signals of one column each."""

UNNAMED = '""'
"""A feature whose name is empty."""

_VERBS = ("shifted", "spread", "narrowed", "changed", "move", "no longer", "now", "go together", "combine")
_GROUP_ORDER = ("quality", "features", "joint", "anomalies", "robustness", "performance", "labels", "predictions")


def ranked(signals: Sequence[SignalChange]) -> tuple[SignalChange, ...]:
    """Return the signals as a person should read them: the most severe first, of equals causes before consequences.

    Whatever moves a feature moves how it goes with others, at times more so: that comes after all features that moved.
    Of one that is compared within contexts the size is over all of them, and may hide that.
    """
    moved = any(s.group in ALONE and (_severity(s) > 0 or s.given) for s in signals)

    def key(change: SignalChange) -> tuple[bool, int, float, float, str]:
        size = change.effect.points if change.effect.points is not None else 100 * (change.effect.w or 0.0)
        return moved and change.group == "joint", -_severity(change), _order(change), -size, change.signal

    return tuple(sorted(signals, key=key))


def _severity(change: SignalChange) -> int:
    return SEVERITIES.index(severity_of(change.effect, group=change.group))


def _order(change: SignalChange) -> float:
    """Return where a signal's group stands; a changed schema comes before what is missing because of it.

    Where a model is wrong more often, that comes before what it does to the confidence.
    """
    if change.signal == "quality.schema":
        return -1.0
    return _GROUP_ORDER.index(change.group) + (0.5 if change.signal == "performance.calibration" else 0.0)


def summarise(signals: Sequence[SignalChange], *, over: bool = False) -> str:
    """Return the headline of an incident whose signals are `ranked`; once it is `over`, without sizes of a moment."""
    first = signals[0]
    alike = _without_echoes([s for s in signals if cause(s) == cause(first)])
    if len(alike) == 1:
        return _alone(alike[0], over=over)
    if first.group == "joint":
        return f"{_alone(first, over=over)}; {counted(len(alike) - 1, 'more pair')} moved"
    named = ", ".join(subject(s.signal) for s in alike[:NAMED])
    more = f" and {len(alike) - NAMED} more" if len(alike) > NAMED else ""
    if first.group == "robustness":
        return f"{len(alike)} shadow checks fail: {named}{more}"
    things = "features" if first.signal.startswith(("feature.", "quality.")) else "outputs"
    where = at_level(first) if len({at_level(s) for s in alike}) == 1 else ""
    return f"{len(alike)} {things} {_together(alike)}{where}: {named}{more}"


def _without_echoes(alike: Sequence[SignalChange]) -> list[SignalChange]:
    """Leave out a library's detector on a signal that moved itself: `feature.income.ADWIN` is no second feature."""
    watched = {s.signal for s in alike}
    return [s for s in alike if s.evidence is not None or s.signal.rpartition(".")[0] not in watched]


def _together(alike: Sequence[SignalChange]) -> str:
    """Return what several signals did, in words that fit all of them."""
    shape, count = Counter(s.shape for s in alike).most_common(1)[0]
    told = alike[0].effect.points is not None or shape.startswith(_VERBS)
    if told and count == len(alike):
        return shape
    return f"moved, most {shape}" if told and 2 * count > len(alike) else "moved"


def subject(signal: str) -> str:
    """Return what a signal is about, in a person's words.

    >>> subject("quality.missing.income"), subject("feature.income"), subject("score.yes"), subject("latency")
    ('income', 'income', 'score of yes', 'latency')
    """
    head, _, rest = signal.partition(".")
    if head == "feature":
        return rest or UNNAMED
    if head == "score":
        return f"score of {rest}"
    if head == "quality":
        _, of_a_feature, name = rest.partition(".")
        return (name or UNNAMED) if of_a_feature else "records"
    if signal == "labels.conflicts":
        return "contradicting labels"
    if head == "performance":
        return rest.replace("_", " ")
    return SAID[head](rest) if head in SAID else STRANGE.get(signal, signal)


def cause(change: SignalChange) -> tuple[str, str]:
    """Quality signals are alike when the same thing is wrong, scorers and what labels say never; others in a group."""
    what = change.signal.split(".")[1] if change.group in ("quality", "joint", "anomalies", "performance") else ""
    return change.group, what


def _alone(change: SignalChange, *, over: bool) -> str:
    return _said(change, over=over) + at_level(change)


def _said(change: SignalChange, *, over: bool) -> str:
    what = subject(change.signal)
    if change.evidence is None:  # a condition says it all
        return re.split(r" for \d|[:;] | \(", change.shape)[0] if over else change.shape
    if change.signal in FIRST_BIN and change.bins:
        of = " of accepted ones" if change.signal in STRANGE else ""
        return what if over else f"{what}: {percent(change.bins[0].observed)} are {change.bins[0].bin}{of}"
    if change.effect.points is None:
        return f"{what} {change.shape}" if change.shape.startswith(_VERBS) else f"{what}: {change.shape}"
    observed = change.bins[0].observed if change.bins else None
    if change.signal == "quality.schema" and change.bins[1:]:
        return f"schema changed: {', '.join(b.bin for b in change.bins[1 : NAMED + 1])}"
    if over:
        shape = change.shape.removeprefix("of ")
        return f"{what}{'' if shape == change.shape else ':'} {shape}"
    share = f"{percent(observed)} {_OF_VALUES.get(cause(change)[1], '')}" if observed is not None else ""
    return f"{what}: {share}{change.shape}"
