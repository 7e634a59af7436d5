"""Several processes count, die, lose their partitions and wake up again; what is merged is what the rules say.

Those who count hand over to a log; who judges reads it, is killed and reads it again. A process that was paused does
not know that others have its partitions: it goes on to hand over what it counts, and only its commits are refused.
"""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from counting_logs import SLOT, block, layouts, random_log
from counting_rules import Count, Post, Slots, add, counted
from counting_simulation import ROUNDS, from_monitor, from_rules, size_of

from monitor.counting import handover
from monitor.counting.apart import Apart
from monitor.counting.fold import NEVER, Position
from monitor.counting.merging import Merging, Reached
from monitor.counting.partitions import Remembered, Timing
from monitor.counting.tally import FLOW_CELLS, LATE, RECORDS, Tally
from monitor.types import Partition

TOPIC = "t"
MODELS = ("a", "b")
WORTH_MEETING = {
    "taken away",
    "woke up and handed over",
    "commit refused",
    "killed between tallies and marker",
    "killed between marker and commit",
    "handed over twice",
    "idle",
    "late because it was idle",
    "judge killed with open slots",
}


@dataclass
class World:
    """One random life of several processes."""

    rng: Random
    size: int
    committed: dict[Partition, Remembered] = field(default_factory=dict)
    owner: dict[Partition, int] = field(default_factory=dict)
    log: list[bytes] = field(default_factory=list)
    judged: dict[tuple[int, int], Tally] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        rng = self.rng
        self.models = rng.choice([1, 2])
        self.lateness = rng.choice([0, 7, 25])
        self.timing = Timing(SLOT, self.lateness, 100_000)
        names = [Partition(TOPIC, number) for number in range(rng.choice([1, 2, 2, 3, 4]))]
        self.logs = {name: random_log(rng, rng.randrange(1, self.size), self.models) for name in names}
        self.there = dict.fromkeys(names, 0)
        self.idles = rng.random() < 0.5
        self.processes = [self._process() for _ in range(rng.choice([1, 2, 3]))]
        self.saved = [(Reached(), NEVER)] * self.models
        self.judges = [self._judge(index) for index in range(self.models)]
        for name in names:
            self._give(name, rng.randrange(len(self.processes)))

    def _process(self) -> Apart:
        return Apart(self.timing, layouts(self.models), MODELS, "1")

    def _judge(self, index: int) -> Merging:
        reached, judged = self.saved[index]
        return Merging(MODELS[index], layouts(self.models)[index], [TOPIC], "1", at=reached, judged=judged)

    def _give(self, name: Partition, to: int) -> None:
        self.owner[name] = to
        remembered = copy.deepcopy(self.committed.get(name)) or Remembered(Position(self.logs[name][0].offset))
        self.processes[to].drop(name)
        self.processes[to].add(name, 0.0, remembered)

    def run(self) -> None:
        """Live until all is read and judged."""
        acts = [self.arrive, self.read, self.read, self.read, self.read, self.hand_over, self.hand_over, self.rebalance]
        acts += [self.judge, self.judge, self.kill, self.kill_judge, self.save_judge]
        acts += [self.fall_idle] * self.idles
        for _ in range(12 * self.size):
            self.rng.choice(acts)()
        self.finish()

    def arrive(self) -> None:
        name = self.rng.choice([*self.there])
        self.there[name] = min(len(self.logs[name]), self.there[name] + self.rng.randrange(1, 8))

    def read(self) -> None:
        """Let one process read a block of a partition that it believes to be its own."""
        process = self.rng.choice(self.processes)
        if process.folds:
            self._read(process, self.rng.choice(sorted(process.folds)), self.rng.randrange(1, 8))

    def _read(self, process: Apart, name: Partition, many: int) -> bool:
        waiting = self._waiting(process, name)[:many]
        if waiting:
            process.fold(name, block(waiting, self.models), 0.0)
        return bool(waiting)

    def _waiting(self, process: Apart, name: Partition) -> list[Post]:
        return [post for post in self.logs[name][: self.there[name]] if post.offset >= process.wanted[name]]

    def fall_idle(self) -> None:
        """Let nobody wait for a partition that was read to its end."""
        process = self.rng.choice(self.processes)
        mine = [name for name in process.folds if name not in process.idle and not self._waiting(process, name)]
        if mine:
            process.close_idle(self.rng.choice(sorted(mine)))
            self.met["idle"] += 1

    def hand_over(self) -> None:
        """Publish, mark, commit; the process may die in between."""
        number = self.rng.randrange(len(self.processes))
        process = self.processes[number]
        self._hand_over(number, process, self.rng.random())

    def _hand_over(self, number: int, process: Apart, luck: float = 1.0) -> None:
        mine = [name for name in process.folds if self.owner[name] == number]
        self.met["woke up and handed over"] += len(mine) < len(process.folds)
        for message in process.tallies():
            encoded = handover.encode(message)
            self.met["handed over twice"] += encoded in self.log
            self.log.append(encoded)
        if luck < 0.1:
            self.met["killed between tallies and marker"] += 1
            self._revive(number)
            return
        self.log += map(handover.encode, process.markers({TOPIC: len(self.logs)}, {}))
        if luck < 0.2:
            self.met["killed between marker and commit"] += 1
            self._revive(number)
            return
        process.handed_over(process.published_through())
        for name in process.folds:
            self._commit(number, process, name)

    def _commit(self, number: int, process: Apart, name: Partition) -> None:
        if self.owner[name] != number:
            self.met["commit refused"] += 1
            return
        self.committed[name] = copy.deepcopy(process.remembered()[name])

    def rebalance(self) -> None:
        """Give a partition to another process; who had it may not learn of it."""
        name = self.rng.choice(sorted(self.logs))
        before = self.owner[name]
        self._give(name, self.rng.randrange(len(self.processes)))
        if before != self.owner[name] and self.rng.random() < 0.5:
            self.processes[before].drop(name)
            self.met["taken away"] += 1

    def kill(self) -> None:
        self._revive(self.rng.randrange(len(self.processes)))

    def _revive(self, number: int) -> None:
        self.processes[number] = self._process()
        for name, owner in self.owner.items():
            if owner == number:
                self._give(name, number)

    def judge(self) -> None:
        """Read on in the log of tallies."""
        index = self.rng.randrange(self.models)
        one = self.judges[index]
        self._judge_on(index, one.next + self.rng.randrange(1, 12))

    def _judge_on(self, index: int, end: int) -> None:
        one = self.judges[index]
        for offset, encoded in enumerate(self.log[one.next : end], one.next):
            for slot, tally, _ in one.take(offset, handover.decode(encoded, offset)):
                known = self.judged.setdefault((slot, index), tally)
                assert from_monitor(known) == from_monitor(tally), "judged differently again"

    def save_judge(self) -> None:
        self.saved = [(one.resume(), one.judged) for one in self.judges]

    def kill_judge(self) -> None:
        self.met["judge killed with open slots"] += any(one.resume().offset < one.next for one in self.judges)
        self.judges = [self._judge(index) for index in range(self.models)]

    def finish(self) -> None:
        """Read and judge all there is, every partition by its owner, and close it."""
        self.there = {name: len(log) for name, log in self.logs.items()}
        for number, process in enumerate(self.processes):
            for name in [name for name in process.folds if self.owner[name] != number]:
                process.drop(name)
            for name in process.folds:
                while self._read(process, name, 100):
                    pass
                process.close_idle(name)
            self._hand_over(number, process)
        for index in range(self.models):
            self._judge_on(index, len(self.log))

    def expected(self) -> Slots:
        """Return what the rules say."""
        whole: Slots = {}
        for log in self.logs.values():
            add(whole, counted(log, [], slot=SLOT, lateness=self.lateness, models=self.models).found)
        return whole


