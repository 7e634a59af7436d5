"""From accepted records to a reference, in two readings, and a third where single records are to be scored.

The first reading looks at plain values and decides what each column is and where its bins lie; the second counts
through the very decoder and detectors that will judge live traffic, so both see a record alike; the third fits scorers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins, SchemaConformity
from detectors.alibi import REFERENCE_ROWS
from detectors.closeness import measured
from detectors.config import AlibiConfig, QueriesConfig, scorers
from detectors.sample import Sample
from monitor.counting.joiner import Joiner
from monitor.counting.tally import Layout
from monitor.errors import BadReference
from monitor.formats.decoder import Decoder
from monitor.formats.joined import SLOT, WAIT
from monitor.reference.bins import TOLD_NAMES, FeatureOptions, column_of, detectors_of, levels_of, schema_of
from monitor.reference.contexts import CYCLES, HOUR
from monitor.reference.counted import Counted
from monitor.reference.in_time import InTime
from monitor.reference.joint import Apart, joint
from monitor.reference.look import Look, first_look
from monitor.reference.noticed import Noticed
from monitor.reference.schema import Schema
from monitor.reference.scorers import Columns, Fitted, fit
from monitor.reference.store import Reference
from monitor.types import RawMessage

FEWEST = 500
"""Fewer records say too little: every radius would be wider than what people want to see."""

ADVICE = ". Give more, or let `seawall run` learn them from live traffic (reference.learn)"

Blocks = Callable[[], Iterable[Sequence[RawMessage]]]
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Plan:
    """What the first reading decides.

    Attributes
    ----------
    once : dict of int to int
        By the cell of other levels: how many levels a single record had, for as many records as are counted.
    choosing : bool array
        By message: whether it is a record that chooses.
    timed : bool
        Whether every record carries a time.
    noticed : Noticed
        What is to be noticed in the second reading.
    """

    schema: Schema
    layout: Layout
    once: Mapping[int, int]
    choosing: Marks
    timed: bool
    noticed: Noticed


def build(
    blocks: Blocks,
    *,
    model: str,
    options: Mapping[str, FeatureOptions],
    from_table: bool,
    stamped: bool = False,
    format: str = "auto",
    slot: int = SLOT,
    wait: int = WAIT,
    provisional: bool = False,
    detectors: Sequence[Any] = (),
    contexts: Sequence[str] = tuple(CYCLES),
) -> Reference:
    """Return the reference of the records of one model.

    Parameters
    ----------
    blocks : callable
        Gives an iterator over blocks of messages, from the beginning, each time it is called.
    model : str
        Records that name another model are left out.
    from_table : bool
        Whether the messages were rows of a table: its cells have no JSON kinds.
    stamped : bool
        Whether a log stamped the messages, so that every record has a time.
    slot, wait : int
        Milliseconds of a slot, and between the halves of a record.
    detectors : sequence of DetectorConfig
        What the configuration asks for; of these, scorers are fitted.
    contexts : sequence of str
        What may be a context, of `CYCLES`; a single one, or a feature's name, is that of every signal.

    Raises
    ------
    BadReference
        For fewer than 500 usable records, for such of which nothing can be watched, or options that do not fit them.
    """
    joiners = [Joiner(model, format, slot, wait) for _ in range(3)]
    look = first_look(blocks(), joiners[0])
    plan = _plan(look, model, options, from_table=from_table, stamped=stamped, learned=provisional)
    queries, alibi = (any(isinstance(d, kind) for d in detectors) for kind in (QueriesConfig, AlibiConfig))
    sample = Sample(plan.schema, wanted=queries or alibi)
    decoder = Decoder({model: plan.schema}, format=Joiner.rest, stamped=stamped)
    counted = _count(joiners[1].over(blocks()), decoder, plan, sample)
    counted.dead += joiners[1].dead
    if counted.rows < FEWEST:
        causes = _unusable(counted.dead.total(), counted.why)
        raise BadReference(_too_few(counted.rows, model, causes, learned=provisional))
    order = np.argsort(counted.times(), kind="stable") if plan.timed else np.arange(counted.rows)
    wanted = scorers(detectors, classes=plan.schema.prediction == "class")
    fitted = fit(joiners[2].over(blocks()), decoder, Columns(plan.schema, plan.layout), order, wanted) if wanted else []
    return replace(
        _accepted(model, plan, counted, order, fitted, slot=slot, contexts=contexts),
        provisional=provisional,
        closeness=measured(sample) if queries else None,
        accepted=sample.accepted(REFERENCE_ROWS) if alibi else None,
    )


def _accepted(
    model: str,
    plan: Plan,
    counted: Counted,
    order: NDArray[np.int64],
    fitted: Sequence[Fitted],
    *,
    slot: int,
    contexts: Sequence[str],
) -> Reference:
    """Return what is accepted by these records, of which `order` (n,) is that of time."""
    times, whole = counted.times(), counted.whole(plan.layout)
    counts = counted.counts(plan.layout, whole, plan.once)
    choosing = np.concatenate(counted.choosing)
    apart: list[Apart | Fitted] = [*joint(plan.layout, counts, counted.codes, order, choosing), *fitted]
    layout = Layout([*plan.layout.detectors, *(each.detector for each in apart)])
    counts = np.concatenate([counts, *(each.counts() for each in apart)])
    allowed = _allowed(contexts, layout, slot if plan.timed else None)
    found = InTime(layout, counts, allowed, None if plan.timed else counted.rows)
    found.look(counted.in_time(plan.layout, order, apart, slot, found.field))
    return Reference(
        model,
        plan.schema,
        layout,
        counts,
        counted.rows,
        found.dependence.effects,
        first=int(times.min()) if plan.timed else None,
        last=int(times.max()) if plan.timed else None,
        growing=tuple(sorted(found.dependence.growing)),
        contexts=found.contexts,
        within=found.within,
        slot=slot if any(each.cycle for each in found.contexts) else 0,
        notes=(*found.notes, *found.shifts.notes, *plan.noticed.notes(whole, counted.codes)),
    )


def _plan(
    look: Look, model: str, options: Mapping[str, FeatureOptions], *, from_table: bool, stamped: bool, learned: bool
) -> Plan:
    if look.rows < FEWEST:
        raise BadReference(_too_few(look.rows, model, _lost(look), learned=learned))
    schema = schema_of(look, options, from_table=from_table)
    layout = Layout(list(detectors_of(look, schema, options)))
    if all(isinstance(detector, SchemaConformity) for detector in layout.detectors):
        why = "; ".join(f"{feature.name}: {feature.why}" for feature in schema.features[:TOLD_NAMES])
        raise BadReference(f"nothing in these records can be watched. {why or 'They have no features'}")
    once = {
        start + detector.other: levels_of(dict((c := column_of(look, detector.column)).levels()), c.choosing, (1,))
        for detector, start in zip(layout.detectors, layout.starts, strict=True)
        if isinstance(detector, CategoryBins)
    }
    noticed, choosing = Noticed.of(look, schema, layout), np.array(look.choosing, dtype=bool)
    return Plan(schema, layout, once, choosing, timed=stamped or look.timed == look.rows, noticed=noticed)


def _lost(look: Look) -> str:
    """Return why there are not more records."""
    causes = ""
    if look.other_models:
        causes += f"; {look.other_models:,} name another model (is `model` right?)"
    if look.unpaired:
        causes += f"; {look.unpaired:,} requests or responses without their other half"
    if look.twice:
        causes += f"; {look.twice:,} with an id that was there already in the same slot"
    return causes + _unusable(look.unusable, look.why)


def _allowed(contexts: Sequence[str], layout: Layout, slot: int | None) -> tuple[str, ...]:
    """Return what may be a context of these records, in slots of so many milliseconds. Raises BadReference."""
    if len(contexts) != 1:
        return tuple(by for by in contexts if CYCLES[by].part % slot == 0 or CYCLES[by].part >= HOUR) if slot else ()
    (by,) = contexts
    if by in CYCLES and slot is None:
        raise BadReference(f"reference.contexts is {by}, and not every record has a time. Leave it out")
    if by not in CYCLES and layout.place_of(f"feature.{by}") is None:
        known = [d.column.removeprefix("feature.") for d in layout.detectors if isinstance(d, CategoryBins)]
        words = f"reference.contexts: {by} is neither a cycle nor a feature that is compared as levels"
        cycles = f"Cycles: {', '.join(CYCLES)}; or auto, none"
        raise BadReference(f"{words}. Such features: {', '.join(known[:TOLD_NAMES]) or 'none'}. {cycles}")
    return (by if by in CYCLES else f"feature.{by}",)


def _too_few(rows: int, model: str, causes: str, *, learned: bool) -> str:
    records = f"{rows:,} usable record{'' if rows == 1 else 's'}"
    words = f"{records} of model {model}, a reference wants {FEWEST} at least (10,000 see shifts of 0.1)"
    return words + (causes or ("" if learned else ADVICE))


def _unusable(messages: int, why: str) -> str:
    return f"; {messages:,} could not be used (first: {why})" if messages else ""


def _count(blocks: Iterable[Sequence[RawMessage]], decoder: Decoder, plan: Plan, sample: Sample) -> Counted:
    """Count what the live path would count, and keep the cells for dependence in time."""
    counted, read = Counted(), 0
    kept = np.int16 if plan.layout.total < 1 << 15 else np.int32
    for block in blocks:
        choosing = plan.choosing[read : read + len(block)]
        choosing = np.pad(choosing, (0, len(block) - len(choosing)))  # a file may have grown since
        read += len(block)
        decoded = decoder.decode(block)
        for reason, detail in decoded.dead.values():
            counted.dead[reason] += 1
            counted.why = counted.why or f"{reason}: {detail}"
        batch = decoded.batches[0]
        if batch is not None:
            counted.stamps.append(decoded.times[batch.rows])
            counted.choosing.append(choosing[batch.rows])
            codes = plan.layout.codes(batch)
            counted.codes.append(codes.astype(kept))
            plan.noticed.add(batch, codes)
            counted.rows += len(batch)
            sample.add(batch)
    return counted
