"""A reference in words and tables: what a person looks at before accepting it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from detectors import AbsoluteError, CategoryBins, ErrorRate, Joint, NumericBins, Pair
from monitor.errors import Damaged
from monitor.incidents.incident import rfc3339
from monitor.reference.contexts import DAY, WEEK
from monitor.reference.store import Reference, Store, look_and_accept
from monitor.review.cautions import cautions
from monitor.review.column_cautions import shares
from monitor.review.naming import named, short
from monitor.review.visible import Visible, visible
from sinks.text import counted, lasting, percent, plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDEST = 100
UNWRAPPED = 10_000
_OUTPUTS = ("prediction", "confidence", "scores")


def built(
    reference: Reference,
    new: bool,  # noqa: FBT001 - what `Store.save` returned
    folder: Path,
    beside: Sequence[str] = (),
) -> None:
    """Print what was found in the records, what to look at before accepting it, and where it was saved."""
    say, seen = console(), visible(reference)
    say.print(records_of(reference))
    say.print(f"  {_features(reference)}")
    say.print(f"  {_outputs(reference)}")
    for line in (_together(reference), *_cycles(reference), *_asked(reference), *_scorers(reference)):
        say.print(f"  {line}")
    for line in (*cautions(reference, seen), *beside):
        say.print(f"  ! {line}")
    for line in _sight(seen):
        say.print(line)
    say.print(f"{'saved' if new else 'saved already:'} reference {reference.digest[:19]} in {folder}", soft_wrap=True)


def shown(reference: Reference, provenance: Mapping[str, Any], promotions: Sequence[Mapping[str, str]]) -> None:
    """Print one version: where it came from, who accepted it, and what is known of each column."""
    say, seen = console(), visible(reference)
    say.print(f"reference {reference.digest}")
    say.print(f"  model {short(reference.model)}, {records_of(reference)}")
    where = (str(provenance.get(key, "unknown")) for key in ("source", "built"))
    say.print("  from {}, built {}".format(*where), soft_wrap=True)
    for promotion in promotions:
        who, why = plain(promotion["by"], WIDEST), plain(promotion["why"], 4 * WIDEST)
        say.print(f"  promoted {promotion['at']} by {who}: {why}", soft_wrap=True)
    if not promotions:
        say.print("  never promoted")
    for line in (_together(reference), *_cycles(reference), *_scorers(reference)):
        say.print(f"  {line}")
    if reference.provisional:
        say.print("  provisional: learned from live records")
    for line in cautions(reference, seen):
        say.print(f"  ! {line}")
    table = table_of("column", "type", "bins>", "missing>", "usual values", "D>", "smallest shift>")
    for row in _rows(reference, seen):
        table.add_row(*row)
    say.print(table)
    say.print("usual values: without the outermost bins, or the most frequent levels")
    say.print("D: dependence in time makes so many records worth one")
    say.print("smallest shift: Cohen's w that this reference can tell from its own chance")


def listed(store: Store) -> None:
    """Print all versions, oldest first; an arrow marks the promoted one."""
    say = console()
    digests, promoted = store.digests(), store.promoted()
    if not digests:
        say.print(f"no reference in {store.folder}. Build one: seawall reference build DATA", soft_wrap=True)
        return
    table = table_of("", "reference", "records>", "times", "built", "")
    damaged = []
    for digest in digests:
        when = str(store.provenance(digest).get("built", ""))[:16].replace("T", " ")
        arrow = "→" if digest == promoted else ""
        try:
            reference = store.load(digest)
        except Damaged as why:
            table.add_row(arrow, digest[7:19], "", "", when, "damaged")
            damaged.append(str(why))
            continue
        note = "provisional" if store.unaccepted(reference) else ""
        table.add_row(arrow, digest[7:19], f"{reference.rows:,}", _times(reference), when, note)
    say.print(table)
    for words in damaged:
        console(stderr=True).print(words, soft_wrap=True)
    if promoted is None:
        say.print(f"none is promoted. {look_and_accept(digests)}", soft_wrap=True)


def console(*, stderr: bool = False) -> Console:
    """Return where results are printed: as wide as the terminal, 100 columns at most; one line a line off it."""
    from rich.console import Console

    say = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    say.width = min(WIDEST, say.width) if say.is_terminal else UNWRAPPED
    return say


def table_of(*titles: str) -> Table:
    """Return a plain table; the columns marked with > stand on the right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title.removesuffix(">"), justify="right" if title.endswith(">") else "left")
    return table


