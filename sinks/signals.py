"""Signals in words: what they are called, how far they moved, where to look first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby

from monitor.types import BinShift, Effect, SignalChange
from sinks.names import SAID, STRANGE
from sinks.text import both, plain, points
from sinks.within import when

NAME = 40
"""Characters of a name that are shown."""

SHAPE = 60
"""Characters of what it did: words of our own, mostly, that are not to be cut."""

SCALE = (
    (0.13, "0.1 is small"),
    (0.25, "0.1 is small, 0.3 medium"),
    (0.37, "0.3 is medium"),
    (0.45, "0.3 is medium, 0.5 large"),
    (float("inf"), "0.5 is large"),
)
"""What Cohen called sizes of w, by the first bound above."""

OF_RECORDS = {
    "quality.late": "came too late to count",
    "quality.dead_letters": "were unusable",
    "quality.schema": "had absent or unknown features",
}
"""What is the matter with records as a whole."""

FIRST_BIN = {
    **dict.fromkeys(STRANGE, "{share} of them are {bin} of the accepted ones"),
    "performance.calibration": "{share} of labelled predictions are {bin}",
}
"""What the first bin's share says, of signals whose bins say more than a shape."""

CONFLICTS = "labels.conflicts"

LOOK_FIRST = (
    ("quality.missing", "at the job or service that fills {name}"),
    ("quality.type", "at the last release of what writes {name}: its type changed"),
    ("quality.unseen", "for new or renamed categories in what writes {name}"),
    ("quality.below", "at the unit and scale of {name} at the producer"),
    ("quality.above", "at the unit and scale of {name} at the producer"),
    ("quality.schema", "at the producer's last release: fields appeared or went"),
    ("quality.freshness", "whether the producers still write to the topic"),
    ("quality.late", "at clocks and queues before the topic; where so late is usual, raise allowed_lateness"),
    ("quality.progress", "at /readyz of the monitor: it says what judging waits for"),
    ("quality.memory", "at the memory of the monitor's process, and its limit"),
    ("quality.state", "at the disk of the monitor's state_dir: full, read-only or of another user"),
    ("quality.dead_letters", "at the dead letters: each says why"),
    ("quality.shadow", "whether the shadow endpoint serves the model: the log says what it answers"),
    ("quality.labels", "at the labels' topic, and at the dead letters if there are any"),
    ("quality", "at what writes {name}"),
    ("feature", "at the source of {name} (unit, default, join), then whether the users changed"),
    ("prediction", "at the newest model version and its thresholds"),
    ("score", "at the newest model version and its thresholds"),
    ("confidence", "at the newest model version"),
    ("latency", "at the model server: load, machine, last release"),
    ("joint.pair", "at the join and the computation of {name}: each alone may look as accepted"),
    ("joint", "at the join and the computation of inputs: each alone may look as accepted"),
    (
        "anomaly.queries",
        "at what this caller asks for, and who it is (docs/queries.md): it may look for inputs that fool the model",
    ),
    ("anomaly.knn", "at the verdicts: which records these are and what carries it; then at who sends them"),
    ("anomaly.trust", "at the verdicts: records between two classes may be made to mislead; then at who sends them"),
    ("anomaly", "at who sends these requests"),
    ("shadow.skew", "at what is deployed at the endpoint, and how its inputs are prepared"),
    ("shadow", "at the last training: smaller changes now break the model"),
    ("performance", "at the labelled errors, by class"),
    ("labels", "at what sends labels twice, and whether ids are used again; before any retraining"),
)
"""By the beginning of the signal's name, the first that fits."""


def grouped(signals: Sequence[SignalChange]) -> list[tuple[SignalChange, ...]]:
    """Return signals that say the same of different features together; the first one's group is first."""
    place: dict[tuple[str, str, str], int] = {}
    for signal in signals:
        place.setdefault(_family(signal), len(place))
    ordered = sorted(signals, key=lambda s: place[_family(s)])
    return [tuple(group) for _, group in groupby(ordered, key=_family)]


def _family(signal: SignalChange) -> tuple[str, str, str]:
    what, feature = _parts(signal.signal)
    return (what if feature else signal.signal, signal.shape, at_level(signal))


def at_level(signal: SignalChange) -> str:
    """Return ` for tenant t07`, of a signal that moved in one level of a field; else nothing.

    >>> at_level(SignalChange("feature.x", "features", 7.2, Effect(), "shifted up", given="tenant", level="missing"))
    ' where tenant is missing'
    """
    if signal.level is None:
        return ""
    field, level = plain(signal.given or "", NAME), plain(signal.level, NAME)
    if level in ("missing", "of the wrong type"):
        return f" where {field} is {level}"
    return f" for any other {field}" if level == "any other" else f" for {field} {level}"


