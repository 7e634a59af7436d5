"""15. A shadow endpoint that takes every query and answers none delays neither reading nor telling nor the end."""

from __future__ import annotations

import threading

import pytest
from dripping import serving
from shadow_world import EVERY, MODEL, SHADOW, START, accepted, messages, section
from tallying import Sent, send

COUNT = 20_000
SLOT = 10_000


@pytest.fixture(scope="session")
def asked(tmp_path_factory):
    """A folder with a reference for which the accepted model was asked."""
    folder = tmp_path_factory.mktemp("asked") / "reference"
    accepted(folder, section())
    return folder


@pytest.fixture
def hanging(asked):
    """An endpoint that answers nothing: what makes a monitor ask it, and how many queries it took."""
    queries = threading.Semaphore(0)

    def hang(client, done):
        client.recv(1 << 16)
        queries.release()
        done.wait()

    with serving(hang) as port:
        endpoint = SHADOW["endpoint"] | {"url": f"http://127.0.0.1:{port}"}
        yield {"model": MODEL, "reference": str(asked), "shadow": SHADOW | {"endpoint": endpoint}}, queries


@pytest.fixture
def name(broker, topic):
    """A topic of requests."""
    made = topic(1, retention_ms=-1)
    send(broker.bootstrap, made, [Sent(0, one.timestamp, one.value) for one in messages(COUNT, 5)])
    return made


def test_what_an_endpoint_does_not_answer_holds_up_nothing(name, monitor, hanging):
    settings, queries = hanging
    one = monitor(name, **settings, idle_timeout="10s")
    one.start()
    assert queries.acquire(timeout=60)
    one.wait_until_read(COUNT)
    one.wait_until(lambda: one.asked("/readyz").get("state") == "idle")
    assert one.terminate() == 0
    assert one.saved()["models"][MODEL]["judge"]["records"] == COUNT


def test_nor_does_it_hold_up_processes_that_share_the_work(name, replicas, hanging):
    settings, queries = hanging
    several = replicas(name)
    several.start(0, **settings, privacy={"hash_key": "the same for all of them"}, idle_timeout="2s")
    assert queries.acquire(timeout=60)
    several.wait_until_judged((START + (COUNT - 1) * EVERY) // SLOT)
    assert several.terminate(0) == 0
    assert several.remembered()[MODEL]["judge"]["records"] == COUNT
