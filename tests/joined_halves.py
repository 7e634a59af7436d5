"""Several processes that count records and labels into a log of halves, and one after another that joins them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from labels_world import World
from left_behind import plain

from monitor.assembly import parts_of, watched_models
from monitor.config.config import Config
from monitor.counting.apart import Apart
from monitor.counting.markers import Markers
from monitor.counting.partitions import Timing
from monitor.counting.sampling import bound_of, key_of
from monitor.counting.tally import Layout
from monitor.labels.halves import Halves
from monitor.labels.handed import Queue, decode, encode
from monitor.labels.joining import Joining
from monitor.labels.keeping import Labels, Predictions
from monitor.labels.outcomes import Outcomes
from monitor.labels.reading import LabelReader
from monitor.state import snapshot
from monitor.types import Message, Partition

SECRET = "0123456789abcdef"
COUNTING, UNDER, KEY = "0", "key/10000", key_of(SECRET.encode())


class Unstamped:
    stamped = False


class Counting:
    """One process's counting of one partition, from where it was committed."""

    def __init__(self, config: Config, where: Partition, log: Sequence[Message], parts: int, committed: Any) -> None:
        models = watched_models(config, "")
        self.where, self.log, self.parts = where, log, parts
        self.queue = Queue(KEY, bound_of(config.labels.share), UNDER)  # type: ignore[union-attr]
        names: list[str | None] = [model.name for model in models]
        timing = Timing(config.slot, config.allowed_lateness, config.max_ahead)
        if where.topic == "requests":
            self.decoder: Any = parts_of(config, models, Unstamped())["decoder"]  # type: ignore[arg-type]
            self.observer: Any = Predictions(self.queue, models, config.slot)
            self.apart = Apart(timing, [model.layout for model in models], names, COUNTING)
        else:
            self.decoder = LabelReader(stamped=False)
            self.observer = Labels(self.queue, names, config.slot, lambda *_: None)  # type: ignore[arg-type]
            self.apart = Apart(timing, [Layout([])], [None], COUNTING)
        self.apart.add(where, 0.0, committed)
        self.next = 0 if committed is None else committed.at.offset

    @property
    def done(self) -> bool:
        return self.next >= len(self.log)

    def read(self, messages: int) -> None:
        block = self.log[self.next : self.next + messages]
        if block:
            decoded = self.decoder.decode(block)
            self.observer.counted(self.where, decoded, self.apart.fold(self.where, decoded, 0.0))
            self.next += len(block)

    def hand_over(self, out: list[bytes]) -> Any:
        """Write what is counted; return what is committed then."""
        through = self.apart.published_through()
        out += map(encode, self.queue.messages())
        self.queue.clear()
        out += map(encode, self.apart.markers({self.where.topic: self.parts}, {}))
        self.apart.handed_over(through)
        return self.apart.remembered()[self.where]


