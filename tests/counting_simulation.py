"""A monitor that counts, is killed, and goes on; its judged tallies are held against the rules.

What happens is drawn at random: records arrive, blocks are read, partitions fall idle, rejoin, are added, slots are
judged, snapshots are saved, the process dies. Only what was saved survives a kill; it travels as bytes.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec
import numpy as np
from counting_logs import MARKS, SLOT, block, layouts, random_log
from counting_rules import Count, Decision, Post, Row, Slots, add, counted
from pairing_rules import Joined, mark_of, pair

from detectors.sequential import Rows, in_order
from monitor.counting.fold import NEVER
from monitor.counting.pairing import Blocks, Pair, Pairing, Totals
from monitor.counting.partitions import Partitions, Remembered, Timing, from_plain, plain
from monitor.counting.tally import Tally
from monitor.formats.batch import DEAD
from monitor.types import Partition

TOPIC = "t"
ROUNDS = int(os.environ.get("SEAWALL_ROUNDS", "1000"))


@dataclass
class Saved:
    """What a snapshot holds: the monitor's own words as bytes, and what the test knows of that moment."""

    words: bytes
    judged: int
    tallies: int = 0
    letters: int = 0
    decisions: int = 0
    given_up: int = 0
    joined: Totals = field(default_factory=lambda: Totals(Counter(), Counter(), Counter()))
    positions: dict[Partition, int] = field(default_factory=dict)


