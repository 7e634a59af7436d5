"""Kill the monitor at any moment, as often as you like: every tally judged is the one the rules give.

SEAWALL_ROUNDS sets how many lives are simulated; small ones come first, so the first that fails is short. A life is
its number: `Simulation(Random(number), size_of(number))`.

Each of these was taken out of monitor/counting in turn, and a test of this folder failed: a slot keeps its first offset
and the state before it (first row of the message, clock, closed through) · reading again from there · decisions taken
again, at their offset inside a block, at its end, at the very beginning, until their slots are judged and no longer ·
a restart closes what was judged while a partition was idle, from the first new record on · the same for one that
rejoins, or is added later · late records and dead letters go to the slot of the clock or closed + 1 ·
duplicates per slot, over blocks · judged slots are forgotten, also when read again · a clock carried over blocks, moved
by ignored records, not by dead letters or records without a time · no slot before there is a clock · dead letters do
not wake a partition · idle partitions hold up nobody, an idle one closes all it has open · a slot waits for all
others · dead letters below `done` are not written again. (That a rejoining is logged could go: nothing open can lie
before it.)
"""

from __future__ import annotations

from collections import Counter
from random import Random

from counting_simulation import ROUNDS, Simulation, from_monitor, from_rules, size_of

from monitor.formats.batch import DEAD

WORTH_MEETING = {
    "late",
    "duplicate",
    "idle",
    "added later",
    "begun unread",
    "nothing decodable yet",
    "stays idle over dead letters",
    "rejoined with old slots not judged",
    "killed while idle",
    "killed while a slot was open",
    "records read again",
    "decision inside a block read again",
}


def live(number: int) -> Simulation:
    simulation = Simulation(Random(number), size_of(number))
    try:
        simulation.run()
    except Exception as error:
        raise AssertionError(f"life {number} broke off") from error
    return simulation


def test_every_judged_tally_is_the_one_of_the_rules_and_each_dead_letter_is_written_once():
    met: Counter[str] = Counter()
    for number in sorted(range(ROUNDS), key=size_of):
        life = live(number)
        met += life.met
        judged = {(s, m): from_monitor(tally) for s, by_model in life.judged for m, tally in by_model.items()}
        rules = {(s, m): from_rules(count, m) for s, counts in life.expected().items() for m, count in counts.items()}
        assert judged == rules, f"life {number}"
        rows = [(name, post.offset, row) for name, log in life.logs.items() for post in log for row in post.rows]
        dead = [(name, offset) for name, offset, row in rows if row.model == DEAD]
        assert sorted(life.letters) == sorted(dead), f"life {number}"
    assert met.keys() >= WORTH_MEETING, "the lives are too tame"