def records_of(reference: Reference) -> str:
    """Return `2,000 records, 2025-09-01 00:00 → 00:03`."""
    return f"{counted(reference.rows, 'record')}, {_times(reference)}"


def _times(reference: Reference) -> str:
    if reference.first is None or reference.last is None:
        return "without times"
    first, last = (rfc3339(time)[:16].split("T") for time in (reference.first, reference.last))
    return f"{first[0]} → {last[0]}" if first[0] != last[0] else f"{first[0]} {first[1]} → {last[1]}"


def _features(reference: Reference) -> str:
    features = reference.schema.features
    types = Counter(feature.type for feature in features)
    parts = [f"{types[kind]} {kind}" for kind in ("numeric", "discrete", "categorical", "constant") if types[kind]]
    aside = [f"{short(feature.name)}: {feature.why}" for feature in features if feature.type == "aside"]
    if aside:
        parts.append(f"{len(aside)} set aside ({named(aside, '; ')})")
    return f"{counted(len(features), 'feature')}: {', '.join(parts)}"


def _outputs(reference: Reference) -> str:
    schema = reference.schema
    watched = {signal.name for signal, _ in reference.signals if signal.kind == "values"}
    kinds = {"class": "prediction (a class)", "number": "prediction (a number)"}
    found = [kinds[schema.prediction]] if schema.prediction and "prediction" in watched else []
    scores = sum(f"score.{name}" in watched for name in schema.scores)
    found += [f"scores of {scores} class{'es' if scores > 1 else ''}"] if scores else []
    there = {"confidence": schema.confidence, "latency": schema.latency}
    found += [name for name in there if there[name] and name in watched]
    found += _labels(reference)
    if found:
        return f"also watched: {', '.join(found)}"
    outputs = schema.prediction or schema.scores or any(there.values())
    if not outputs:
        return "no prediction in these records: only features are watched"
    beside = {f"quality.{what}.{output}" for what in ("missing", "type", "unseen", "above") for output in _OUTPUTS}
    rest = (
        "only what is missing or new is told" if beside & {s.name for s, _ in reference.signals} else "nothing is told"
    )
    return f"what the model answers hardly varies: of it {rest}"


def _together(reference: Reference) -> str:
    """Return `how features go together: 3 pairs (income and amount, …), combinations of 5`."""
    joint = [detector for detector in reference.layout.detectors if isinstance(detector, Joint)]
    pairs = [short(pair.words) for pair in joint if isinstance(pair, Pair)]
    found = [f"{counted(len(pairs), 'pair')} ({named(pairs)})"] if pairs else []
    widest = max((len(detector.columns) for detector in joint if not isinstance(detector, Pair)), default=0)
    found += [f"combinations of {widest}"] if widest else []
    return f"how features go together: {', '.join(found) or 'not watched'}"


def _labels(reference: Reference) -> list[str]:
    """Return what labels say of the accepted model: `errors (5.2 % of 20,000 labelled predictions)`."""
    for detector, at in zip(reference.layout.detectors, reference.layout.starts, strict=True):
        if isinstance(detector, ErrorRate):
            right, wrong, _ = reference.counts[at : at + detector.cells].tolist()
            return [f"errors ({percent(wrong / (right + wrong))} of {right + wrong:,} labelled predictions)"]
        if isinstance(detector, AbsoluteError):
            return ["errors (distance from the label)"]
    return []