class Join:
    """One process that joins, from what was remembered on."""

    def __init__(self, config: Config, folder: Path, remembered: Mapping[str, Any] | None, log: list[bytes]) -> None:
        (self.model,) = watched_models(config, "")
        self.judged, labels = self.model.labels, config.labels
        assert self.judged is not None
        assert labels is not None
        wait = -(-labels.wait // config.slot)
        bound = bound_of(labels.share)
        halves = Halves(folder / "halves.sqlite", wait, bound, only=self.model.name, key=KEY, cache=True)
        markers = Markers({"requests", "labels"}, {})
        self.outcomes = Outcomes(lambda *_: None)
        self.joining = Joining(
            self.model,
            halves,
            labels.max_pending,
            outcomes=self.outcomes,
            markers=markers,
            counting=COUNTING,
            under=UNDER,
        )
        self.events: list[dict[str, Any]] = []
        self.pairs: list[tuple[int, list[int]]] = []
        if remembered is not None:
            self.model.restore(dict(remembered["model"]), 0)
            self.joining.restore(remembered["joining"])
            for offset in range(self.joining.first, len(log)):
                self.joining.fill(offset, decode(log[offset], offset))

    def read(self, log: list[bytes], messages: int) -> None:
        for offset in range(self.joining.next, min(len(log), self.joining.next + messages)):
            for slot, tally, joined in self.joining.take(offset, decode(log[offset], offset)):
                log += map(encode, joined)
                _, events = self.judged.judge_slot(slot, tally)  # type: ignore[union-attr]
                self.events += [msgspec.to_builtins(event) for event in events]
                self.pairs.append((slot, tally.cells.tolist()))

    def state(self) -> Any:
        return snapshot.unpacked(snapshot.packed({"model": self.model.state(), "joining": self.joining.state()}))

    @property
    def records(self) -> Any:
        assert self.judged is not None
        return plain(self.judged.judge.state())


class Life:
    """What happens at random: who counts dies or wakes up, who joins dies or goes on.

    Parameters
    ----------
    odds : float
        In each turn: `deaths`, of these `zombies`, partitions that are called `idle` though more comes.

    Attributes
    ----------
    told : list
        Events, repeats included.
    pairs : dict
        Each slot's tally.
    """

    def __init__(self, config: Config, made: World, folder: Path, rng: Random, **odds: float) -> None:
        self.config, self.made, self.folder, self.rng = config, made, folder, rng
        self.deaths, self.zombies, self.idle = (odds.get(name, 0.0) for name in ("deaths", "zombies", "idle"))
        self.log: list[bytes] = []
        self.committed: dict[Partition, Any] = dict.fromkeys([*made.requests, *made.labels])
        self.counting = {where: self.begun(where) for where in self.committed}
        self.woken: list[Counting] = []
        self.join, self.saved = Join(config, folder, None, self.log), None
        self.told: list[dict[str, Any]] = []
        self.pairs: dict[int, list[int]] = {}

    def begun(self, where: Partition) -> Counting:
        logs = self.made.requests if where.topic == "requests" else self.made.labels
        return Counting(self.config, where, logs[where], len(logs), self.committed[where])

    def count(self) -> None:
        """Let one partition be counted on, perhaps by somebody else; somebody who was paused may go on, too."""
        where = self.rng.choice(sorted(where for where, one in self.counting.items() if not one.done))
        if self.rng.random() < self.deaths:
            self.woken += [self.counting[where]] * (self.rng.random() < self.zombies)
            self.counting[where] = self.begun(where)
        self.counting[where].read(self.rng.randrange(1, 300))
        if self.rng.random() < self.idle:
            self.counting[where].apart.close_idle(where)
        if self.rng.random() < 0.7:
            self.committed[where] = self.counting[where].hand_over(self.log)
        if self.woken and self.rng.random() < 0.3:
            one = self.rng.choice(self.woken)
            one.read(self.rng.randrange(1, 300))
            one.hand_over(self.log)

    def joined(self) -> None:
        """Let what is there be joined a bit further, and remembered, perhaps."""
        self.join.read(self.log, self.rng.randrange(40))
        self.note()
        if self.rng.random() < 0.5:
            self.saved = self.join.state()
        if self.rng.random() < self.deaths:
            self.join.joining.close()
            self.join = Join(self.config, self.folder, self.saved, self.log)
        elif self.rng.random() < 0.3:
            self.join.joining.forget()

    def note(self) -> None:
        self.told += self.join.events
        for slot, cells in self.join.pairs:
            assert self.pairs.setdefault(slot, cells) == cells  # whoever judges a slot again finds the same
        self.join.events, self.join.pairs = [], []

    def end(self) -> None:
        """Let everything be counted, and nothing more come."""
        for one in self.counting.values():
            one.hand_over(self.log)
            one.apart.close_idle(one.where)
            one.hand_over(self.log)
        while self.join.joining.next < len(self.log):
            self.join.read(self.log, 100)
        self.note()


def lives(
    config: Config, made: World, folder: Path, seed: int, **odds: float
) -> tuple[Join, list[dict[str, Any]], dict[int, list[int]]]:
    """Return who joins at the end, what was told by all of them, and each slot's tally."""
    life = Life(config, made, folder, Random(seed), **odds)
    while not all(one.done for one in life.counting.values()):
        life.count()
        life.joined()
    life.end()
    return life.join, life.told, life.pairs
