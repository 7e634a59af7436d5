"""The stream of labels: a pipeline of its own beside that of the records, judged on the labels' clock.

Both keep their halves in `Halves`; a slot is judged here when the partitions of both have closed it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from monitor.counting.fold import NEVER, ready
from monitor.errors import SnapshotError
from monitor.labels.halves import Halves
from monitor.labels.keeping import Labels, Predictions
from monitor.labels.outcomes import Note, Outcomes
from monitor.labels.pairs import Pairs
from monitor.pipeline import Pipeline
from monitor.side import SideStream
from monitor.watched import Watched

OTHER_KEY = (
    "predictions that wait for their labels were hashed under another key and cannot be found. Set privacy.hash_key as "
    "it was, or put back the file hash-key beside the references; or go on without them: seawall state reset --labels"
)


class LabelStream(SideStream):
    """Reads labels and judges what they say of predictions.

    Parameters
    ----------
    parts : dict
        Of `Parts`, what this stream has of its own: source, decoder, partitions, letters and so on.
    halves : Halves
    most : int
        As of `Pairs`.
    count : callable
        As of `Outcomes`.
    """

    name = noun = "labels"

    def __init__(self, parts: dict[str, Any], halves: Halves, *, most: int, count: Note, main: Pipeline) -> None:
        super().__init__(parts, main)
        slot = self.parts.partitions.timing.slot
        self.halves = halves
        self.outcomes = Outcomes(count)
        self.pairs = Pairs(halves, most, self.outcomes)
        names = [model.name for model in main.parts.models]
        self.parts.observers.append(Labels(halves, names, slot, self.outcomes.note))
        self.judged = NEVER
        self._flushed = self._saved = (NEVER, halves.bound)
        main.parts.observers.append(Predictions(halves, main.parts.models, slot))

    @property
    def became(self) -> Counter[str]:
        """What was counted, by outcome, and how many labels `came`; at the end, how many are left `alone`."""
        return self.outcomes.became

    def trouble(self) -> str | None:
        """Return why nothing can be read or used: also that labels come and none is of a prediction."""
        return super().trouble() or self.outcomes.trouble()

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
            self.pairs.end(slot)
        self._reach(max(self.judged, through))

    def _reach(self, judged: int) -> None:
        """Note that slots up to this one are judged: what an idle partition brings later comes behind them."""
        self.judged = self.halves.judged = judged
        for partitions in (self.parts.partitions, self.main.parts.partitions):
            partitions.floor = max(partitions.floor, judged)

    def _judge_slot(self, model: Watched, slot: int) -> None:
        if model.labels is None:
            return
        _, tally = self.pairs.of(model, slot)
        if tally is not None:
            self.judge_tally(model, slot, tally)

    def flush(self) -> None:
        """Put the halves on the disk, before the snapshot that counts on them. Raises OSError."""
        self.halves.commit()
        self._flushed = (self.judged, self.halves.bound)

    def saved(self) -> None:
        """Let go of what the snapshot before the one now written has left behind: a start may go back to it."""
        for model, waited in self.halves.forget(*self._saved).items():
            self.outcomes.note(model, "expired", waited)
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
            "held": self.pairs.held,
            "configured": self.pairs.configured,
            "file": [*self.halves.life],
            "key": self.halves.fingerprint,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`.

        Raises
        ------
        SnapshotError
            Where ids were hashed under another key.
        """
        if state["file"] and state["key"] != self.halves.fingerprint:
            raise SnapshotError(OTHER_KEY)
        self._reach(state["judged"])
        self._saved = (self.judged, max(bytes(state["bound"]), self.halves.bound))
        self.pairs.restore(state["bound"], state["held"], state["configured"])

    def close(self) -> None:
        """Let go of the source and the file."""
        super().close()
        self.halves.close()
