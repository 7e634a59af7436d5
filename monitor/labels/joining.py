"""Halves of one model joined in the order of the log they were handed over in, by all processes that count.

Like merging this is a fold: what is joined, and where in the log, depends on the log alone. The halves wait in a file
that is no more than a cache of the log. Whoever takes the model over fills one from the first message that still
matters, and goes on where the other was. A half of a slot that was judged already (an idle partition brought it) waits
for later slots like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from monitor.counting.fold import NEVER
from monitor.counting.handover import Marker
from monitor.counting.markers import Markers
from monitor.counting.tally import Tally
from monitor.errors import SnapshotError
from monitor.labels.halves import Halves
from monitor.labels.handed import Handed, Joined, Waiting, joined
from monitor.labels.outcomes import Outcomes
from monitor.labels.pairs import Pairs
from monitor.labels.rows import ANY_MODEL
from monitor.watched import Watched

HOUR = 3_600_000

OTHER_KEY = (
    "predictions of {} that wait for their labels were hashed under another key and cannot be found. Set "
    "privacy.hash_key as it was; or begin anew: seawall state reset"
)


class JoinedSlot(NamedTuple):
    """A slot closed by every partition of both streams: what its pairs say, and messages that say whose they are."""

    slot: int
    tally: Tally
    messages: list[Joined]


class Joining:
    """The halves of one model.

    Parameters
    ----------
    markers : Markers
        Of the topics of records and of labels.
    counting : str
        The digest that markers must have.
    under : str
        As of `Waiting`; halves of another are passed over.

    Attributes
    ----------
    next : int
        Next offset to read.
    judged : int
        Last slot that was judged.
    hindered : str or None
        Why nothing can be read.
    """

    def __init__(
        self,
        model: Watched,
        halves: Halves,
        most: int,
        *,
        outcomes: Outcomes,
        markers: Markers,
        counting: str,
        under: str,
    ) -> None:
        self.model = model
        self.halves = halves
        self.outcomes = outcomes
        self.pairs = Pairs(halves, most, outcomes)
        self.markers = markers
        self.counting = counting
        self.under = under
        self.next = 0
        self.judged = NEVER
        self.hindered: str | None = None
        self._span = max(1, HOUR // model.slot)
        self._first: dict[int, int] = {}
        self._forgotten = NEVER

    @property
    def first(self) -> int:
        """The offset from which on halves are that may still be joined."""
        return min(self._first.values(), default=self.next)

    def fill(self, offset: int, message: Handed) -> None:
        """Read again what was read before by whoever had the model: it is kept, and nothing is judged.

        Which ids were judged is read to the end of the log; what lies ahead of a slot changes nothing in it.
        """
        if isinstance(message, Waiting) and offset < self.next:
            self._keep(message)
        elif isinstance(message, Joined) and (message.model, message.under) == (self.model.name, self.under):
            self.halves.remember(self.model.name, message.slot, message.ids)

    def take(self, offset: int, message: Handed) -> Iterator[JoinedSlot]:
        """Read the message at an offset; yield what the slots that it closes say, in order."""
        if offset < self.next:
            return
        self.next = offset + 1
        if isinstance(message, Waiting):
            self._keep(message)
            self._note(message, offset)
        elif isinstance(message, Marker) and self._moves(message):
            closed = self.markers.closed
            yield from self._judge(self.halves.newest if closed is None else closed)

    def _moves(self, marker: Marker) -> bool:
        return marker.counting == self.counting and self.markers.take(marker) and self.markers.complete

    def _keep(self, message: Waiting) -> None:
        if self._ours(message):
            self.halves.keep_predictions(self.model.name, message.predictions)
            self.halves.keep_labels((message.model, row) for row in message.labels)

    def _ours(self, message: Waiting) -> bool:
        return message.under == self.under and message.model in (ANY_MODEL, self.model.name)

    def _note(self, message: Waiting, offset: int) -> None:
        if self._ours(message):
            self.outcomes.note(self.model.name, "came", len(message.labels))
            for hour in {row[1] // self._span for rows in (message.predictions, message.labels) for row in rows}:
                self._first.setdefault(hour, offset)

    def _judge(self, through: int) -> Iterator[JoinedSlot]:
        for slot in self.halves.slots(self.judged, through):
            pairs, tally = self.pairs.of(self.model, slot)
            self._reach(slot)
            self.pairs.end(slot)
            if tally is not None:
                ids = [(pair.id, pair.judged_by) for pair in pairs]
                yield JoinedSlot(slot, tally, [*joined(self.model.name, self.under, slot, ids)])
        self._reach(max(self.judged, through))

    def _reach(self, judged: int) -> None:
        self.judged = judged
        self.halves.judged = judged - self.halves.wait - 1  # what is older joins nothing
        self._first = {
            hour: at for hour, at in self._first.items() if hour >= (judged - self.halves.wait) // self._span
        }

    def forget(self) -> None:
        """Let go of what no later slot can pair."""
        if self._forgotten != self.judged:
            self._forgotten = self.judged
            for model, waited in self.halves.forget(self.judged, self.halves.bound).items():
                self.outcomes.note(model, "expired", waited)
        self.halves.commit()

    def trouble(self) -> str | None:
        """Return why nothing is joined."""
        return self.hindered or self.outcomes.trouble()

    def state(self) -> dict[str, Any]:
        """Return all that is remembered besides what the log holds."""
        return {
            "next": self.next,
            "first": [[hour, offset] for hour, offset in self._first.items()],
            "markers": [msgspec.to_builtins(marker) for _, marker in sorted(self.markers.newest.items())],
            "judged": self.judged,
            "bound": self.halves.bound,
            "held": self.pairs.held,
            "configured": self.pairs.configured,
            "under": self.under,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`, once what lies before `next` has been filled in.

        Raises
        ------
        SnapshotError
            Where ids were hashed under another key.
        """
        if state["under"] != self.under:
            raise SnapshotError(OTHER_KEY.format(self.model.name))
        for marker in (msgspec.convert(each, Marker) for each in state["markers"]):
            self.markers.take(marker)
        self.next = state["next"]
        self._first = dict(state["first"])
        self._reach(state["judged"])
        self.pairs.restore(state["bound"], state["held"], state["configured"])

    def close(self) -> None:
        """Let go of the file."""
        self.halves.close()
