"""What a person must see before accepting records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from detectors import CategoryBins, NumericBins
from detectors.detector import THIN
from monitor.counting.tally import DEAD
from monitor.reference.schema import ANY_KIND
from monitor.reference.store import Reference
from monitor.reference.visible import visible
from sinks.text import counted, percent, plain

LONGEST_NAME = 32
NAMED = 5
"""Most features that one line names."""

FEW = 2_000
MUCH_MISSING = 0.01
DEPENDENT = 1.5

_LIKE_TIME = {"timestamp", "ts", "datetime", "date", "event_time", "eventtime", "created_at", "time"}


def cautions(reference: Reference) -> list[str]:
    """Return one line for each kind of thing that may be wrong with the records."""
    return [*_about_records(reference), *_about_columns(reference)]


def shares(reference: Reference) -> Iterator[tuple[str, str, float]]:
    """Yield (feature or output, what, accepted share) for every quality signal of one column."""
    for signal, start in reference.signals:
        parts = signal.name.split(".", 2)
        if signal.group == "quality" and len(parts) == 3:
            counts, bins = reference.counts[start : start + len(signal.bin_of)], np.array(signal.bin_of)
            yield parts[2], parts[1], float(counts[bins == 1].sum() / max(1, counts[bins >= 0].sum()))


def named(names: Sequence[str], join: str = ", ") -> str:
    """Return the first few of some names, and how many more there are."""
    told = join.join(names[:NAMED])
    return f"{told} and {len(names) - NAMED} more" if len(names) > NAMED else told


def short(name: str) -> str:
    """Return a feature's name as it can be printed."""
    return plain(name, LONGEST_NAME)


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
    if reference.rows < FEW:
        yield f"only {reference.rows:,} records: {_cost(reference)}"


def _cost(reference: Reference) -> str:
    smallest = [seen.smallest for name, seen in visible(reference).items() if name.startswith("feature.")]
    if not smallest:
        return "too few to say much"
    now = float(np.median(smallest))
    then = now * (reference.rows / 10_000) ** 0.5
    return f"shifts below {now:.2g} (w) cannot be told from chance; with 10,000 it would be about {then:.2g}"


def _about_columns(reference: Reference) -> Iterator[str]:
    features, accepted = reference.schema.features, list(shares(reference))
    missing = [(name, share) for name, what, share in accepted if what == "missing" and share > MUCH_MISSING]
    wrong = [(name, share) for name, what, share in accepted if what == "type" and share > 0]
    mixed = [f for f in features if 1 < len(f.kinds) < len(ANY_KIND) and f.type != "aside"]
    slow = [(name, d) for name, d in reference.design_effects.items() if d > DEPENDENT]
    yield from _line([f"{short(n)} ({percent(s)})" for n, s in _largest(missing)], "missing", "was that accepted?")
    yield from _line(
        [f"{short(n)} ({percent(s)})" for n, s in _largest(wrong)], "of the wrong type", "is that accepted?"
    )
    yield from _line([f"{short(f.name)} ({' and '.join(f.kinds)})" for f in mixed], "mixed types", "compared as levels")
    yield from _line(_constant(reference), "constant", "any other value will be told")
    yield from _line(_unseen(reference), "constant", "nothing is told of it")
    yield from _line(_scattered(reference), "no frequent level", "only missing and new levels will be told")
    optional = [short(f.name) for f in features if not f.required and f.type != "aside"]
    yield from _line(optional, "not in every record", "their absence is taken as normal")
    told = [f"{short(name.removeprefix('feature.'))} ({d:.1f})" for name, d in _largest(slow)]
    yield from _line(told, "records depend on those before", "they count for that many times less")
    further = [short(name.removeprefix("feature.")) for name in reference.growing]
    yield from _line(_blind(reference), "too few records of some hours or days", "no shift can be seen there")
    yield from _line(further, "on those further back than this reference shows", "build it from a longer time")


def _largest(items: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    return sorted(items, key=lambda item: (-item[1], item[0]))


def _constant(reference: Reference) -> list[str]:
    """Return the columns of one value or one level; the level of the prediction where many records have it."""
    found = []
    for detector, start in zip(reference.layout.detectors, reference.layout.starts, strict=True):
        if isinstance(detector, NumericBins) and _is_constant(detector) and "below" in detector.quality:
            found.append(short(detector.column.removeprefix("feature.")))
        elif isinstance(detector, CategoryBins) and len(detector.levels) == 1 and not detector.rare:
            shown = detector.column == "prediction" and reference.counts[start] >= THIN
            level = f" ({short(detector.levels[0])})" if shown else ""
            found.append(short(detector.column.removeprefix("feature.")) + level)
    return found


def _blind(reference: Reference) -> list[str]:
    """Return what cannot be judged in every context: `amount (03:00 and 5 more)`."""
    found = {name: seen.blind for name, seen in visible(reference).items() if seen.blind} if reference.contexts else {}
    return [
        f"{short(name.removeprefix('feature.'))} ({where[0]}{f' and {len(where) - 1} more' * (len(where) > 1)})"
        for name, where in found.items()
    ]


def _unseen(reference: Reference) -> list[str]:
    """Return the outputs of one value whose other values no signal tells of."""
    numeric = [d for d in reference.layout.detectors if isinstance(d, NumericBins)]
    return [short(d.column) for d in numeric if _is_constant(d) and "below" not in d.quality]


def _is_constant(detector: NumericBins) -> bool:
    return detector.edges[0] == detector.edges[-1]


def _scattered(reference: Reference) -> list[str]:
    """Return the columns that have levels, but none that is frequent enough to be watched."""
    binned = {signal.name for signal, _ in reference.signals}
    found = [d.column for d in _categories(reference) if d.rare and d.column not in binned]
    return [short(column.removeprefix("feature.")) for column in found]


def _categories(reference: Reference) -> list[CategoryBins]:
    return [detector for detector in reference.layout.detectors if isinstance(detector, CategoryBins)]


def _line(items: Sequence[str], what: str, words: str) -> list[str]:
    return [f"{what}: {named(items)}. {words[0].upper()}{words[1:]}"] if items else []
