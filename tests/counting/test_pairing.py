"""Halves are joined as the rules say, however they are read, wherever they stand, and however often it is killed.

SEAWALL_ROUNDS sets how many lives are simulated, as for the other lives.

Each of these was taken out of monitor/counting in turn, and a test of this folder failed: halves in the order of their
times, then partitions, then offsets · the same half twice in a slot · how far apart halves may be · a half that waits
keeps its slot's beginning · only those that waited wait again after a restart, those still to be read again included ·
a late half is gone · whoever waits is given up when all partitions are idle.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from counting_rules import Count
from counting_simulation import ROUNDS, Simulation, from_monitor, from_rules, size_of

WORTH_MEETING = {
    "over partitions",
    "over slots",
    "several waited",
    "unpaired",
    "half twice",
    "killed while halves waited",
    "halves wait over a restart",
}


def live(number: int) -> Simulation:
    simulation = Simulation(Random(number), size_of(number), halves=(0.4, 0.8, 1.0)[number % 3])
    try:
        simulation.run()
    except Exception as error:
        raise AssertionError(f"life {number} broke off") from error
    return simulation


def told(count: Count) -> bool:
    return bool(count.records or count.late or count.dead)


def test_pairs_are_counted_as_the_rules_say_and_so_is_who_stays_alone():
    met: Counter[str] = Counter()
    for number in sorted(range(ROUNDS), key=size_of):
        life = live(number)
        slots, joined = life.rules()
        judged = {(s, m): from_monitor(tally) for s, by_model in life.judged for m, tally in by_model.items()}
        rules = {
            (s, m): from_rules(count, m) for s, counts in slots.items() for m, count in counts.items() if told(count)
        }
        assert judged == rules, f"life {number}"
        totals = life.totals()
        assert +totals.unpaired == +joined.unpaired, f"life {number}"
        assert +totals.duplicates == +joined.duplicates, f"life {number}"
        assert +totals.records == +joined.records, f"life {number}"
        assert life.partitions.pairing.state() == []
        met += life.met + joined.met
        met["unpaired"] += joined.unpaired.total()
        met["half twice"] += joined.duplicates.total()
    assert met.keys() >= WORTH_MEETING, "the lives are too tame"
