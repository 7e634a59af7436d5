"""1. A real `seawall run` on a real Kafka, killed with -9 at random moments: it tells what it would have told unkilled.

Single records are scored on the way, and what is said of each is written once.
"""

from __future__ import annotations

import subprocess
import threading
import time
from random import Random
from typing import Any

import kserve_log
import pytest
import traffic
from left_behind import harmed
from monitor_process import SEAWALL, Monitor, told_once
from probing import probing, with_callers
from topic_traffic import produce

from monitor.remembered import SNAPSHOT

PARTITIONS = 4
BAD = 40
KILLS = 4


@pytest.fixture(scope="module")
def records():
    """A shift and its end, and records that are none."""
    rng = Random(9)
    found: list[Any] = list(traffic.traffic(140, seed=8, changed=range(30, 60), change=traffic.higher_income))
    for number in range(BAD):
        found.insert(rng.randrange(len(found)), b"not a record %d" % number)
    return found


@pytest.fixture
def scored(monitor, scored_reference):
    """Return a function that makes a monitor which scores single records."""
    own = {"reference": str(scored_reference), "detectors": [{"type": "auto"}], "verdicts": {"path": "verdicts.jsonl"}}
    return lambda name: monitor(name, **own)


def test_kill_9_at_any_moment_changes_nothing_that_is_told(broker, topic, records, scored):
    name = topic(PARTITIONS, retention_ms=-1)
    rng = Random(4)
    writer = threading.Thread(target=trickle, args=(broker.bootstrap, name, records))
    killed = scored(name)
    writer.start()
    kills = 0
    while (saved := killed.read_through()) < len(records):
        killed.start()
        if kills % 3 == 0:
            time.sleep(rng.uniform(0.0, 1.5))
        else:
            killed.wait_until_read(saved + 1)
            time.sleep(rng.uniform(0.0, 0.5))
        killed.kill()
        kills += 1
    writer.join()
    assert kills >= KILLS

    unkilled = scored(name)
    unkilled.start()
    unkilled.wait_until_read(len(records))
    assert unkilled.terminate() == 0
    killed.start()
    killed.wait_until_assigned(PARTITIONS)
    killed.wait_until_as_far_as(unkilled)
    assert killed.terminate() == 0

    told = unkilled.events()
    assert [event["event"] for event in told] == ["opened", "updated", "resolved"]
    assert told_once(killed.events()) == told
    assert killed.dead_letters() == unkilled.dead_letters()
    assert set(killed.dead_letters().values()) == {1}
    assert len(killed.dead_letters()) == BAD
    assert verdicts(killed) == verdicts(unkilled)
    assert len(verdicts(killed)) > 100


def verdicts(monitor: Monitor) -> list[str]:
    """Return what is said of single records, whichever partition was read first."""
    return sorted((monitor.folder / "verdicts.jsonl").read_text().splitlines())


def trickle(bootstrap: str, name: str, records: list[Any]) -> None:
    """Write the records over some seconds, so that kills meet them at work."""
    for start in range(0, len(records), 700):
        produce(bootstrap, name, PARTITIONS, records[start : start + 700])
        time.sleep(0.25)


def test_kill_9_changes_no_alarm_of_detectors_that_depend_on_order(broker, topic, monitor, close_reference):
    name = topic(PARTITIONS, retention_ms=-1)
    sent = probing(list(with_callers(60, seed=3)), 4, at=range(2_000, 2_300))
    river = {"type": "river", "detector": "ADWIN", "signal": "feature.income"}
    settings = {"reference": str(close_reference), "detectors": [{"type": "queries"}, river]}
    killed = monitor(name, **settings)
    for start in range(0, len(sent), 2_000):
        produce(broker.bootstrap, name, PARTITIONS, sent[start : start + 2_000])
        killed.start()
        killed.wait_until_read(start + 1_500)
        killed.kill()
    unkilled = monitor(name, **settings)
    unkilled.start()
    unkilled.wait_until_read(len(sent))
    assert unkilled.terminate() == 0
    killed.start()
    killed.wait_until_assigned(PARTITIONS)
    killed.wait_until_as_far_as(unkilled)
    assert killed.terminate() == 0
    assert "anomaly.queries" in {s["signal"] for event in unkilled.events() for s in event["signals"]}
    assert told_once(killed.events()) == unkilled.events()


def test_a_second_process_on_the_same_state_ends_in_words(topic, monitor):
    one = monitor(topic(PARTITIONS))
    one.start()
    one.wait_until_assigned(PARTITIONS)
    second = subprocess.run([str(SEAWALL), "run", "-c", str(one.config)], capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "is in use by another seawall process" in second.stderr
    assert "Traceback" not in second.stderr
    assert one.terminate() == 0


def test_kill_9_changes_nothing_where_requests_and_responses_stand_in_different_partitions(broker, topic, scored):
    """Each time the newest snapshot is damaged, too."""
    name = topic(PARTITIONS, retention_ms=-1)
    records = list(traffic.traffic(110, seed=8, changed=range(30, 60), change=traffic.higher_income))
    answered = [1 + (number % 50 > 0) for number in range(len(records))]
    halves = [half for record, n in zip(records, answered, strict=True) for half in kserve_log.events(record)[:n]]
    killed, rng = scored(name), Random(2)
    waiting = []
    for start in range(0, len(halves), 4_000):
        produce(broker.bootstrap, name, PARTITIONS, halves[start : start + 4_000])
        killed.start()
        killed.wait_until_read(min(start + 3_000, len(halves)))
        killed.kill()
        waiting.append(bool(killed.saved()["waiting"]))
        harmed(killed.folder / SNAPSHOT, rng)
    assert any(waiting)

    unkilled = scored(name)
    unkilled.start()
    unkilled.wait_until_read(len(halves))
    assert unkilled.terminate() == 0
    killed.start()
    killed.wait_until_assigned(PARTITIONS)
    killed.wait_until_as_far_as(unkilled)
    assert killed.terminate() == 0

    assert "previous snapshot used" in killed.log.read_text()
    told = unkilled.events()
    assert [event["event"] for event in told] == ["opened", "updated", "resolved"]
    assert told_once(killed.events()) == told
    assert verdicts(killed) == verdicts(unkilled)
    assert len(verdicts(killed)) > 100
    judged = [one.saved()["models"][traffic.MODEL]["judge"]["records"] for one in (killed, unkilled)]
    assert judged[0] == judged[1] > 0