@dataclass
class Simulation:
    """One random life of a monitor.

    Attributes
    ----------
    judged : list of (slot, tallies by model)
        Everything that was judged and not undone by a kill.
    letters : list of (partition, offset)
        Dead letters written.
    met : Counter
        How often each thing worth meeting was met.
    halves : float
        Share of the records that are halves of one.
    given_up : list of int
        Behind which slots nothing waited any longer for its other half.
    joined : Totals
        What had become of halves when the last snapshot was written.
    """

    rng: Random
    size: int
    halves: float = 0.0
    given_up: list[int] = field(default_factory=list)
    joined: Totals = field(default_factory=lambda: Totals(Counter(), Counter(), Counter()))
    judged: list[tuple[int, dict[int, Tally]]] = field(default_factory=list)
    letters: list[tuple[Partition, int]] = field(default_factory=list)
    decisions: list[tuple[Partition, Decision]] = field(default_factory=list)
    positions: dict[Partition, int] = field(default_factory=dict)
    idle: set[Partition] = field(default_factory=set)
    met: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        rng = self.rng
        self.models = rng.choice([1, 2])
        self.lateness = rng.choice([0, 7, 25])
        self.timing = Timing(SLOT, self.lateness, rng.choice([20, 60, 100_000]))
        names = [Partition(TOPIC, number) for number in range(rng.choice([1, 2, 2, 3, 4]))]
        self.logs = {name: random_log(rng, rng.randrange(1, self.size), self.models, self.halves) for name in names}
        self.wait = rng.choice([0, 6, 20, 150])
        self.later = names[1:] if rng.random() < 0.3 else []
        self.there = {name: 0 for name in names if name not in self.later}
        self.highest = NEVER
        self.partitions = self._partitions(NEVER, [])
        self.saved = Saved(_words(self.partitions), NEVER)
        for name in self.there:
            self._add(name, {})

    def _partitions(self, judged: int, waiting: list[Any]) -> Partitions:
        pairing = Pairing(SLOT, self.wait, self._count_pairs, waiting)
        return Partitions(self.timing, layouts(self.models, keeping=True), judged, pairing)

    def _count_pairs(self, pairs: Sequence[Pair]) -> tuple[dict[int, Tally], Blocks]:
        tallies: dict[int, Tally] = {}
        for request, response, time in pairs:
            mark = mark_of(request.body[0], response.body[0])
            row = Row(request.model, time, time, int(request.id), mark)
            layout = layouts(self.models, keeping=True)[row.model]
            batch = block([Post(0, (row,))], self.models).batches[row.model]
            assert batch is not None
            tally = tallies.setdefault(row.model, layout.empty())
            tally += layout.count(batch, layout.codes(batch), np.arange(1))
        return tallies, ()

    def run(self) -> None:
        """Live until everything is read and judged."""
        acts = [self.arrive, self.arrive, self.read, self.read, self.read, self.judge, self.judge]
        acts += [self.fall_idle, self.save, self.save, self.kill, self.join, self.begin]
        for _ in range(12 * self.size):
            self.rng.choice(acts)()
        self.finish()

    def arrive(self) -> None:
        """Let records arrive in one log."""
        name = self.rng.choice([*self.there])
        self.there[name] = min(len(self.logs[name]), self.there[name] + self.rng.randrange(1, 8))

    def read(self) -> None:
        """Read a block of one partition."""
        name = self.rng.choice([*self.there])
        waiting = self._waiting(name)
        if waiting and name not in self.partitions.ahead():
            self._fold(name, waiting[: self.rng.randrange(1, 8)])

    def _waiting(self, name: Partition) -> Sequence[Post]:
        wanted = self.partitions.wanted.get(name, 0)
        return [post for post in self.logs[name][: self.there[name]] if post.offset >= wanted]

    def _fold(self, name: Partition, posts: Sequence[Post]) -> None:
        done = self.partitions.done[name]
        fold = self.partitions.folds[name]
        dead = [(post, row) for post in posts for row in post.rows if row.model == DEAD]
        if name in self.idle:
            self._decide(name, self.highest)
            self.met["rejoined with old slots not judged"] += any(s > self.highest for s in fold.slots)
            if any(row.model != DEAD and row.clock >= 0 for post in posts for row in post.rows):
                self.idle.remove(name)
            else:
                self.met["stays idle over dead letters"] += 1
        inside = [d for d in fold.decisions if posts[0].offset < d[0] <= posts[-1].offset]
        self.met["decision inside a block read again"] += bool(inside)
        self.met["records read again"] += posts[0].offset < done
        self.met["nothing decodable yet"] += bool(dead) and fold.next.clock == NEVER
        self.letters += [(name, post.offset) for post, _ in dead if post.offset >= done]
        folded = self.partitions.fold(name, block(posts, self.models), 0.0)
        self.met["late"] += sum(folded.late.values())
        self.met["duplicate"] += sum(folded.duplicates.values())
        self.positions[name] = max(self.positions.get(name, 0), posts[-1].offset + 1)
        assert self.idle == self.partitions.idle

    def _decide(self, name: Partition, through: int | None) -> None:
        self.decisions.append((name, Decision(self.positions.get(name, 0), through)))

    def fall_idle(self) -> None:
        """Close a partition that has been read to its end."""
        name = self.rng.choice([*self.there])
        if name not in self.idle and name not in self.partitions.ahead() and not self._waiting(name):
            self.partitions.close_idle(name)
            self.idle.add(name)
            self._decide(name, None)
            self.met["idle"] += 1

    def begin(self) -> None:
        """Note where a partition begins of which nothing was read yet."""
        for name in self.partitions.unread:
            self.partitions.begin(name, self.logs[name][0].offset)
            self.met["begun unread"] += 1

    def judge(self) -> None:
        """Judge what is closed."""
        for slot, tallies in self.partitions.closed():
            assert slot > self.highest, "judged again"
            self.highest = slot
            self.judged.append((slot, {model: _copy(tally) for model, tally in tallies.items()}))
        if self.partitions.silent:
            self.given_up.append(self.highest)

    def save(self) -> None:
        """Write a snapshot."""
        counts = len(self.judged), len(self.letters), len(self.decisions), len(self.given_up)
        words, judged = _words(self.partitions), self.partitions.judged
        self.saved = Saved(words, judged, *counts, self.totals(), dict(self.positions))

    def totals(self) -> Totals:
        """Return what has become of halves."""
        return Totals(*(then + now for then, now in zip(self.joined, self.partitions.pairing.totals, strict=True)))

    def kill(self) -> None:
        """Forget everything that was not saved, and start again."""
        saved = self.saved
        self.met["killed while a slot was open"] += any(fold.slots for fold in self.partitions.folds.values())
        self.met["killed while idle"] += bool(self.idle)
        self.met["killed while halves waited"] += bool(self.partitions.pairing.state())
        del self.judged[saved.tallies :], self.letters[saved.letters :], self.decisions[saved.decisions :]
        del self.given_up[saved.given_up :]
        self.joined = saved.joined
        self.positions = dict(saved.positions)
        self.highest = saved.judged
        self.idle = set()
        partitions, waiting = msgspec.msgpack.decode(saved.words)
        self.met["halves wait over a restart"] += bool(waiting)
        self.partitions = self._partitions(saved.judged, waiting)
        remembered = from_plain(partitions)
        for name in self.there:
            self._add(name, remembered)

    def join(self) -> None:
        """Add a partition that was not there from the start."""
        if self.later and self.rng.random() < 0.1:
            name = self.later.pop()
            self.there[name] = 0
            self._add(name, {})
            self.met["added later"] += self.highest > NEVER

    def _add(self, name: Partition, remembered: dict[Partition, Remembered]) -> None:
        """Begin or go on with a partition; what it reads anew comes behind what was judged."""
        self.partitions.add(name, 0.0, remembered.get(name))
        self._decide(name, self.highest)

    def finish(self) -> None:
        """Read all there is, and close and judge it."""
        while self.later:
            self.join()
        self.there = {name: len(log) for name, log in self.logs.items()}
        for _ in range(100 * sum(map(len, self.logs.values()))):
            self.read()
            self.judge()
            if not any(self._waiting(name) for name in self.logs):
                break
            if all(not self._waiting(name) or name in self.partitions.ahead() for name in self.there):
                self.fall_idle()
        assert not any(self._waiting(name) for name in self.logs), "reading never ends"
        self.partitions.close_all()
        self.judge()
        for remembered in self.partitions.remembered().values():
            assert remembered.at.offset == remembered.done, "what is judged is still remembered"
            assert not remembered.decisions, "a decision is remembered for ever"

    def expected(self) -> Slots:
        """Return what the rules say."""
        return self.rules()[0]

    def rules(self) -> tuple[Slots, Joined]:
        """Return what the rules say of records, and of halves."""
        whole: Slots = {}
        halves = []
        for name, log in self.logs.items():
            decisions = [decision for of, decision in self.decisions if of == name]
            counting = counted(log, decisions, slot=SLOT, lateness=self.lateness, models=self.models)
            add(whole, counting.found)
            halves += [(row.time, name, offset, row) for offset, row in counting.halves]
        joined = pair(halves, self.given_up, slot=SLOT, wait=self.wait)
        add(whole, joined.found)
        return whole, joined


