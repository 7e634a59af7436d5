"""With replicas a person sees what waits in a topic that they share; the word goes where the model's tallies are."""

from __future__ import annotations

import json
from uuid import uuid4

import msgspec
import pytest
from click.testing import CliRunner
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

from monitor.cli.main import main
from monitor.cli.retrain import command
from monitor.counting.handover import Spoken, decode, partition_of
from monitor.replicas.log import Log
from monitor.replicas.memory import Memory
from monitor.retraining.ledger import Case, Ledger
from monitor.retraining.rules import run_id
from monitor.state.migration import VERSION
from monitor.state.operator_log import FILE, LONGEST

PARTITIONS = 3
MODELS = ("credit", "fraud", "churn")
CASES = {"inc_0": Case(0, "fired"), "inc_1": Case(0, "waiting", "features at error for 1h")}


def waiting(model: str = "credit") -> str:
    return run_id(model, "weekly", "inc_1")


def configuration(folder, bootstrap: str, group: str) -> str:
    rule = {"name": "weekly", "action": {"type": "webhook", "url": "${NOT_SET_HERE}"}, "approval": True}
    source = {"type": "kafka", "bootstrap_servers": bootstrap, "topics": ["inference"], "group_id": group}
    models = {name: {"reference": f"reference-{name}", "retrain": [rule]} for name in MODELS}
    path = folder / "seawall.yaml"
    path.write_text(
        json.dumps({"models": models, "source": source, "replicas": {}, "state_dir": str(folder / "state")})
    )
    return str(path)


@pytest.fixture(scope="module")
def group(broker) -> str:
    """The group of processes of whose models one run each waits."""
    name = f"group-{uuid4().hex[:8]}"
    broker.create_topic(f"{name}.tallies", PARTITIONS, message_timestamp_type="LogAppendTime")
    broker.create_topic(f"{name}.state", PARTITIONS, cleanup_policy="compact")
    connection = {"bootstrap_servers": broker.bootstrap.split(",")}
    memory = Memory(connection, f"{name}.state", Log(connection))
    ledgers = msgspec.to_builtins({"weekly": Ledger([3_600_000], CASES)})
    state = {"version": VERSION, "reached": {"offset": 0}, "judged": 1, "heard": 0}
    for model in MODELS:
        remembered = state | {"retraining": {"ledgers": ledgers, "begins": {}}}
        memory.write(partition_of(model, PARTITIONS), {model: remembered})
    memory.close()
    judging = KafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=f"{name}.judge", enable_auto_commit=False)
    judging.assign([TopicPartition(f"{name}.tallies", 0)])
    judging.commit({TopicPartition(f"{name}.tallies", 0): OffsetAndMetadata(0, "", -1)})
    judging.close()
    return name


@pytest.fixture
def seawall(tmp_path, broker, group):
    path = configuration(tmp_path, broker.bootstrap, group)
    return lambda *arguments: CliRunner().invoke(command, [*arguments, "-c", path])


def said(broker, group: str, partition: int) -> list[Spoken]:
    """Return the words in a partition of the tallies."""
    at = TopicPartition(f"{group}.tallies", partition)
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap.split(","), consumer_timeout_ms=5_000)
    consumer.assign([at])
    consumer.seek_to_beginning()
    found = [decode(next(consumer).value, 0) for _ in range(consumer.end_offsets([at])[at])]
    consumer.close()
    return found


def test_list_says_what_every_rule_of_every_model_waits_for(seawall):
    shown = seawall("list")
    assert shown.exit_code == 0
    assert "credit: weekly by webhook, last run decided 1970-01-01T01:00:00Z" in shown.output.splitlines()
    found = {line for line in shown.output.splitlines() if " waiting: " in line}
    assert found == {f"  {waiting(m)} {m} weekly inc_1 waiting: features at error for 1h" for m in MODELS}


@pytest.mark.parametrize("case", [("credit", "approve"), ("fraud", "reject"), ("churn", "approve")])
def test_a_word_is_written_among_the_tallies_of_its_model_with_who_and_why(seawall, broker, group, case, tmp_path):
    model, word = case
    place = partition_of(model, PARTITIONS)
    before = said(broker, group, place)
    told = seawall(word, waiting(model), "--by", "ann", "--why", "it is spring")
    assert (told.exit_code, told.output.splitlines()) == (
        0,
        [
            f"{word} {waiting(model)} written to {group}.tallies/{place}",
            "no `seawall run` uses this state now: the word counts when one does",
        ],
    )
    (found,) = said(broker, group, place)[len(before) :]
    assert found == Spoken(word, model, waiting(model), "ann", found.time, "it is spring")
    assert not (tmp_path / "state" / FILE).exists()


@pytest.mark.parametrize("run", ["run_unknown", run_id("credit", "weekly", "inc_0")])
def test_what_does_not_wait_is_refused_and_nothing_is_written(seawall, broker, group, run):
    before = [said(broker, group, number) for number in range(PARTITIONS)]
    refused = seawall("approve", run, "--by", "ann")
    assert refused.exit_code == 2
    assert f"{run} does not wait. Waiting: run_" in refused.output
    assert [said(broker, group, number) for number in range(PARTITIONS)] == before


def test_a_word_too_long_to_be_heard_is_refused(seawall):
    refused = seawall("approve", waiting(), "--by", "ann", "--why", "x" * LONGEST)
    assert refused.exit_code == 2
    assert "too long" in refused.output


@pytest.mark.parametrize("arguments", [["list"], ["approve", waiting(), "--by", "ann"]])
def test_brokers_that_do_not_answer_are_said(tmp_path, capsys, arguments):
    path = configuration(tmp_path, "127.0.0.1:1", "group")
    assert main(["retrain", *arguments, "-c", path]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Kafka at 127.0.0.1:1: cannot be reached (connection refused)")


def test_brokers_that_do_not_take_the_word_are_said(seawall, monkeypatch):
    def refused(*_: object) -> None:
        raise OSError(None, "Kafka did not take it (no leader)")

    with monkeypatch.context() as patched:
        patched.setattr(Log, "append", refused)
        failed = seawall("approve", waiting(), "--by", "ann")
    assert failed.exception.exit_code == 1
    words = str(failed.exception)
    assert "Kafka did not take it (no leader)" in words
    assert "say it again, it counts once" in words
