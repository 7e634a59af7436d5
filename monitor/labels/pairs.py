"""What the pairs of one slot say: questions to the halves that wait, answered as a tally."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import structlog

from detectors.conflicts import CONFLICTS, DIFFER
from monitor.counting.sampling import halved, share_of
from monitor.counting.tally import Tally
from monitor.formats.batch import Batch
from monitor.labels.halves import Halves, Pair
from monitor.labels.outcomes import Outcomes
from monitor.watched import Watched

log = structlog.get_logger()


class Pairs:
    """The pairs of slots that are closed, in order.

    Parameters
    ----------
    most : int
        Halves that may wait, and ids judged that may be remembered; with more, the share of ids is halved.

    Attributes
    ----------
    held : int
        Rows that are kept, at most.
    """

    def __init__(self, halves: Halves, most: int, outcomes: Outcomes) -> None:
        self.halves = halves
        self.most = most
        self.outcomes = outcomes
        self.held = 0
        self.configured = [halves.bound, most]

    def of(self, model: Watched, slot: int) -> tuple[list[Pair], Tally | None]:
        """Return a model's pairs of a slot, and their tally; None where there is nothing to judge."""
        pairs = self.halves.pairs(model.name, slot)
        known_again, contradicted = self.halves.again(model.name, slot)
        if known_again:
            self.outcomes.found()
        known = [pair for pair in pairs if not pair.conflicting]
        conflicting = len(pairs) - len(known)
        for outcome, found in (("joined", len(known)), ("conflicting", conflicting), ("contradicted", contradicted)):
            self.outcomes.note(model.name, outcome, found)
        told = pairs or contradicted
        return pairs, tally_of(model, known, conflicting + contradicted) if told else None

    def end(self, slot: int) -> None:
        """Halve the share of ids where too many wait: decided by what the slots held, so again after a restart."""
        self.held += self.halves.came(slot)
        if self.held > self.most:
            self.held = self.halves.held(slot)
        while self.held > self.most:
            self.halves.bound = halved(self.halves.bound)
            self.held = self.halves.held(slot)
            log.warning("too many labels awaited: a smaller share of ids is kept", share=share_of(self.halves.bound))

    def restore(self, bound: bytes, held: int, configured: Sequence[object]) -> None:
        """Go on; a share, or a limit, configured otherwise since then counts from here on."""
        self.held = held
        if list(configured) == self.configured:
            self.halves.bound = bytes(bound)
        else:
            log.info("labels.share or labels.max_pending was changed", share=share_of(self.halves.bound))


def tally_of(model: Watched, pairs: Sequence[Pair], conflicts: int) -> Tally:
    """Return the tally of a slot's pairs, and of the ids whose labels contradict each other."""
    said = {"prediction": [pair.prediction for pair in pairs], "label": [pair.label for pair in pairs]}
    sure = np.array([math.nan if pair.confidence is None else pair.confidence for pair in pairs])
    batch = Batch(
        np.arange(len(pairs)),
        {"confidence": sure},
        versions=[pair.version for pair in pairs],
        ids=[None] * len(pairs),  # what looks at them in order takes them as they are
        times=np.zeros(len(pairs), dtype=np.int64),
    )
    if model.reference.schema.prediction == "number":
        batch.numbers |= {name: np.array([_number(text) for text in texts]) for name, texts in said.items()}
    else:
        batch.texts |= said
    layout = model.layouts["labels"]
    tally = layout.count(batch, layout.codes(batch), batch.rows)
    tally.cells[layout.starts[layout.detectors.index(CONFLICTS)] + DIFFER] += conflicts
    return tally


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