def _words(partitions: Partitions) -> bytes:
    return msgspec.msgpack.encode([plain(partitions.remembered()), partitions.pairing.state()])


def _copy(tally: Tally) -> Tally:
    return Tally(tally.cells.copy(), dict(tally.versions), dict(tally.names), list(tally.rows))


def size_of(number: int) -> int:
    return 3 + number % 40


def from_rules(count: Count, model: int) -> tuple[list[int], dict[str, int], list[tuple[int, int | None, int]]]:
    marks = [count.marks[mark] for mark in range(MARKS)]
    versions = {f"v{mark}": n for mark, n in enumerate(marks) if n}
    kept = sorted(count.kept, key=lambda row: (row.time, row.id is None, row.id or 0))  # of equals the first read first
    return (
        [count.records, count.late, count.dead, *marks * (1 + model)],
        versions,
        [(r.time, r.id, r.mark) for r in kept],
    )


def from_monitor(tally: Tally) -> tuple[list[int], dict[str, int], list[tuple[int, int | None, int]]]:
    rows = in_order(tally.rows) if tally.rows else Rows(np.zeros(0, dtype=np.int64), [], {"mark": np.zeros(0)})
    kept = list(zip(rows.times.tolist(), rows.ids, rows.columns["mark"].astype(int).tolist(), strict=True))
    return tally.cells.tolist(), tally.versions, kept
