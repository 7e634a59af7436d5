"""`reference: {path, learn: N}`: the first records stand in for a reference that nobody accepted yet."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import traffic
from fake_source import FakeSource
from kserve_log import event as sent
from kserve_log import tensor
from structlog.testing import capture_logs
from traffic import MODEL, lines
from watching import A

from monitor.cli.main import main
from monitor.config.loading import load
from monitor.counting.joiner import Joiner
from monitor.errors import BadReference
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.learning import _Shown, _Taken, learn_missing
from monitor.parts import Now
from monitor.reference.store import Store
from monitor.remembered import SNAPSHOT, remembered_state, save_positions
from monitor.state import snapshot
from monitor.types import Message

SEAWALL = Path(sys.executable).with_name("seawall")
LEARN = 3_000
SLOTS = 80


@pytest.fixture
def learning(tmp_path, configured):
    """Return a function that writes records and a configuration that learns from them, and returns its path."""

    def write(records, learn=LEARN, **settings):
        (tmp_path / "data.jsonl").write_bytes(lines(records))
        told = {"type": "file", "path": "events.jsonl"}
        reference = {"path": "reference", "learn": learn}
        return configured(**{"reference": reference, "sinks": [told]} | settings)

    return write


def run(path):
    command = [str(SEAWALL), "run", "-c", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def learn(path, stopping=None):
    health, metrics = Health(0.0), Metrics("0")
    learn_missing(load(path, secrets=True), health, metrics, stopping or threading.Event())
    return health, metrics


def test_a_run_learns_counts_what_it_learned_from_and_says_in_every_event_that_nobody_accepted_it(tmp_path, learning):
    shift = traffic.traffic(SLOTS, seed=2, changed=range(50, 80), change=traffic.higher_income)
    path = learning(shift)
    ended = run(path)
    assert ended.returncode == 0, ended.stderr
    store = Store(tmp_path / "reference")
    learned = store.accepted()
    assert learned.provisional
    assert learned.rows == LEARN
    assert store.promotions()[0]["by"] == "seawall"
    assert "nobody accepted it" in store.promotions()[0]["why"]
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert {event["signals"][0]["signal"] for event in events} == {"feature.income"}
    for event in events:
        assert event["reference"] == learned.digest
        assert "nobody accepted this reference yet" in event["notes"][0]
        assert f"seawall reference promote {learned.digest[7:19]}" in event["notes"][0]
    saved = remembered_state(tmp_path / "state" / SNAPSHOT)
    assert saved["models"][MODEL]["judge"]["records"] == SLOTS * traffic.SLOT_RECORDS


def test_a_person_who_promotes_what_was_learned_ends_the_note_in_open_incidents_too(tmp_path, learning):
    path = learning(traffic.traffic(60, seed=2, changed=range(40, 70), change=traffic.higher_income))
    assert run(path).returncode == 0
    digest = Store(tmp_path / "reference").promoted()
    given = ["reference", "promote", digest[7:19], "-c", str(path), "--by", "ann", "--why", "looked at"]
    assert main(given) == 0
    told = (tmp_path / "events.jsonl").read_text().splitlines()
    assert all("nobody accepted" in line for line in told)
    with (tmp_path / "data.jsonl").open("ab") as data:
        data.write(lines(list(traffic.traffic(130, seed=2))[6_000:]))
    assert run(path).returncode == 0
    later = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()[len(told) :]]
    assert later[-1]["event"] == "resolved"
    assert {event["incident"] for event in later} == {json.loads(told[0])["incident"]}
    assert not any("nobody accepted" in note for event in later for note in event["notes"])


def test_a_second_run_learns_nothing_and_goes_on(tmp_path, learning):
    path = learning(traffic.traffic(40, seed=2))
    assert run(path).returncode == 0
    before = Store(tmp_path / "reference").promotions()
    with (tmp_path / "data.jsonl").open("ab") as data:
        more = list(traffic.traffic(60, seed=2))[4_000:]
        data.write(lines(more))
    assert run(path).returncode == 0
    assert Store(tmp_path / "reference").promotions() == before
    saved = remembered_state(tmp_path / "state" / SNAPSHOT)
    assert saved["models"][MODEL]["judge"]["records"] == 6_000


def test_records_of_other_models_and_dead_letters_do_not_count_towards_what_is_learned(tmp_path, learning):
    records = list(traffic.traffic(60, seed=2))
    for record in records[1::2]:
        record["model"] = "other"
    path = learning([b"torn"] * 100 + records, learn=1_000)
    (tmp_path / "state").mkdir()
    learn(path)
    learned = Store(tmp_path / "reference").accepted()
    assert learned.rows == 1_000
    assert learned.last == traffic.START + 1_998 * traffic.EVERY
    (remembered,) = remembered_state(tmp_path / "state" / SNAPSHOT)["partitions"]
    assert remembered[:3] == [str(tmp_path / "data.jsonl"), 0, 0]


def test_too_few_records_end_in_words_and_leave_nothing(tmp_path, learning):
    ended = run(learning(traffic.traffic(4, seed=2)))
    assert ended.returncode == 1
    assert "400 usable records of model credit-risk, a reference wants 500 at least" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert Store(tmp_path / "reference").digests() == []
    assert snapshot.load(tmp_path / "state" / SNAPSHOT) is None


def test_standard_input_cannot_be_learned_from(learning):
    path = learning([], source={"type": "file", "path": "-"})
    with pytest.raises(BadReference, match="cannot read standard input twice"):
        learn(path)


def test_asked_to_stop_while_learning_it_leaves_nothing_behind(tmp_path, learning):
    stopping = threading.Event()
    stopping.set()
    (tmp_path / "state").mkdir()
    learn(learning(traffic.traffic(60, seed=2), learn=5_000), stopping)
    assert Store(tmp_path / "reference").digests() == []
    assert not (tmp_path / "state" / SNAPSHOT).exists()


def test_a_model_added_later_learns_without_touching_what_is_remembered(tmp_path, learning):
    path = learning(traffic.traffic(60, seed=2))
    (tmp_path / "state").mkdir()
    save_positions(tmp_path / "state" / SNAPSHOT, {})
    before = (tmp_path / "state" / SNAPSHOT).read_bytes()
    learn(path)
    assert Store(tmp_path / "reference").accepted().provisional
    assert (tmp_path / "state" / SNAPSHOT).read_bytes() == before


RENAMED = "30 records read, none of model diagnoses; they name diagnosis"


@pytest.fixture
def shown():
    """Return what is shown while 2,000 records of the model `diagnoses` are waited for."""
    return _Shown(_Taken(Joiner("diagnoses", "auto", 10_000, 1 << 60, held=0), 2_000), Health(0.0), Metrics("0"))


def look(shown, messages=(), seconds=(0,), words=None):
    """Show messages and a while; return what the log says."""
    if messages:
        shown.taken.add(A, [Message(*A, n, traffic.START, None, value) for n, value in enumerate(messages)])
    with capture_logs() as said:
        for second in seconds:
            shown.turned(FakeSource(words=words), Now(float(second), 5_000))
    return [(entry["event"], entry.get("why")) for entry in said]


def of(model):
    return json.dumps({"model": model, "features": {"age": 1}}).encode()


def test_a_model_that_no_record_names_is_named_while_learning(shown):
    assert look(shown, [of("diagnosis")] * 30, range(66)) == [("nothing to learn from", RENAMED)] * 2
    ready = shown.health.readyz(65.0)
    assert (ready.state, ready.why) == (
        "stuck",
        {"reference": f"learning from live records: 0 of 2,000; {RENAMED}"},
    )
    sample = shown.metrics.registry.get_sample_value
    assert sample("seawall_ignored_total", {"reason": "while learning"}) == 30
    assert (sample("seawall_broker_up"), sample("seawall_heartbeat_timestamp_seconds")) == (1, 5.0)
    assert look(shown, [of("diagnoses")], [66]) == [("learning goes on", None)]
    assert shown.health.readyz(66.0) == (False, "starting", {"reference": "learning from live records: 1 of 2,000"})
    assert sample("seawall_ignored_total", {"reason": "while learning"}) == 30


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([of("diagnosis")], "1 record read, none of model diagnoses; it names diagnosis"),
        ([b"torn"] * 2, "2 records read, none of model diagnoses; 2 cannot be used (not_json: "),
        ([of("x"), b"torn"], "2 records read, none of model diagnoses; 1 name x; 1 cannot be used (not_json: "),
    ],
)
def test_what_came_instead_is_said(shown, messages, words):
    look(shown, messages)
    assert shown.taken.unnamed().startswith(words)


def test_halves_that_name_another_model_are_said_too():
    ours = _Taken(Joiner("diagnoses", "kserve", 10_000, 1 << 60, held=0), 2_000)
    ours.add(A, [sent("request", "r1", {"inputs": [tensor("a", [1], "FP64", [1])]}, traffic.START)])
    assert ours.unnamed() == f"1 record read, none of model diagnoses; it names {MODEL}"


def test_a_broker_that_is_away_while_learning_is_said_as_any_source_that_cannot_be_read(shown):
    words = "Kafka at h:1: cannot be reached (connection refused); trying again in 2 s"
    assert look(shown, (), range(7), words) == [("source cannot be read", words)]
    assert shown.health.readyz(7.0).state == "stuck"
    assert shown.metrics.registry.get_sample_value("seawall_broker_up") == 0
