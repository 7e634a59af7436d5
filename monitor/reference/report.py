"""A reference in words and tables: what a person looks at before accepting it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from detectors import CategoryBins, NumericBins
from monitor.counting.tally import DEAD
from monitor.incidents.incident import rfc3339
from monitor.reference.comparison import Difference, differences, schema_changes
from monitor.reference.schema import ANY_KIND, Feature
from monitor.reference.store import Reference, Store
from monitor.reference.visible import Visible, visible
from sinks.text import both, percent, plain

if TYPE_CHECKING:
    from rich.console import Console

WIDEST = 100
LONGEST_NAME = 32
NAMED = 5
"""Most features that one line names."""

FEW = 2_000
MUCH_MISSING = 0.01
DEPENDENT = 1.5

TOLD = 0.02
WORTH = 0.1
"""Differences of this size (Cohen's w; ten points count as one) are shown, and named at the end."""


def built(reference: Reference, new: bool, folder: Path) -> None:  # noqa: FBT001 - what `Store.save` returned
    """Print what was found in the records, what to look at before accepting it, and where it was saved."""
    say = console()
    say.print(f"{_records(reference)}")
    say.print(f"  {_features(reference)}")
    for line in _outputs(reference):
        say.print(f"  {line}")
    for line in warnings(reference):
        say.print(f"  ! {line}")
    for line in _sight(reference):
        say.print(line)
    say.print(f"{'saved' if new else 'saved already:'} reference {reference.digest[:19]} in {folder}", soft_wrap=True)


def shown(reference: Reference, provenance: Mapping[str, Any], promotions: Sequence[Mapping[str, str]]) -> None:
    """Print one version: where it came from, who accepted it, and every signal's bins."""
    from rich.table import Table

    say = console()
    say.print(f"reference {reference.digest}", soft_wrap=True)
    say.print(f"  model {_name(reference.model)}, {_records(reference)}")
    say.print(f"  from {provenance.get('source', 'an unknown source')}, built {provenance.get('built', 'at an unknown time')}", soft_wrap=True)
    for promotion in promotions:
        say.print(f"  promoted {promotion['at']} by {plain(promotion['by'], 80)}: {plain(promotion['why'], 400)}", soft_wrap=True)
    if not promotions:
        say.print("  never promoted")
    for line in warnings(reference):
        say.print(f"  ! {line}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, justify in (("signal", "left"), ("type", "left"), ("bins", "right"), ("missing", "right"), ("usual", "left"), ("D", "right"), ("smallest", "right")):
        table.add_column(title, justify=justify, overflow="fold" if title == "usual" else "ellipsis", no_wrap=title != "usual")  # type: ignore[arg-type]
    for row in _rows(reference):
        table.add_row(*row)
    say.print(table)
    say.print("usual: without the outermost bins, or the most frequent levels. D: by how much dependence in time")
    say.print("shrinks the sample. smallest: the shift (Cohen's w) below which nobody is told, even at tolerance 0.")


def listed(store: Store) -> None:
    """Print all versions, oldest first; an arrow marks the promoted one."""
    from rich.table import Table

    say = console()
    digests, promoted = store.digests(), store.promoted()
    if not digests:
        say.print(f"no reference in {store.folder}. Build one: seawall reference build DATA", soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("", "reference", "records", "times", "built", ""):
        table.add_column(title, justify="right" if title == "records" else "left")
    for digest in digests:
        reference = store.load(digest)
        note = "provisional: nobody accepted it" if reference.provisional else ""
        arrow = "→" if digest == promoted else ""
        table.add_row(arrow, digest[7:19], f"{reference.rows:,}", _times(reference), str(store.provenance(digest).get("built", "")), note)
    say.print(table)
    if promoted is None:
        say.print(f'none is promoted. Accept one: seawall reference promote {digests[-1][7:19]} --by YOU --why "…"')


def compared(old: Reference, new: Reference) -> None:
    """Print how the newer reference looks to somebody who accepted the older one, the largest difference first."""
    from rich.table import Table

    say = console()
    say.print(f"old {old.digest[7:19]}: {_records(old)}")
    say.print(f"new {new.digest[7:19]}: {_records(new)}")
    if old.digest == new.digest:
        say.print("the same reference")
        return
    changes = schema_changes(old, new)
    for line in changes:
        say.print(f"  ! {plain(line, 2 * WIDEST)}")
    found = differences(old, new)
    told = [d for d in found if d.size >= TOLD]
    if told:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("signal", "w", "PSI", "points", "most of it", "old", "new"):
            table.add_column(title, justify="left" if title in ("signal", "most of it") else "right")
        for d in told:
            table.add_row(*_compared_row(d))
        say.print(table)
    if any(d.estimated for d in told):
        say.print("≈ the bins differ: the newer counts were spread evenly within theirs")
    if len(found) > len(told):
        say.print(f"{len(found) - len(told)} more signals differ by less than {TOLD} (w) or {10 * TOLD:g} points")
    moved = [d for d in found if d.size >= WORTH]
    say.print(_conclusion(moved, changes))


def _compared_row(difference: Difference) -> tuple[str, ...]:
    about = "≈" if difference.estimated else ""
    moved = difference.moved
    old, new = both(moved.expected, moved.observed)
    points = f"{about}{difference.points:+.1f}" if difference.points is not None else ""
    w = f"{about}{difference.w:.2f}" if difference.w is not None else ""
    psi = f"{difference.psi:.3f}" if difference.psi is not None else ""
    return plain(difference.signal, LONGEST_NAME), w, psi, points, plain(moved.bin, 24), old, new


def _conclusion(moved: Sequence[Difference], changes: Sequence[str]) -> str:
    schema = f"; {len(changes)} change{'s' if len(changes) != 1 else ''} of the schema" if changes else ""
    if not moved:
        return f"nothing moved by {WORTH} (w) or {10 * WORTH:g} point{schema}"
    names = ", ".join(_name(d.signal) for d in moved[:NAMED]) + (f" and {len(moved) - NAMED} more" if len(moved) > NAMED else "")
    return f"{names} moved by {WORTH} (w) or {10 * WORTH:g} point, or more{schema}"


def console() -> Console:
    """Return where results are printed: as wide as the terminal, 100 columns at most, nothing interpreted."""
    from rich.console import Console

    say = Console(highlight=False, markup=False, emoji=False)
    say.width = min(WIDEST, say.width) if say.is_terminal else WIDEST
    return say


def warnings(reference: Reference) -> list[str]:
    """Return what a person must see before accepting the records."""
    found = []
    unusable = int(reference.counts[DEAD])
    if unusable:
        found.append(f"{unusable:,} unusable records ({percent(unusable / (unusable + reference.rows))}) are not in it: is that how traffic looks?")
    if reference.first is None:
        found.append("no times: the order of the file is taken as the order in time. A shuffled file hides dependence")
    if reference.rows < FEW:
        found.append(f"only {reference.rows:,} records: {_cost(reference)}")
    shares = list(_quality(reference))
    found += _many([(name, f"{percent(share)} missing") for name, what, share in shares if what == "missing" and share > MUCH_MISSING], "was that accepted?")
    found += _many([(name, f"{percent(share)} of the wrong type") for name, what, share in shares if what == "type" and share > 0], "was that accepted?")
    mixed = [(f.name, f"mixes {' and '.join(f'{k}s' for k in f.kinds)}") for f in reference.schema.features if 1 < len(f.kinds) < len(ANY_KIND)]
    found += _many(mixed, "compared as levels")
    constant = [(f.name, "") for f in reference.schema.features if f.type == "constant"]
    found += _many(constant, "always the same value; any other value is an alarm")
    sparse = [(f.name, "") for f in reference.schema.features if not f.required and f.type != "aside"]
    found += _many(sparse, "not in every record, so its absence is taken as normal")
    slow = sorted(((d, name) for name, d in reference.design_effects.items() if d > DEPENDENT), reverse=True)
    found += _many([(name, f"D {d:.1f}") for d, name in slow], "records depend on those before them, so they count for less")
    return found


def _many(items: Sequence[tuple[str, str]], words: str) -> list[str]:
    """Return one line for all features of which the same is to be said."""
    if not items:
        return []
    told = ", ".join(f"{_name(name)} ({what})" if what else _name(name) for name, what in items[:NAMED])
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return [f"{told}{more}: {words}"]


def _quality(reference: Reference) -> Iterable[tuple[str, str, float]]:
    """Yield (feature or output, what, share of the reference's records) for every quality signal of one column."""
    for signal, start in reference.signals:
        parts = signal.name.split(".", 2)
        if signal.kind == "share" and len(parts) == 3:
            counts = reference.counts[start : start + len(signal.bin_of)]
            bins = np.array(signal.bin_of)
            yield parts[2], parts[1], float(counts[bins == 1].sum() / max(1, counts[bins >= 0].sum()))


def _cost(reference: Reference) -> str:
    smallest = [v.smallest for name, v in visible(reference).items() if name.startswith("feature.")]
    if not smallest:
        return "too few to say much"
    now = float(np.median(smallest))
    return f"shifts below {now:.2f} (w) cannot be told from chance; with 10,000 it would be about {now * (reference.rows / 10_000) ** 0.5:.2f}"


def _records(reference: Reference) -> str:
    return f"{reference.rows:,} records, {_times(reference)}"


def _times(reference: Reference) -> str:
    if reference.first is None or reference.last is None:
        return "without times"
    first, last = rfc3339(reference.first)[:16].replace("T", " "), rfc3339(reference.last)[:16].replace("T", " ")
    return f"{first[:10]} → {last[:10]}" if first[:10] != last[:10] else f"{first} → {last[11:]}"


def _features(reference: Reference) -> str:
    features = reference.schema.features
    types = Counter(f.type for f in features)
    parts = [f"{types[t]} {t}" for t in ("numeric", "discrete", "categorical", "constant") if types[t]]
    aside = [f for f in features if f.type == "aside"]
    if aside:
        why = "; ".join(f"{_name(f.name)}: {f.why}" for f in aside[:NAMED])
        parts.append(f"{len(aside)} set aside ({why}{'; …' if len(aside) > NAMED else ''})")
    return f"{len(features)} feature{'s' if len(features) != 1 else ''}: {', '.join(parts)}"


def _outputs(reference: Reference) -> list[str]:
    schema = reference.schema
    found = []
    if schema.prediction:
        found.append("prediction (a class)" if schema.prediction == "class" else "prediction (a number)")
    if schema.scores:
        found.append(f"scores of {len(schema.scores)} classes")
    found += [name for name, there in (("confidence", schema.confidence), ("latency", schema.latency)) if there]
    return [f"also watched: {', '.join(found)}"] if found else ["no prediction in these records: only features are watched"]


def _sight(reference: Reference) -> list[str]:
    seen = [v for name, v in visible(reference).items() if name.startswith("feature.")]
    if not seen:
        return []
    smallest = sorted(v.smallest for v in seen)
    lines = [f"smallest shift that can be told from chance: {_range(f'{smallest[0]:.2f}', f'{smallest[-1]:.2f}')} (Cohen's w; 0.1 small, 0.3 medium)"]
    records = sorted(v.records for v in seen if v.records is not None)
    if records:
        lines.append(f"a medium shift (0.3) is told after about {_range(_about(records[0]), _about(records[-1]))} records (default tolerance and budget)")
    return lines


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low}-{high}"


def _about(number: float) -> str:
    """Return two digits of it."""
    return f"{int(float(f'{number:.2g}')):,}"


def _rows(reference: Reference) -> Iterable[tuple[str, ...]]:
    seen = visible(reference)
    missing = {name: percent(share) for name, what, share in _quality(reference) if what == "missing"}
    values = {signal.name: signal for signal, _ in reference.signals if signal.kind == "values"}
    columns = {d.column: d for d in reference.layout.detectors if isinstance(d, NumericBins | CategoryBins)}
    features = {f"feature.{f.name}": f for f in reference.schema.features}
    for column in [*features, *(c for c in columns if c not in features)]:
        feature = features.get(column)
        name = feature.name if feature else column
        detector, signal = columns.get(column), values.get(column)
        if feature and feature.type == "aside":
            yield _name(name), "aside", "", "", str(feature.why), "", ""
            continue
        bins = str(len(signal.bins)) if signal else "-"
        usual = _usual(detector, signal.bins if signal else ())
        design = f"{reference.design_effects.get(column, 1.0):.1f}"
        yield _name(name), _type(feature, detector), bins, missing.get(name, ""), usual, design, _smallest(seen.get(column))


def _type(feature: Feature | None, detector: NumericBins | CategoryBins | None) -> str:
    if feature:
        return feature.type
    return "classes" if isinstance(detector, CategoryBins) else "numeric"


def _smallest(seen: Visible | None) -> str:
    return f"{seen.smallest:.2f}" if seen else "-"


def _usual(detector: NumericBins | CategoryBins | None, bins: Sequence[str]) -> str:
    """Return where most values lie; never a single record's value, so the outermost edges do not show."""
    if not bins:
        return "one value" if isinstance(detector, NumericBins) else "one level"
    if bins[0].startswith("< ") and bins[-1].startswith("≥ "):
        return f"{bins[0][2:]} … {bins[-1][2:]}"
    told = ", ".join(plain(label, LONGEST_NAME) for label in bins[:4])
    return told + (f" and {len(bins) - 4} more" if len(bins) > 4 else "")


def _name(name: str) -> str:
    return plain(name, LONGEST_NAME)
