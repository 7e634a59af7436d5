"""What has become of predictions and labels, and whether any of them find each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

Note = Callable[[str, str, int], None]
"""Called as ``note(model, outcome, how_many)``; what is of no model alone has an empty name."""

FEWEST = 20
"""Labels of which none is of a prediction, after which somebody may be told."""

UNJOINED = (
    "none of {labels:,} that came found a prediction, {expired:,} predictions waited in vain. "
    "Other ids, another model, labels.wait too short, labels too late?"
)


class Outcomes:
    """Counts by outcome.

    Parameters
    ----------
    count : callable
        As `Note`. `joined`, `conflicting` (labels of one id differ: none is used) and `expired` (it waited in vain)
        are of predictions; `contradicted` (it differs from the label that was used), `late` and `ignored` (it names
        another model) of labels. Not called for `came`.

    Attributes
    ----------
    became : Counter
        What was counted, by outcome, and how many labels `came`; at the end, how many are left `alone`.
    """

    def __init__(self, count: Note) -> None:
        self.count = count
        self.became: Counter[str] = Counter()
        self._unjoined: Counter[str] = Counter()

    def note(self, model: str, outcome: str, how_many: int) -> None:
        """Count so many."""
        if how_many:
            self.became[outcome] += how_many
            self._unjoined[outcome] += how_many
            if outcome == "joined":
                self.found()
            if outcome != "came":
                self.count(model, outcome, how_many)

    def found(self) -> None:
        """Note that labels are of predictions, if not for the first time."""
        self._unjoined.clear()

    def trouble(self) -> str | None:
        """Return that labels come and none is of a prediction.

        That is known once predictions have waited for nothing; before, labels may be of predictions that were made
        before anybody kept them.
        """
        since = self._unjoined
        labels, expired = since["came"] + since["late"] + since["ignored"], since["expired"]
        return UNJOINED.format(labels=labels, expired=expired) if labels >= FEWEST and expired else None
