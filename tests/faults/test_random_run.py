"""Random faults, then the same logs without any: every event and every count is the same, idle decisions included.

make faults SEED=7 ROUNDS=50
"""

from __future__ import annotations

import json
import os

import pytest
import witnessed
from kafka_broker import Broker
from monitor_process import told_once
from random_faults import PARTITIONS, planned
from random_run import decisions_of, expected, live_through, read_log, say
from tallying import LATENESS, PROGRAM, SLOT, TIMES, book_of, ended, slots_of

from monitor.counting.fold import Position
from monitor.counting.partitions import Remembered
from monitor.remembered import SNAPSHOT, save_positions
from monitor.types import Partition

SEED = int(os.environ.get("SEED", "6"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))


@pytest.fixture
def fragile(tmp_path):
    """A broker that may be killed."""
    with Broker(tmp_path / "kafka") as running:
        yield running


def test_whatever_happens_every_event_and_every_count_is_that_of_an_uninterrupted_run(
    fragile, monitor, scored_reference
):
    fragile.create_topic("t", PARTITIONS, retention_ms=-1)
    how = TIMES | {"bootstrap": fragile.bootstrap, "detectors": [{"type": "auto"}], "reference": str(scored_reference)}
    how |= {"verdicts": {"path": "verdicts.jsonl"}}
    killed = monitor("t", *PROGRAM, **how)
    seen = live_through(planned(SEED, ROUNDS), fragile, "t", [killed], SEED)
    logs = read_log(fragile, "t")
    killed.start()
    ended(killed)
    book = book_of(killed)

    unkilled = monitor("t", *PROGRAM, **how | {"idle_timeout": "30d", "max_ahead": "30d"})
    decide_as(unkilled, killed, book, logs)
    unkilled.start()
    unkilled.wait_until(lambda: unkilled.saved().get("judged") == killed.saved()["judged"])
    assert unkilled.terminate() == 0

    slots = slots_of(book)
    assert slots == slots_of(book_of(unkilled))
    rules, doubles = expected(logs, decisions_of(book), SLOT, LATENESS)
    counted = {row["slot"]: (row["records"], row["late"], row["dead"]) for row in slots}
    assert counted == {slot: (one.records, one.late, one.dead) for slot, one in rules.items()}
    assert doubles > 0
    told = told_once(unkilled.events())
    assert told_once(killed.events()) == told
    assert {"opened", "updated"} <= {event["event"] for event in told}
    assert dead(killed) == dead(unkilled)
    assert set(dead(killed).values()) == {1}
    assert verdicts(killed) == verdicts(unkilled)
    say_outcome(seen, logs, book, told, doubles)


def decide_as(one, other, book, logs):
    """Let a monitor take the decisions of another from the first record on, and be as silent."""
    through = other.saved()["judged"]
    decisions = decisions_of(book)
    remembered = {
        Partition("t", number): Remembered(Position(0), [*decisions.get(number, []), (len(log), through)])
        for number, log in logs.items()
    }
    save_positions(one.folder / SNAPSHOT, remembered)
    silences = [row["silence"] for row in book if "silence" in row]
    (one.folder / witnessed.SILENCES).write_text(json.dumps(silences))


def dead(one):
    return one.dead_letters(reasons={"not_json", "empty", "future"})


def verdicts(one):
    return sorted((one.folder / "verdicts.jsonl").read_text().splitlines())


def say_outcome(seen, logs, book, told, doubles):
    decisions = sum(map(len, decisions_of(book).values()))
    rows = slots_of(book)
    sums = {name: sum(row[name] for row in rows) for name in ("records", "late", "dead")}
    say(f"seed {SEED}, {ROUNDS} rounds: {dict(seen)}")
    say(f"{sum(map(len, logs.values()))} messages, {len(rows)} slots, {sums}, {doubles} twice, {decisions} decisions")
    say(f"{len(told)} events, identical; 0 lost, 0 double")
