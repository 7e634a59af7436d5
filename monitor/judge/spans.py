"""Which contexts moved most, and what a person calls them: `07:00–10:00`, `Sat–Sun`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from detectors.pair import OTHERWISE
from monitor.judge.within import Moved

MOST = 0.7
"""Of what moved, the part that the contexts that are named hold."""

CLEAR = 2.0
"""Deviations of noise by which each of them must have moved."""

PART = 0.2
"""Of what these moved, the part below which another shape is not told."""

UNCLEAR = ("changed shape", "changed mix", OTHERWISE)
"""Shapes of what fits none, which may be one that few records hide."""

NAMED = 3
"""Spans that are named at most; of more there is no pattern to see."""

FEWEST = 4
"""Contexts without which none is named: since when it moves says as much."""


class Way(NamedTuple):
    """Contexts that moved in one shape."""

    shape: str
    contexts: list[int]


def hours(names: Sequence[str]) -> list[list[int]]:
    """Return the contexts that are told as one: the parts of an hour, else each by itself."""
    found: dict[str, list[int]] = {}
    for context, name in enumerate(names):
        found.setdefault(name.partition(":")[0], []).append(context)
    return list(found.values())


def leading(each: Mapping[int, Moved]) -> list[int]:
    """Return the fewest contexts that hold most of what moved, and those between two of them that moved at all.

    None are returned where chance may have chosen them.
    """
    needed = MOST * sum(m.by for m in each.values())
    found: list[int] = []
    for context, moved in sorted(each.items(), key=lambda m: (-m[1].by, m[0])):
        if needed <= 0:
            break
        if moved.by <= CLEAR * moved.deviation:
            return []
        found.append(context)
        needed -= moved.by
    between = [c for c, moved in each.items() if moved.by > 0 and {c - 1, c + 1} <= set(found)]
    return sorted({*found, *between})


def together(ways: Sequence[Way], each: Mapping[int, Moved]) -> list[Way]:
    """Return ways, that of the contexts that moved most first; shapes of few of them, or of none, count to that."""
    if not ways:
        return []
    size = {way.shape: sum(each[context].by for context in way.contexts) for way in ways}
    ordered = sorted(ways, key=lambda way: (way.shape in UNCLEAR, -size[way.shape], way.shape))
    least = PART * sum(size.values())
    clear = [way for way in ordered[1:] if size[way.shape] >= least and way.shape not in UNCLEAR]
    rest = [c for way in ordered[1:] if way not in clear for c in way.contexts]
    return [Way(ordered[0].shape, sorted([*ordered[0].contexts, *rest])), *clear]


def spans(contexts: Sequence[int], names: Sequence[str], alike: Callable[[int, int], bool]) -> list[list[int]]:
    """Return those that follow each other and are alike together; what ends a cycle is followed by its beginning."""
    found: list[list[int]] = []
    for context in sorted(contexts):
        if found and _follows(found[-1][-1], context, names) and alike(found[-1][-1], context):
            found[-1].append(context)
        else:
            found.append([context])
    if len(found) > 1 and _follows(found[-1][-1], found[0][0], names) and alike(found[-1][-1], found[0][0]):
        found[0] = [*found.pop(), *found[0]]
    return found


def _follows(one: int, other: int, names: Sequence[str]) -> bool:
    return other == (one + 1) % len(names) and _day(names[one]) == _day(names[other])


def _day(name: str) -> str:
    """Return `Mon` of `Mon 07:00`."""
    return name.rpartition(" ")[0]


def in_words(ways: Sequence[Way], names: Sequence[str]) -> str:
    """Return `07:00–10:00, 15:00–16:00`; of several shapes `22:00–02:00 shifted up, 10:00–14:00 shifted down`.

    Nothing is returned of what is scattered. Hours are UTC, and end where the next one begins.
    """
    found = [(way.shape, spans(way.contexts, names, lambda _, __: True)) for way in ways]
    if sum(len(of) for _, of in found) > NAMED:
        return ""
    called = [(shape, ", ".join(_named(span, names) for span in of)) for shape, of in found]
    return ", ".join(f"{which} {shape}" if len(ways) > 1 else which for shape, which in called)


def _named(span: Sequence[int], names: Sequence[str]) -> str:
    """Return `07:00–10:00`, `Mon 23:00–00:00`, `Sat–Sun`."""
    first, last = names[span[0]], names[span[-1]]
    if ":" in first:
        return f"{first}–{names[(span[-1] + 1) % len(names)].rpartition(' ')[2]}"
    return first if len(span) == 1 else f"{first}–{last}"
