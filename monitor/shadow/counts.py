"""How many answers were read, and which of them were not judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.counting.fold import Folded
from monitor.formats.batch import DEAD, IGNORED, Decoded
from monitor.parts import Observer
from monitor.types import Partition


class AnswerCounts(Observer):
    """Counts answers by what became of them.

    Parameters
    ----------
    models : sequence of str
        Names in the order of the decoder.
    late : callable
        Called as ``late(model, how_many)``.
    """

    def __init__(self, models: Sequence[str], late: Callable[[str, int], None]) -> None:
        self.models = models
        self.read = self.late = self.others = self.unusable = 0
        self._late = late
        self._in_time = True

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        """Count one block."""
        self.read += len(decoded.model)
        self.others += int((decoded.model == IGNORED).sum())
        self.unusable += int((decoded.model == DEAD).sum())
        late = sum(folded.late.values())
        self.late += late
        if late or any(folded.counted.values()):
            self._in_time = any(folded.counted.values())
        for index, count in folded.late.items():
            self._late(self.models[index], count)

    def trouble(self) -> str | None:
        """Return that all answers of late are stamped before what is judged already."""
        return None if self._in_time else "answers are stamped before what is judged already; was a clock set back?"

    def __str__(self) -> str:
        return f"{self.read:,} read, {self.late:,} late, {self.others:,} of other models, {self.unusable:,} unusable"
