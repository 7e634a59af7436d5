"""What is remembered is of other topics than those configured now: refused, or gone on with, in clear words."""

from __future__ import annotations

import threading

import pytest
import traffic
from fake_source import FakeSource
from one_life import log_of
from structlog.testing import capture_logs
from traffic import START

from monitor.assembly import running, watched_models
from monitor.config.loading import load
from monitor.errors import SnapshotError
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.parts import Now
from monitor.remembered import SNAPSHOT
from monitor.types import Partition


@pytest.fixture
def run(tmp_path, configured):
    """Return a function that reads some records of a source as configured, ends, and returns what it says."""
    (tmp_path / "state").mkdir()

    def run(source):
        path = configured(source=source)
        config = load(path, secrets=False)
        where = Partition((source.get("topics") or [config.source.path])[0], 0)
        models = watched_models(config, str(path))
        log = [message._replace(topic=where.topic) for message in log_of(list(traffic.traffic(1, seed=1)))]
        with capture_logs() as said:
            fake = FakeSource(there={where}, arriving={where: log})
            one = running(config, models, Health(0.0), Metrics("0"), stopping=threading.Event(), source=fake)
            one.clock = lambda: Now(0.0, START)
            one.step()
            one.parts.outbox.close(one, one.clock())
        return [entry for entry in said if entry["event"] == "other topics than remembered"]

    return run


def kafka(*topics):
    return {"type": "kafka", "bootstrap_servers": "127.0.0.1:1", "topics": list(topics)}


def test_other_topics_altogether_are_refused_and_both_are_named(tmp_path, run):
    run(kafka("credit"))
    path = tmp_path / "state" / SNAPSHOT
    before = path.read_bytes()
    with pytest.raises(SnapshotError) as refused:
        run(kafka("clicks"))
    assert f"{path} was counted of topic credit, the configuration says topic clicks." in str(refused.value)
    assert "Set it back" in str(refused.value)
    assert str(refused.value).endswith("seawall state reset")
    assert path.read_bytes() == before
    assert run(kafka("credit")) == []


def test_a_topic_more_or_less_goes_on_and_is_said(run):
    run(kafka("credit"))
    (said,) = run(kafka("credit", "loans"))
    assert (said["added"], said["gone"]) == (["loans"], [])
    (said,) = run(kafka("loans", "credit"))  # nothing of it was read yet
    run(kafka("loans", "credit"))
    (said,) = run(kafka("loans"))
    assert (said["added"], said["gone"]) == ([], ["credit"])


def test_another_file_goes_on_and_is_said(run, tmp_path):
    assert run({"type": "file", "path": "monday.jsonl"}) == []
    (said,) = run({"type": "file", "path": "tuesday.jsonl"})
    assert said["gone"] == [str(tmp_path / "monday.jsonl")]


def test_a_file_in_the_place_of_a_topic_goes_on_and_a_topic_in_the_place_of_a_file_is_refused(run):
    run({"type": "file", "path": "monday.jsonl"})
    with pytest.raises(SnapshotError, match=r"was counted of topic .*monday\.jsonl"):
        run(kafka("credit"))
