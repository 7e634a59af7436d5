from __future__ import annotations

import contextlib
import json
import os
import re
import time
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from monitor.assembly import remembered_state
from monitor.cli.state import command
from monitor.incidents.incident import Incident
from monitor.outbox import VERSION
from monitor.state.snapshot import lock, save
from monitor.types import Effect, SignalChange

CHANGE = SignalChange("feature.income", "features", 7.2, Effect(w=0.31), "shifted up")
INCIDENT = Incident("inc_1", "credit", "error", 0, 0, 0, {"feature.income": CHANGE})


def config(folder: Path, source: dict[str, object], **settings: object) -> str:
    path = folder / "seawall.yaml"
    path.write_text(json.dumps({"model": "credit", "source": source, "reference": "reference", **settings}))
    return str(path)


def snapshot(folder: Path) -> Path:
    path = folder / "state" / "snapshot"
    path.parent.mkdir()
    model = {
        "reference": "sha256:" + 64 * "a",
        "signals": [],
        "judge": {"records": 1_234},
        "policy": {"incidents": [msgspec.to_builtins(INCIDENT)]},
        "conditions": {},
    }
    content = remembered_state(folder / "none") | {
        "version": VERSION,
        "partitions": [["inference", 0, 77, 0, 0, [], 77]],
        "models": {"credit": model},
    }
    save(path, content)
    return path


@pytest.fixture
def file_config(tmp_path):
    return config(tmp_path, {"type": "file", "path": "x.jsonl"})


def test_show_says_where_reading_goes_on_and_what_is_open(tmp_path, file_config):
    snapshot(tmp_path)
    shown = CliRunner().invoke(command, ["show", "-c", file_config]).output
    assert "inference/0 goes on at 77" in shown
    assert "credit: 1,234 records judged against sha256:aaaaaaaaaaaa" in shown
    assert "credit: 1 incident open, 0 messages still to be told" in shown
    assert "error since 1970-01-01T00:00:00Z: income shifted up (inc_1)" in shown


@pytest.mark.parametrize(("age", "running", "said"), [(87, True, True), (30, True, False), (87, False, False)])
def test_show_says_when_a_running_process_may_know_more(tmp_path, file_config, age, running, said):
    path = snapshot(tmp_path)
    saved = time.time() - age
    os.utime(path, (saved, saved))
    with lock(path.parent) if running else contextlib.nullcontext():
        shown = CliRunner().invoke(command, ["show", "-c", file_config]).output
    words = r"^! not saved for \d+ s: the running process may know more, see /readyz$"
    assert bool(re.search(words, shown, re.MULTILINE)) == said


def test_verify_refuses_a_snapshot_that_is_not_whole(tmp_path, file_config):
    path = snapshot(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    assert "is not whole" in str(CliRunner().invoke(command, ["verify", "-c", file_config]).exception)


def test_show_says_when_nothing_is_remembered(tmp_path, file_config):
    assert (
        f"nothing is remembered in {tmp_path / 'state'}"
        in CliRunner().invoke(command, ["show", "-c", file_config]).output
    )


def test_reset_asks_first_and_keeps_everything_on_no(tmp_path, file_config):
    path = snapshot(tmp_path)
    assert CliRunner().invoke(command, ["reset", "-c", file_config], input="n\n").exit_code == 1
    assert path.exists()


def test_reset_keeps_the_old_snapshot_beside(tmp_path, file_config):
    path = snapshot(tmp_path)
    assert CliRunner().invoke(command, ["reset", "--yes", "-c", file_config]).exit_code == 0
    assert [p.name.split(".")[0] for p in path.parent.iterdir() if p.name != "lock"] == ["snapshot"]
    assert not path.exists()


def test_reset_makes_kafka_forget_the_group(tmp_path, broker, topic):
    name = topic()
    group = f"group-{name}"
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=group, enable_auto_commit=False)
    consumer.assign([TopicPartition(name, 0)])
    consumer.seek(TopicPartition(name, 0), 0)
    consumer.commit()
    consumer.close(autocommit=False)
    source = {"type": "kafka", "bootstrap_servers": broker.bootstrap, "topics": [name], "group_id": group}
    done = CliRunner().invoke(command, ["reset", "--yes", "-c", config(tmp_path, source)])
    assert done.exit_code == 0, done.output
    again = KafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=group, enable_auto_commit=False)
    assert again.committed(TopicPartition(name, 0)) is None
    again.close(autocommit=False)


def test_reset_forgets_what_several_processes_share(tmp_path, broker, topic):
    source = {"type": "kafka", "bootstrap_servers": broker.bootstrap, "topics": [topic()], "group_id": topic()}
    path = config(tmp_path, source, replicas={})
    for kind in ("tallies", "state"):
        broker.create_topic(f"{source['group_id']}.{kind}")
    done = CliRunner().invoke(command, ["reset", "--yes", "-c", path])
    assert done.exit_code == 0, done.output
    assert f"the group {source['group_id']}.judge is forgotten" in done.output
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    assert not [name for name in admin.list_topics() if name.startswith(f"{source['group_id']}.")]
    admin.close()


def test_reset_names_the_address_that_does_not_answer(tmp_path):
    source = {"type": "kafka", "bootstrap_servers": "127.0.0.1:1", "topics": ["t"]}
    done = CliRunner().invoke(command, ["reset", "--yes", "-c", config(tmp_path, source)])
    assert "127.0.0.1:1" in str(done.exception)


def test_what_labels_tell_is_shown_too(tmp_path, file_config):
    path = snapshot(tmp_path)
    content = remembered_state(path)
    wrong = SignalChange("performance.error", "performance", 7.2, Effect(points=4.0), "of labelled predictions wrong")
    open_one = Incident("inc_2", "credit", "warning", 0, 0, 0, {"performance.error": wrong})
    content["models"]["credit"]["labels"] = {
        "judge": {"records": 99},
        "policy": {"incidents": [msgspec.to_builtins(open_one)]},
    }
    labels = {"partitions": [["labels", 0, 55, 0, 0, [], 55]], "judged": 0, "bound": b"\xff", "held": 0}
    save(path, content | {"sides": {"labels": labels}})
    shown = CliRunner().invoke(command, ["show", "-c", file_config]).output
    assert "labels/0 goes on at 55" in shown
    assert "1,234 records and 99 labels judged" in shown
    assert "2 incidents open" in shown
    assert "warning since 1970-01-01T00:00:00Z: error: of labelled predictions wrong (inc_2)" in shown


def test_reset_forgets_the_labels_that_wait(tmp_path, file_config):
    waiting = snapshot(tmp_path).with_name("labels.sqlite")
    waiting.write_bytes(b"")
    assert CliRunner().invoke(command, ["reset", "--yes", "-c", file_config]).exit_code == 0
    assert not waiting.exists()