def _parts(signal: str) -> tuple[str, str]:
    """Return what is watched, and of which feature (empty where it is of none)."""
    depth = 2 if signal.startswith(("quality.", "joint.pair.")) else 1 if signal.startswith("feature.") else 0
    parts = signal.split(".", depth)
    return (".".join(parts[:depth]), parts[depth] or '""') if 0 < depth < len(parts) else (signal, "")


def name(signal: SignalChange) -> str:
    """Return `income` for `feature.income` and `quality.missing.income`, `score of yes` for `score.yes`."""
    what, feature = _parts(signal.signal)
    if what in OF_RECORDS:
        return "records"
    if signal.signal in STRANGE:
        return STRANGE[signal.signal]
    if what == "quality.check":
        return plain(f"check {feature}", NAME)
    known = {"score": "score of {}", "quality": "{}", "anomaly": "{}", "performance": "{}"}
    kind, _, rest = signal.signal.partition(".")
    if kind in SAID:
        return plain(SAID[kind](rest), NAME)
    if signal.signal == CONFLICTS:
        return "contradicting labels"
    words = known[kind].format(rest) if kind in known else f"{kind} {rest}"
    return plain(feature or (words if rest else kind), NAME)


_SHARES = ("robustness", "performance", "labels")


def _share_of(signal: SignalChange) -> str:
    """Return `20 % of answers flip, accepted 5 %`, for shapes that say of what the share is; else nothing."""
    if signal.group not in _SHARES or not signal.shape.startswith("of ") or not signal.bins:
        return ""
    now, accepted = both(signal.bins[0].observed, signal.bins[0].expected)
    return f"{name(signal)}: {now} {_shape(signal)}, accepted {accepted}"


def names(group: Sequence[SignalChange]) -> str:
    """Return three names at most, and how many more there are."""
    shown, left = [name(s) for s in group[:3]], len(group) - 3
    if left > 0:
        return f"{', '.join(shown)} and {left:,} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def change(group: Sequence[SignalChange]) -> str:
    """Return `income shifted up: 21 % of values in 5.1–6.0, accepted 5 %`; of several, the first one's shares."""
    first, shares = group[0], moved(group[0], 2)
    if first.evidence is None:  # a condition, such as silence, is a sentence of its own
        return plain(first.shape, 200)
    if first.signal in OF_RECORDS and first.bins:
        now, accepted = both(first.bins[0].observed, first.bins[0].expected)
        named = f" ({shares})" if first.bins[1:] else ""
        return f"{now} of records {OF_RECORDS[first.signal]}, accepted {accepted}{named}"
    if first.signal in FIRST_BIN and first.bins:
        return f"{name(first)}{at_level(first)}: {_first_bin(first)}"
    if len(group) == 1 and (said := _share_of(first)):
        return said
    if len(group) == 1:
        return f"{name(first)} {_shape(first)}{when(first)}{at_level(first)}" + (f": {shares}" if shares else "")
    things = "pairs" if first.group == "joint" else "features"
    said = f"{len(group):,} {things} {_shape(first)}{at_level(first)}"
    return f"{said} ({name(first)}{when(first)}: {shares})" if shares else said


def _first_bin(signal: SignalChange) -> str:
    """Return `3.1 % of them are stranger than 99 % of the accepted ones, accepted 1 %`."""
    first = signal.bins[0]
    now, accepted = both(first.observed, first.expected)
    return f"{FIRST_BIN[signal.signal].format(share=now, bin=bin_name(first.bin))}, accepted {accepted}"


def beside(group: Sequence[SignalChange], *, follows: bool) -> str:
    """Return what is said of a group that is not the leading one, with its size.

    That is `prediction follows (w 0.14; yes 71 %, accepted 64 %)`, `age and limit shifted up (w 0.12–0.22)`.
    """
    if group[0].evidence is None:
        return plain(group[0].shape, 200)
    if group[0].signal in FIRST_BIN and group[0].bins:
        return change(group[:1])
    if len(group) == 1 and (whole := _share_of(group[0])):
        return whole
    said = f"{names(group)} {'follows' if follows else _shape(group[0])}{at_level(group[0])}"
    shares = moved(group[0], 1) if len(group) == 1 else ""
    a_share = shares and group[0].effect.points is not None  # it and the accepted one are the size
    within = "; ".join(filter(None, ["" if a_share else sizes(group), shares]))
    return f"{said} ({within})" if within else said


