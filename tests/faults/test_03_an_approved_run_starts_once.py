"""Of three real `seawall run` the one that has the model dies right after a person's word: the run starts once."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import traffic
from http_receiver import Answer, Receiver, receiving
from monitor_process import DEADLINE
from replica_processes import PARTITIONS, Replicas, told_once
from topic_traffic import produce

ONSET, SLOTS, MORE = 30, 90, 20


@pytest.fixture(scope="module")
def lasting() -> list[Any]:
    """A shift that stays."""
    slots = SLOTS + MORE
    return list(traffic.traffic(slots, seed=8, changed=range(ONSET, slots), change=traffic.higher_income))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def written(broker, topic, lasting) -> tuple[str, Callable[[], None]]:
    """A topic with all but the last slots in it, and what adds these."""
    name = topic(PARTITIONS, retention_ms=-1)
    produce(broker.bootstrap, name, PARTITIONS, lasting[: SLOTS * 100])
    return name, lambda: produce(broker.bootstrap, name, PARTITIONS, lasting[SLOTS * 100 :])


def rule(receiver: Receiver) -> dict[str, Any]:
    action = {"type": "webhook", "url": f"{receiver.url}/train", "secrets": ["a secret of many letters"]}
    return {"name": "weekly", "action": action, "when": {"for": "2m"}, "approval": True}


def run_that(outcome: str, several: Replicas) -> str:
    """Return the run of which is told that it waits, or was started, once one is."""
    until = time.monotonic() + DEADLINE
    while True:
        found = [line.split()[0] for line in several.said("retrain", "list").splitlines() if f" {outcome}: " in line]
        if found:
            return found[0]
        assert time.monotonic() < until, several.logs()
        time.sleep(0.3)


def judge_of(several: Replicas) -> int:
    """Return the process that has taken the model over last."""
    found = {}
    for number in several.running:
        for line in (several.folder / f"{several.group}-{number}" / "log").read_text().splitlines():
            if '"models taken over"' in line and (entry := json.loads(line))["models"]:
                found[entry["timestamp"]] = number
    return found[max(found)]


@pytest.mark.parametrize("heard", [False, True])
def test_an_approved_run_is_started_once_though_who_has_the_model_is_killed(written, replicas, receiver, heard):
    name, go_on = written
    three = replicas(name)
    for number in range(3):
        three.start(number, retrain=[rule(receiver)])
    run = run_that("waiting", three)
    time.sleep(3)  # the last of them has joined
    first = judge_of(three)
    receiver.script = [Answer(503)] * 3
    if not heard:
        three.send(first, signal.SIGSTOP)
    (told,) = three.said("retrain", "approve", run, "--by", "ann").splitlines()
    assert told.startswith(f"approve {run} written to {three.group}.tallies/")
    if heard:
        three.wait_until_logged(first, "operator's word")
    three.kill(first)
    assert run_that("fired", three) == run
    until = time.monotonic() + DEADLINE
    while receiver.script or three.remembered()[traffic.MODEL]["pending"]:
        assert time.monotonic() < until, three.logs()
        time.sleep(0.3)
    before = three.judged()
    go_on()
    three.wait_until_judged(before + MORE // 2)
    assert [three.terminate(number) for number in sorted(three.running)] == [0, 0]
    assert {request.headers["webhook-id"] for request in receiver.requests} == {run}
    bodies = [request.body for request in receiver.requests]
    assert bodies == bodies[:1] * 4, "three times 503, and once it was taken"
    data = receiver.requests[0].json["data"]
    assert (data["event"], data["approved_by"]) == ("fired", "ann")
    notes = [event["notes"][0] for event in told_once(three.events()) if event["notes"]]
    assert notes.count(f"retraining weekly: started as {run}, ann agreed") == 1
