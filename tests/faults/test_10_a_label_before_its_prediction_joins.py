"""10. A label that comes before its prediction joins it all the same, kills in between included."""

from __future__ import annotations

import pytest
from labels_world import MODEL, accepted_in, world
from tallying import Sent, send


@pytest.fixture(scope="session")
def labelled(tmp_path_factory):
    """A folder with a reference of labelled requests."""
    return accepted_in(tmp_path_factory.mktemp("labelled"))


@pytest.mark.parametrize("kill", [False, True])
def test_labels_that_were_read_before_their_predictions_join_them(broker, topic, monitor, labelled, kill):
    requests, labels = topic(1, retention_ms=-1), topic(1, retention_ms=-1)
    made = world(60, 3, wrong=lambda _: 0.05, delays=[-20, -5])
    instance = {"group_instance_id": "labels"}
    one = monitor(
        requests,
        model=MODEL,
        reference=str(labelled),
        labels={"source": {"type": "kafka", "topics": [labels]} | instance, "wait": "10m"},
        idle_timeout="10s",
    )
    (predictions,), (answers,) = made.requests.values(), made.labels.values()
    send(broker.bootstrap, labels, [Sent(0, each.timestamp, each.value) for each in answers])
    one.start()
    one.wait_until_read(len(answers))
    if kill:
        one.kill()
        one.start()
    send(broker.bootstrap, requests, [Sent(0, each.timestamp, each.value) for each in predictions])
    one.wait_until_read(len(answers) + len(predictions))
    one.wait_until(lambda: joined(one) == len(predictions))
    assert one.terminate() == 0


def joined(one):
    """Return how many predictions were judged with their labels."""
    return one.saved()["models"][MODEL]["labels"]["judge"]["records"]
