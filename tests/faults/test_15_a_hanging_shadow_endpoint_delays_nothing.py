"""15. A shadow endpoint that takes every query and answers none delays neither reading nor telling nor the end."""

from __future__ import annotations

import threading

import pytest
from dripping import serving
from shadow_world import MODEL, SHADOW, accepted, messages, section
from tallying import Sent, send

COUNT = 20_000


@pytest.fixture(scope="session")
def asked(tmp_path_factory):
    """A folder with a reference for which the accepted model was asked."""
    folder = tmp_path_factory.mktemp("asked") / "reference"
    accepted(folder, section())
    return folder


def test_what_an_endpoint_does_not_answer_holds_up_nothing(broker, topic, monitor, asked):
    name, queries = topic(1, retention_ms=-1), threading.Semaphore(0)

    def hang(client, done):
        client.recv(1 << 16)
        queries.release()
        done.wait()

    send(broker.bootstrap, name, [Sent(0, one.timestamp, one.value) for one in messages(COUNT, 5)])
    with serving(hang) as port:
        endpoint = SHADOW["endpoint"] | {"url": f"http://127.0.0.1:{port}"}
        shadow = SHADOW | {"endpoint": endpoint}
        one = monitor(name, model=MODEL, reference=str(asked), shadow=shadow, idle_timeout="10s")
        one.start()
        assert queries.acquire(timeout=60)
        one.wait_until_read(COUNT)
        one.wait_until(lambda: one.asked("/readyz").get("state") == "idle")
        assert one.terminate() == 0
        assert one.saved()["models"][MODEL]["judge"]["records"] == COUNT