def live(number: int, *, idles: bool | None = None) -> World:
    world = World(Random(number), size_of(number))
    if idles is not None:
        world.idles = idles
    try:
        world.run()
    except Exception as error:
        raise AssertionError(f"life {number} broke off") from error
    return world


def test_three_replicas_merge_what_one_counts_whoever_dies_or_wakes_up():
    for number in sorted(range(ROUNDS), key=size_of):
        world = live(number, idles=False)
        judged = {key: from_monitor(tally) for key, tally in world.judged.items()}
        rules = {(s, m): from_rules(c, m) for s, counts in world.expected().items() for m, c in counts.items()}
        assert without_rows(judged) == without_rows(rules), f"life {number}"


def test_records_of_a_partition_that_was_idle_count_or_are_late_and_never_twice():
    met: Counter[str] = Counter()
    for number in sorted(range(ROUNDS), key=size_of):
        world = live(number, idles=True)
        met += world.met
        rules = {(s, m): c for s, counts in world.expected().items() for m, c in counts.items()}
        assert totals(world.judged) == totals_by_rules(rules), f"life {number}"
        for key, tally in world.judged.items():
            assert tally.cells[RECORDS] <= (rules[key].records if key in rules else 0), f"life {number}"
        late = sum(int(tally.cells[LATE]) for tally in world.judged.values())
        met["late because it was idle"] += late > sum(count.late for count in rules.values())
    assert met.keys() >= WORTH_MEETING, WORTH_MEETING - met.keys()


def totals(judged: dict[tuple[int, int], Tally]) -> Counter[int]:
    """Return by model how many records were counted, were late or dead."""
    found: Counter[int] = Counter()
    for (_, model), tally in judged.items():
        found[model] += int(tally.cells[:FLOW_CELLS].sum())
    return found


def totals_by_rules(rules: dict[tuple[int, int], Count]) -> Counter[int]:
    found: Counter[int] = Counter()
    for (_, model), count in rules.items():
        found[model] += count.records + count.late + count.dead
    return found


def without_rows(found: dict[tuple[int, int], tuple[object, object, object]]) -> dict[tuple[int, int], object]:
    return {key: value[:2] for key, value in found.items()}
