"""What may be wrong with single columns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from detectors import CategoryBins, NumericBins
from detectors.detector import THIN
from monitor.reference.schema import ANY_KIND
from monitor.reference.store import Reference
from monitor.review.naming import line, short
from monitor.review.noted import where
from sinks.text import percent

MUCH_MISSING = 0.01


def absent(reference: Reference) -> Iterator[str]:
    """Yield what is missing or of the wrong type, and when."""
    told = where(reference)
    for what, least, called, asked in (
        ("missing", MUCH_MISSING, "missing", "was that accepted?"),
        ("type", 0.0, "of the wrong type", "is that accepted?"),
    ):
        found = [
            (short(name), share, told.get(f"quality.{what}.{name}"))
            for name, own, share in shares(reference)
            if own == what and (share > least or f"quality.{what}.{name}" in told)
        ]
        largest = sorted(found, key=lambda item: (-item[1], item[0]))
        yield from line([f"{n} ({percent(s)}{f', {at}' if at else ''})" for n, s, at in largest], called, asked)


def shares(reference: Reference) -> Iterator[tuple[str, str, float]]:
    """Yield (feature or output, what, accepted share) for every quality signal of one column."""
    for signal, start in reference.signals:
        parts = signal.name.split(".", 2)
        if signal.group == "quality" and len(parts) == 3:
            counts, bins = reference.counts[start : start + len(signal.bin_of)], np.array(signal.bin_of)
            yield parts[2], parts[1], float(counts[bins == 1].sum() / max(1, counts[bins >= 0].sum()))


def kinds(reference: Reference) -> Iterator[str]:
    """Yield columns of which little can be told for what their values are."""
    features = reference.schema.features
    mixed = [f for f in features if 1 < len(f.kinds) < len(ANY_KIND) and f.type != "aside"]
    yield from line([f"{short(f.name)} ({' and '.join(f.kinds)})" for f in mixed], "mixed types", "compared as levels")
    yield from line(_constant(reference), "constant", "any other value will be told")
    yield from line(_unseen(reference), "constant", "nothing is told of it")
    yield from line(_scattered(reference), "no frequent level", "only missing and new levels will be told")
    optional = [short(f.name) for f in features if not f.required and f.type != "aside"]
    yield from line(optional, "not in every record", "their absence is taken as normal")


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
