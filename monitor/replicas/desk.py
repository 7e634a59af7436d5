"""The second stage for one model: tallies merged, slots judged, incidents told; all that is remembered of it.

What comes beside the records, such as answers, is in the same log under its own topics' names: it is merged apart from
them and judged on its own clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from monitor.counting import trail
from monitor.counting.handover import Counted, Handed, Marker, Spoken
from monitor.counting.merging import Merging, Part, Reached
from monitor.counting.tally import RECORDS, Tally
from monitor.counting.trail import Trail
from monitor.delivery.dispatcher import Dispatcher
from monitor.judge.judge import Verdict
from monitor.parts import Now
from monitor.types import News, Partition, partition_names
from monitor.watched import Watched

if TYPE_CHECKING:
    from monitor.labels.joining import Joining

SEVERE = {"quality.labels": "error", "quality.shadow": "error"}
"""Of what hinders counting; all else blinds the monitor and is critical."""

COME_AND_GO = 45.0
"""Seconds within which a partition finds whoever counts it, when processes come and go."""

UNCOUNTED = "Does a process without `replicas` read in their group?"

log = structlog.get_logger()


class Desk:
    """One model's.

    Parameters
    ----------
    model : Watched
    merging : Merging
    dispatcher : Dispatcher
    freshness : float
        Seconds without a counted record, or a judged slot, after which somebody is told.
    unsent : sequence of News
        What was to be handed to the dispatcher when this was last remembered.
    beside : mapping of str to Merging
        By name, as in `model.sides`: the streams beside the records, each of topics of its own.

    Attributes
    ----------
    joining : Joining or None
        What joins late labels, where they tell something of this model.
    joined : dict or None
        What is remembered of that.
    """

    def __init__(
        self,
        model: Watched,
        merging: Merging,
        dispatcher: Dispatcher,
        freshness: float,
        unsent: Sequence[News] = (),
        *,
        beside: Mapping[str, Merging] = MappingProxyType({}),
    ) -> None:
        self.model = model
        self.merging = merging
        self.dispatcher = dispatcher
        self.freshness = freshness
        self.unsent = list(unsent)
        self.beside = beside
        self._names = {topic: name for name, each in beside.items() for topic in each.topics}
        self.joining: Joining | None = None
        self.joined: dict[str, Any] | None = None
        self._labelled: float | None = None
        self.trails: dict[Partition, Trail] | None = {} if model.settings.retrain else None
        self._fresh: float | None = None
        self._waits_since: float | None = None
        self._began: float | None = None
        self._owed = False
        self._knows = False
        self._counted: float | None = None

    def take(self, offset: int, message: Handed, now: Now) -> Iterator[Verdict]:
        """Read one message; yield what the slots that it closes have shown."""
        if isinstance(message, Spoken):
            self._hear(offset, message)
        elif (name := self._names.get(message.topic)) is None:
            yield from self._take(offset, message, now)
        else:
            yield from self._take_beside(name, offset, message)
        for each in self._mergings:
            each.pass_over(offset)

    def _take_beside(self, name: str, offset: int, message: Counted | Marker) -> Iterator[Verdict]:
        merging, judged = self.beside[name], self.model.sides.get(name)
        for slot, tally, _ in merging.take(offset, message):
            if judged is not None:
                verdict, events = judged.judge_slot(slot, tally)
                self.unsent += events
                yield verdict
        if isinstance(message, Marker) and merging.silent and judged is not None:
            self.unsent += judged.flush()

    def _take(self, offset: int, message: Counted | Marker, now: Now) -> Iterator[Verdict]:
        if isinstance(message, Counted) and message.model == self.model.name and dict(message.cells).get(RECORDS):
            self._fresh = now.steady
            self._waits_since = now.steady if self._waits_since is None else self._waits_since
        for slot, tally, spans in self.merging.take(offset, message):
            for partition, (first, end) in spans.items() if self.trails is not None else ():
                self.trails.setdefault(partition, Trail()).add(slot, first, end)  # type: ignore[union-attr]
            self._waits_since, self._knows = None, True
            verdict, events = self.model.records.judge_slot(slot, tally)
            self.unsent += [*events, *self.model.retrain(self.trails)]
            yield verdict
        if isinstance(message, Marker) and self.merging.silent:
            self.unsent += self.model.records.flush()

    def _hear(self, offset: int, word: Spoken) -> None:
        """Take a word where it stands in the log; not again where the log is read again, for the sake of tallies."""
        if word.model == self.model.name and offset >= self.model.heard:
            self.model.heard = offset + 1
            self.unsent += self.model.hear(word, self.trails)
            log.info("operator's word", word=word.word, run=word.run_id, by=word.by, model=word.model)

    def judge_pairs(self, slot: int, tally: Tally) -> Verdict:
        """Judge what the pairs of a slot say, which every partition of records and labels has closed."""
        verdict, events = self.model.sides["labels"].judge_slot(slot, tally)
        self.unsent += events
        return verdict

    def look(self, now: Now) -> None:
        """Tell what hinders those who count, and that nothing comes; by the wall clock, so not bit for bit."""
        self._began = now.steady if self._began is None else self._began
        silence = now.steady - (self._began if self._fresh is None else self._fresh)
        silent = f"no record counted for {silence / 60:.0f} min" if silence >= self.freshness else None
        if silent or self._fresh is not None:
            self._condition("quality.freshness", silent, now, since=silence)
        trouble = self._standing(now)
        for _, marker in sorted(item for each in self._mergings for item in each.markers.items()):
            trouble = marker.trouble | trouble
        trouble |= self._unlabelled(now)
        self._knows |= "quality.progress" in trouble or self.merging.silent
        lasting = {"quality.freshness"} if self._knows else {"quality.freshness", "quality.progress"}  # as of silence
        for signal in trouble.keys() | self.model.conditions.open.keys() - lasting:
            self._condition(signal, trouble.get(signal), now)

    def _standing(self, now: Now) -> dict[str, str]:
        """Return whom judging waits for, once tallies have come for long and no slot was closed everywhere."""
        if self._waits_since is None or now.steady - self._waits_since < self.freshness:
            return {}
        lasts = (now.steady - self._waits_since) / 60
        words = f"judging waits for {partition_names(self.merging.awaited)}: no slot closed there for {lasts:.0f} min"
        return {"quality.progress": f"{words}. {UNCOUNTED}" if self.merging.uncounted else words}

    def uncounted(self, now: Now) -> str | None:
        """Return which partitions nobody counts, once that has lasted longer than a process takes to come or go."""
        partitions = self.merging.uncounted
        if not partitions or self._counted is None:
            self._counted = now.steady
        lasts = now.steady - self._counted
        words = f"nobody has counted {partition_names(partitions)} for {lasts:.0f} s. {UNCOUNTED}"
        return words if lasts >= COME_AND_GO else None

    def _unlabelled(self, now: Now) -> dict[str, str]:
        """Return why no label is joined, once that has lasted."""
        words = None if self.joining is None else self.joining.trouble()
        if words is None or self._labelled is None:
            self._labelled = now.steady
        lasts = now.steady - self._labelled
        return {"quality.labels": f"no labels for {lasts / 60:.0f} min: {words}"} if lasts >= self.freshness else {}

    def _condition(self, signal: str, words: str | None, now: Now, since: float = 0.0) -> None:
        severity: Any = "error" if signal == "quality.freshness" else SEVERE.get(signal, "critical")
        began, records = now.wall - int(since * 1000), self.model.judge.records
        look = self.model.conditions.look
        self.unsent += look(signal, words, now.wall, since=began, records=records, severity=severity)

    @property
    def _mergings(self) -> list[Merging]:
        return [self.merging, *self.beside.values()]

    @property
    def next(self) -> int:
        """The offset from which on there is something to read."""
        return min(each.next for each in self._mergings)

    def resume(self) -> int:
        """Return the offset from which a restart must read on."""
        return min(each.resume().offset for each in self._mergings)

    def hand_over(self) -> list[News]:
        """Let the dispatcher tell what waits; return it."""
        told, self.unsent = self.unsent, []
        self.dispatcher.put(told)
        return told

    @property
    def told(self) -> bool:
        """Whether all was told that, as last remembered, was still to be."""
        return self._owed and not self.unsent and not self.dispatcher.pending()

    def state(self) -> dict[str, Any]:
        """Return all that is remembered."""
        pending = self.dispatcher.pending()
        self._owed = bool(self.unsent or pending)
        return {
            **self.model.state(),
            "slot": self.model.slot,
            **merging_plain(self.merging),
            "beside": {name: merging_plain(each) for name, each in self.beside.items()},
            "unsent": [msgspec.to_builtins(event) for event in self.unsent],
            "pending": [[sink, msgspec.to_builtins(event)] for sink, event in pending],
            "threads": [[*key, thread] for key, thread in self.dispatcher.threads().items()],
            "trails": trail.plain(self.trails or {}),
            "joining": self.joined,
        }


def merging_plain(merging: Merging) -> dict[str, Any]:
    """Return what is remembered of a stream that is merged."""
    return {"counting": merging.counting, "reached": reached_plain(merging.resume()), "judged": merging.judged}


def reached_plain(reached: Reached) -> dict[str, Any]:
    """Return how far tallies were read as plain values."""
    return {
        "offset": reached.offset,
        "closed": reached.closed,
        "markers": [msgspec.to_builtins(marker) for marker in reached.markers.values()],
        "taken": [[*where, slot, *part] for where, parts in reached.taken.items() for slot, part in parts.items()],
    }


def reached_of(plain: Mapping[str, Any]) -> Reached:
    """Return what `reached_plain` was made of."""
    markers = [msgspec.convert(marker, Marker) for marker in plain["markers"]]
    taken: dict[Partition, dict[int, Part]] = {}
    for topic, number, slot, *part in plain["taken"]:
        taken.setdefault(Partition(topic, number), {})[slot] = Part(*part)
    return Reached(plain["offset"], plain["closed"], {marker.where: marker for marker in markers}, taken)
