"""How often the accepted model flips: measured once, when its reference is built, and stored there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.shadow import Flips, Skew, rounded_scale
from monitor.config.shadow import ShadowSection, questions_of
from monitor.errors import BadReference
from monitor.formats.batch import Batch
from monitor.formats.decoder import Decoder
from monitor.reference.dependence import design_effect
from monitor.reference.store import Reference
from monitor.shadow.answers import Answer
from monitor.shadow.endpoint import Endpoint
from monitor.shadow.probing import Prober, Question
from monitor.shadow.reading import columns
from monitor.shadow.survey import Progress, refuse_another_model, survey
from monitor.types import RawMessage

FEWEST = 5_000
"""Accepted records that are asked about at least, one copy of each per severity."""

SPARE = 1.2
"""So many times as many are chosen: some may not fit."""

Blocks = Callable[[], Iterable[Sequence[RawMessage]]]


class Source(NamedTuple):
    """The accepted records, and how they are read.

    Attributes
    ----------
    blocks : callable
        Gives an iterator over blocks of messages, from the beginning, each time it is called.
    """

    blocks: Blocks
    format: str
    stamped: bool = False


def measured(
    reference: Reference,
    source: Source,
    section: ShadowSection,
    answering: Callable[[ShadowSection, Reference], Endpoint],
    *,
    fewest: int = FEWEST,
    progress: Callable[[int], Progress] | None = None,
) -> Reference:
    """Return the reference with the accepted shares of flipped answers.

    Parameters
    ----------
    answering : callable
        Returns who answers for the accepted model, given a reference that knows the scales.
    progress : callable or None
        Given about how many records are asked about, returns what is called with how many were.

    Raises
    ------
    BadReference
        Where the endpoint does not answer, answers as another model would, or there are fewer records than `fewest`.
    """
    if reference.rows < fewest:
        raise BadReference(
            f"shadow checks want {fewest:,} accepted records at least, and there are {reference.rows:,}. "
            "Add some, or remove the section shadow"
        )
    step = max(1, int(reference.rows / (SPARE * fewest)))
    skew = Skew(_scales(reference, source, step))
    detectors: list[Skew | Flips] = [skew]
    detectors += [Flips(*question) for check in section.checks for question in questions_of(check)]
    scaled = reference.extended(detectors, np.zeros(sum(d.cells for d in detectors), dtype=np.int64), {})
    endpoint = answering(section, scaled)
    try:
        prober = Prober(reference.model, scaled, section, endpoint)
        so_far = progress(-(-reference.rows // step)) if progress else _unseen
        asked = list(survey(prober, _questions(prober, scaled, source, step), so_far))
    finally:
        endpoint.close()
    if len(asked) < fewest:
        raise BadReference(
            f"shadow checks want {fewest:,} records as the reference knows them at least, and {len(asked):,} of the "
            "chosen ones are. The others lack features, or have some of another type"
        )
    return _counted(reference, detectors, [answers for _, answers in sorted(asked, key=lambda each: each[0])])


def _unseen(_: int) -> None:
    """Nobody looks."""


def _chosen(reference: Reference, source: Source, step: int) -> Iterator[tuple[Batch, NDArray[np.int64]]]:
    """Yield every `step`-th record, by batch, with the number of the batch's first record."""
    decoder = Decoder({reference.model: reference.schema}, format=source.format, stamped=source.stamped)
    first = 0
    for block in source.blocks():
        batch = decoder.decode(block).batches[0]
        if batch is not None:
            yield batch, np.arange(-first % step, len(batch), step)
            first += len(batch)


def _scales(reference: Reference, source: Source, step: int) -> tuple[tuple[str, float], ...]:
    """Return the standard deviation of every numeric feature, and of a numeric prediction."""
    values: dict[str, list[NDArray[np.float64]]] = {}
    for batch, positions in _chosen(reference, source, step):
        for name, column in batch.numbers.items():
            if name.startswith("feature.") or name == "prediction":
                values.setdefault(name, []).append(column[positions])
    return tuple(sorted((name, rounded_scale(np.concatenate(parts))) for name, parts in values.items()))


def _questions(prober: Prober, reference: Reference, source: Source, step: int) -> Iterator[tuple[int, Question]]:
    """Yield what is asked about the chosen records that fit the schema, each with its time."""
    number = 0
    for batch, positions in _chosen(reference, source, step):
        odd = {*batch.deviations, *(p for wrong in batch.mismatched.values() for p in wrong)}
        for position in positions.tolist():
            number += 1
            identity = batch.ids[position]
            if position not in odd:
                name = f"record {number}" if identity is None else identity
                yield int(batch.times[position]), prober.question(batch, position, name)


def _counted(reference: Reference, detectors: Sequence[Skew | Flips], asked: Sequence[list[Answer]]) -> Reference:
    """Return the reference with what was answered, in the order of the records' times."""
    batch = columns([answer for answers in asked for answer in answers])
    cells = [detector.bin(batch) for detector in detectors]
    counts = [np.bincount(codes, minlength=d.cells) for codes, d in zip(cells, detectors, strict=True)]
    effects = {}
    for detector, codes, count in zip(detectors, cells, counts, strict=True):
        count[-1] = 0  # answers to other questions say nothing of this one
        for signal in detector.signals(count):
            bins = np.array(signal.bin_of)[codes]
            if (effect := design_effect(signal, bins[bins >= 0])) > 1.0:
                effects[signal.name] = round(effect, 4)
    refuse_another_model(int(counts[0][1]), int(counts[0][:2].sum()), "the")
    return reference.extended(detectors, np.concatenate(counts), effects)
