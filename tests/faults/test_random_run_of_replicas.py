"""Three real `seawall run` that share a topic, killed, paused, ended and added at random: they tell what one tells."""

from __future__ import annotations

import os
import signal
import threading
import time
from random import Random
from typing import Any

import traffic
from replica_processes import PARTITIONS, same, trickle


def test_a_random_run_of_three_tells_what_one_tells(broker, topic, shifted, replicas, alone):
    """SEED chooses the run, ROUNDS how many faults it has."""
    rng = Random(int(os.environ.get("SEED", "1")))
    faults = int(os.environ.get("ROUNDS", "4"))
    name = topic(PARTITIONS, retention_ms=-1)
    several = replicas(name)
    many = shifted * max(1, faults // 12)
    writer = threading.Thread(target=trickle, args=(broker.bootstrap, name, renumbered(many), faults * 2.5))
    several.start(0)
    several.start(1)
    several.start(2)
    writer.start()
    paused: dict[int, float] = {}
    number = 2
    for _ in range(faults):
        time.sleep(rng.uniform(0.3, 3.0))
        for one in [one for one, until in paused.items() if time.monotonic() > until]:
            several.send(one, signal.SIGCONT)
            del paused[one]
        chosen = rng.choice(sorted(several.running))
        match rng.choice(["kill", "kill", "pause", "stop", "add"]):
            case "kill" if chosen not in paused:
                several.kill(chosen)
            case "pause" if chosen not in paused and len(paused) < 2:
                several.send(chosen, signal.SIGSTOP)
                paused[chosen] = time.monotonic() + rng.choice([1.0, 5.0, 15.0])
            case "stop" if chosen not in paused:
                assert several.terminate(chosen) in (0, -signal.SIGTERM)  # perhaps before it had begun
        while len(several.running) < 3:
            number += 1
            several.start(number)
    for one in paused:
        several.send(one, signal.SIGCONT)
    writer.join()
    one = alone(name, len(many))
    several.wait_until_judged(one.saved()["judged"])
    assert {several.terminate(number) for number in list(several.running)} == {0}
    same(several, one)


def renumbered(records: list[Any]) -> list[Any]:
    """Return the records with times and ids that go on from round to round."""
    out, number = [], 0
    for record in records:
        if isinstance(record, dict):
            out.append(record | {"id": f"r{number}", "time": traffic.rfc3339(traffic.START + number * traffic.EVERY)})
            number += 1
        else:
            out.append(record)
    return out
