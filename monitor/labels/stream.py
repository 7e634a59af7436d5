"""The stream of labels: a pipeline of its own beside that of the records, judged on the labels' clock.

Both keep their halves in `Halves`; a slot is judged here when the partitions of both have closed it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import structlog

from detectors.conflicts import CONFLICTS, DIFFER
from monitor.counting.fold import NEVER, ready
from monitor.counting.sampling import halved, share_of
from monitor.counting.tally import Tally
from monitor.errors import SnapshotError
from monitor.formats.batch import Batch
from monitor.labels.halves import Halves, Pair
from monitor.labels.keeping import Labels, Note, Predictions
from monitor.pipeline import Pipeline
from monitor.side import SideStream
from monitor.watched import Watched

log = structlog.get_logger()

OTHER_KEY = (
    "predictions that wait for their labels were hashed under another key and cannot be found. Set privacy.hash_key as "
    "it was, or put back the file hash-key beside the references; or go on without them: seawall state reset --labels"
)
FEWEST = 20
"""Labels of which none is of a prediction, after which somebody may be told."""

UNJOINED = (
    "none of {labels:,} that came found a prediction, {expired:,} predictions waited in vain. "
    "Other ids, another model, labels.wait too short, labels too late?"
)


class LabelStream(SideStream):
    """Reads labels and judges what they say of predictions.

    Parameters
    ----------
    parts : dict
        Of `Parts`, what this stream has of its own: source, decoder, partitions, letters and so on.
    halves : Halves
    most : int
        Halves that may wait, and ids judged that may be remembered; with more, the share of ids is halved.
    count : callable
        As `Note`. `joined`, `conflicting` (labels of one id differ: none is used) and `expired` (it waited in vain)
        are of predictions; `contradicted` (it differs from the label that was used), `late` and `ignored` (it names
        another model) of labels.

    Attributes
    ----------
    became : Counter
        What was counted, by outcome, and how many labels `came`; at the end, how many are left `alone`.
    """

    name = noun = "labels"

    def __init__(self, parts: dict[str, Any], halves: Halves, *, most: int, count: Note, main: Pipeline) -> None:
        super().__init__(parts, main)
        slot = self.parts.partitions.timing.slot
        self.parts.observers.append(Labels(halves, [model.name for model in main.parts.models], slot, self._note))
        self.halves = halves
        self.most = most
        self.count = count
        self.became: Counter[str] = Counter()
        self._unjoined: Counter[str] = Counter()
        self._configured = [halves.bound, most]
        self.judged = NEVER
        self.held = 0
        self._flushed = self._saved = (NEVER, halves.bound)
        main.parts.observers.append(Predictions(halves, main.parts.models, slot))

    def _note(self, model: str, outcome: str, how_many: int) -> None:
        if how_many:
            self.became[outcome] += how_many
            self._unjoined[outcome] += how_many
            if outcome == "joined":
                self._unjoined.clear()
            if outcome != "came":
                self.count(model, outcome, how_many)

    def trouble(self) -> str | None:
        """Return why nothing can be read or used: also that labels come and none is of a prediction.

        That is known once predictions have waited for nothing; before, labels may be of predictions that were made
        before anybody kept them.
        """
        since = self._unjoined
        labels, expired = since["came"] + since["late"] + since["ignored"], since["expired"]
        return super().trouble() or (
            UNJOINED.format(labels=labels, expired=expired) if labels >= FEWEST and expired else None
        )

    def judge(self) -> None:
        """Judge every slot that the partitions of both streams have closed."""
        own, records = self.parts.partitions, self.main.parts.partitions
        for _ in own.closed():
            pass  # what it counted is in the halves
        if not own.folds or not records.folds or self.parts.source.missing() or self.main.parts.source.missing():
            return
        folds = {**records.folds, **own.folds}
        through = ready(folds, {*records.idle, *own.idle})  # type: ignore[arg-type]
        for slot in self.halves.slots(self.judged, through):
            for model in self.main.parts.models:
                self._judge_slot(model, slot)
            self.judged = slot
            self._bound(slot)
        self._reach(max(self.judged, through))

    def _reach(self, judged: int) -> None:
        """Note that slots up to this one are judged: what an idle partition brings later comes behind them."""
        self.judged = self.halves.judged = judged
        for partitions in (self.parts.partitions, self.main.parts.partitions):
            partitions.floor = max(partitions.floor, judged)

    def _judge_slot(self, model: Watched, slot: int) -> None:
        if model.labels is None:
            return
        pairs = self.halves.pairs(model.name, slot)
        known_again, contradicted = self.halves.again(model.name, slot)
        if known_again:
            self._unjoined.clear()  # of a prediction, if not for the first time
        known = [pair for pair in pairs if not pair.conflicting]
        conflicting = len(pairs) - len(known)
        for outcome, found in (("joined", len(known)), ("conflicting", conflicting), ("contradicted", contradicted)):
            self._note(model.name, outcome, found)
        if pairs or contradicted:
            self.judge_tally(model, slot, tally_of(model, known, conflicting + contradicted))

    def _bound(self, slot: int) -> None:
        """Halve the share of ids where too many wait: decided by what the slots held, so again after a restart."""
        self.held += self.halves.came(slot)
        if self.held > self.most:
            self.held = self.halves.held(slot)
        while self.held > self.most:
            self.halves.bound = halved(self.halves.bound)
            self.held = self.halves.held(slot)
            log.warning("too many labels awaited: a smaller share of ids is kept", share=share_of(self.halves.bound))

    def flush(self) -> None:
        """Put the halves on the disk, before the snapshot that counts on them. Raises OSError."""
        self.halves.commit()
        self._flushed = (self.judged, self.halves.bound)

    def saved(self) -> None:
        """Let go of what the snapshot before the one now written has left behind: a start may go back to it."""
        for model, waited in self.halves.forget(*self._saved).items():
            self._note(model, "expired", waited)
        self._saved = self._flushed
        super().saved()

    def end(self) -> None:
        """Judge what is left, and see how many labels found no prediction."""
        super().end()
        self.became["alone"] = self.halves.alone()

    def state(self) -> dict[str, Any]:
        """Return all that is remembered besides the halves."""
        return {
            **super().state(),
            "judged": self.judged,
            "bound": self.halves.bound,
            "held": self.held,
            "configured": self._configured,
            "file": [*self.halves.life],
            "key": self.halves.fingerprint,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`; a share, or a limit, configured otherwise since then counts from here on.

        Raises
        ------
        SnapshotError
            Where ids were hashed under another key.
        """
        if state["file"] and state["key"] != self.halves.fingerprint:
            raise SnapshotError(OTHER_KEY)
        self._reach(state["judged"])
        self._saved = (self.judged, max(bytes(state["bound"]), self.halves.bound))
        self.held = state["held"]
        if state["configured"] == self._configured:
            self.halves.bound = bytes(state["bound"])
        else:
            log.info("labels.share or labels.max_pending was changed", share=share_of(self.halves.bound))

    def close(self) -> None:
        """Let go of the source and the file."""
        super().close()
        self.halves.close()


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