def _cycles(reference: Reference) -> Iterator[str]:
    """Yield `by hour of the day (UTC): amount, income. Each is compared with its like`, and what cannot be known."""
    for contexts in reference.contexts:
        signals = [short(name.removeprefix("feature.")) for name in contexts.signals]
        utc = " (UTC)" if contexts.cycle else ""
        yield f"by {contexts.called}{utc}: {named(signals)}. Each is compared with its like"
    covered = (reference.last or 0) - (reference.first or 0)
    unknown = "daily and weekly" if covered < 2 * DAY else "weekly"
    if reference.first is not None and covered < 2 * WEEK - DAY:
        yield f"it covers {lasting(covered / 1_000)}: of {unknown} cycles nothing is known, they may be told as shifts"


def _scorers(reference: Reference) -> Iterator[str]:
    """Yield `single records: knn, 5 nearest of 10,000 rows; p of 10,000 records held out`."""
    for kind, scorer in reference.scorers.items():
        held_out = len(scorer.calibration)
        some = "" if scorer.share >= 1 else f", {percent(scorer.share)} of records are scored"
        blind = "" if scorer.signals(reference.counts_of(scorer)) else "; too few to judge them together"
        near = f"{scorer.k} nearest of {counted(len(scorer.rows), 'row')}"
        yield f"single records: {kind}, {near}, {counted(held_out, 'record')} held out{some}{blind}"


def _asked(reference: Reference) -> list[str]:
    """Return how often the accepted model flips: `shadow.noise.0.1: 2.3 % of 6,000 answers`."""
    found = []
    for signal, at in reference.signals:
        if signal.group == "robustness":
            counts, bins = reference.counts[at : at + len(signal.bin_of)], np.array(signal.bin_of)
            events, whole = counts[(bins >= 0) & (bins % 2 == 1)].sum(), counts[bins >= 0].sum()
            found.append(f"{plain(signal.name, WIDEST)}: {percent(events / whole)} of {whole:,} answers")
    return found


def _sight(seen: Mapping[str, Visible]) -> list[str]:
    features = [found for name, found in seen.items() if name.startswith("feature.")]
    if not features:
        return []
    smallest = _range(f"{end:.2g}" for end in (min(v.smallest for v in features), max(v.largest for v in features)))
    lines = [f"smallest shift that can be told from chance: {smallest} (Cohen's w; 0.1 small, 0.3 medium)"]
    records = [found.records for found in features if found.records is not None]
    if records:
        needed = _range(f"{int(float(f'{pick(records):.2g}')):,}" for pick in (min, max))
        lines.append(f"a medium shift (0.3) takes about {needed} records (default tolerance and budget)")
    return lines


def _range(ends: Iterable[str]) -> str:
    low, high = ends
    return low if low == high else f"{low} to {high}"


def _rows(reference: Reference, seen: Mapping[str, Visible]) -> Iterator[tuple[str, ...]]:
    missing = {name: percent(share) for name, what, share in shares(reference) if what == "missing"}
    bins = {signal.name: signal.bins for signal, _ in reference.signals}
    columns = [d for d in reference.layout.detectors if isinstance(d, NumericBins | CategoryBins)]
    types = {f"feature.{feature.name}": feature.type for feature in reference.schema.features}
    for detector in columns:
        column = detector.column
        name = column.removeprefix("feature.")
        kind = types.get(column, "class" if isinstance(detector, CategoryBins) else "number")
        count = str(len(bins[column])) if column in bins else "-"
        design = f"{reference.design_effects.get(column, 1.0):.1f}"
        ends = (seen[column].smallest, seen[column].largest) if column in seen else ()
        smallest = _range(f"{end:.2g}" for end in ends) if ends else "-"
        gaps = missing.get("scores" if detector.quality == ("scores",) else name, "-")
        yield short(name), kind, count, gaps, _usual(bins.get(column, ())), design, smallest
    for feature in reference.schema.features:
        if feature.type == "aside":
            yield short(feature.name), "aside", "-", "-", str(feature.why), "-", "-"


def _usual(bins: Sequence[str]) -> str:
    """Return where most values lie: never a single record's value, so the outermost edges do not show."""
    if not bins:
        return "-"
    if bins[0].startswith("< ") and bins[-1].startswith("≥ "):
        return f"{bins[0][2:]} … {bins[-1][2:]}"
    return named([plain(label, 24) for label in bins])