def sizes(group: Sequence[SignalChange]) -> str:
    """Return `w 0.14`, `w 0.12–0.22`, `98–100 points`: the smallest and the largest of a group, as far as known."""
    if w := [s.effect.w for s in group if s.effect.w is not None]:
        return f"w {_span(min(w), max(w), _w)}"
    above = [s.effect.points for s in group if s.effect.points is not None]
    return f"{_span(min(above), max(above), points)} points" if above else ""


def _span(low: float, high: float, shown: Callable[[float], str]) -> str:
    ends = dict.fromkeys((shown(low), shown(high)))
    return ("–" if low >= 0 else " to ").join(ends)


def _shape(signal: SignalChange) -> str:
    return plain(signal.shape, SHAPE)


def moved(signal: SignalChange, most: int) -> str:
    """Return what the first bins say: `21 % of values in 5.1–6.0, accepted 5 %`."""
    named = signal.bins[1:] if signal.effect.points is not None else ()  # of a share the rest names what it was
    return "; ".join(_bin(b, signal) for b in (named or signal.bins)[:most])


def _bin(shift: BinShift, signal: SignalChange) -> str:
    now, accepted = both(shift.observed, shift.expected)
    label = bin_name(shift.bin)
    if shift.bin.startswith(("[", "< ", "≥ ")):
        now = f"{now} of values {'in ' if shift.bin[0] == '[' else ''}{label}"
    elif signal.group == "joint":
        now = f"{now} {label}"
    elif signal.effect.points is None:
        level = label if label.replace("-", "_").isidentifier() else f'"{label}"'
        now = f"{now} are {label}" if _is_number(label) else f"{level} {now}"
    elif signal.signal.startswith(("quality.below.", "quality.above.")):
        now = f"{now} of values"
    elif shift.bin not in signal.shape:
        now = f"{now} {label}"
    return f"{now}, accepted {accepted}"


def _is_number(label: str) -> bool:
    try:
        float(label.replace(",", ""))
    except ValueError:
        return False
    return True


def bin_name(label: str) -> str:
    """Return `5.1–6.0` for `[5.1, 6.0)`, `below 3` for `< 3`; others as they are.

    >>> bin_name("[6, 7)")  # of whole numbers that is 6 alone
    '6 to under 7'
    """
    if (found := re.fullmatch(r"\[(-?\d+), (-?\d+)\)", label)) and int(found[2]) - int(found[1]) == 1:
        label = f"{found[1]} to under {found[2]}"
    elif found := re.fullmatch(r"\[(\S+), (\S+)\)", label):
        label = (" to " if "-" in label else "–").join(found.groups())
    elif label.startswith("< "):
        label = "below " + label[2:]
    return plain(label, NAME)


def size(effect: Effect) -> str | None:
    """Return `0.31 (0.3 is medium), 95 % interval 0.14–0.52`, or percentage points against the accepted share."""
    if effect.w is not None:
        words = next(words for bound, words in SCALE if effect.w < bound)
        return f"{_w(effect.w)} ({words}){_interval(effect, _w)}"
    if effect.points is None:
        return None
    side = "above" if effect.points >= 0 else "below"
    return f"{points(abs(effect.points))} percentage points {side} the accepted share{_interval(effect, points)}"


def _w(value: float) -> str:
    return f"{value:.2f}"


def _interval(effect: Effect, shown: Callable[[float], str]) -> str:
    if effect.low is None or effect.high is None:
        return ""
    if effect.w is not None and effect.high > 1 and shown(effect.low) == shown(0.0):
        return "; so few records do not say how large"
    if effect.w is not None and effect.high > 1:  # large by any measure: how large beyond that, few records do not say
        return f", 95 % interval {shown(effect.low)} or more"
    low, high = sorted(abs(v) for v in (effect.low, effect.high)) if effect.high < 0 else (effect.low, effect.high)
    return f", 95 % interval {shown(low)}{'–' if low >= 0 else ' to '}{shown(high)}"


def look_first(group: Sequence[SignalChange]) -> str | None:
    """Return where a person should look first, by the kind of signal that leads."""
    first = group[0].signal
    words = next((words for prefix, words in LOOK_FIRST if first.startswith(prefix)), None)
    if words and first.startswith("quality.unseen.") and not any(s.bins[1:] for s in group):
        which = name(group[0]) if len(group) == 1 else "NAME"
        words += f"; with features.{which}.show_values: true the next alert names them"
    if words and (where := at_level(group[0])):
        words = f"at what changed{where}, then {words}"
    return words.replace("{name}", name(group[0]) if len(group) == 1 else "them") if words else None
