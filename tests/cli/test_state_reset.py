"""`seawall state reset`: asks by name, keeps what was remembered under other names."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from click.testing import CliRunner
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from saved_state import config, moved, snapshot

from monitor.cli.main import main
from monitor.cli.state import command
from monitor.remembered import remembered_state
from monitor.state.lock import lock
from monitor.state.snapshot import previous, save


@pytest.fixture
def file_config(tmp_path):
    return config(tmp_path, {"type": "file", "path": "x.jsonl"})


def test_reset_asks_first_and_keeps_everything_on_no(tmp_path, file_config):
    path = snapshot(tmp_path)
    asked = CliRunner().invoke(command, ["reset", "-c", file_config], input="n\n")
    assert asked.exit_code == 1
    assert f"Forget what is remembered in {path.parent}, open incidents included? Reading begins then" in asked.output
    assert asked.output.endswith("nothing was changed\n")
    assert path.exists()


def test_no_is_no_interruption(file_config, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert main(["state", "reset", "-c", file_config]) == 1
    assert capsys.readouterr().err == "nothing was changed\n"


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("earliest", "the earliest record in a and b"),
        ("latest", "records to come in a and b"),
        ("2026-01-01T00:00:00Z", "records of 2026-01-01T00:00:00Z in a and b"),
    ],
)
def test_reset_asks_with_the_group_and_where_reading_begins_then(tmp_path, start, words):
    source = {
        "type": "kafka",
        "bootstrap_servers": "127.0.0.1:1",
        "topics": ["a", "b"],
        "group_id": "t",
        "start": start,
    }
    asked = CliRunner().invoke(command, ["reset", "-c", config(tmp_path, source)], input="n\n").output
    assert f"and what the group t has read? Reading begins then with {words} [y/N]" in asked


def test_reset_of_what_several_processes_share_asks_by_the_names_of_all_that_goes(tmp_path):
    source = {"type": "kafka", "bootstrap_servers": "127.0.0.1:1", "topics": ["a"], "group_id": "team"}
    path = config(tmp_path, source, replicas={})
    asked = CliRunner().invoke(command, ["reset", "-c", path], input="n\n").output
    groups = "forget what the groups team and team.judge have read, for every process?"
    assert f"Delete the topics team.tallies and team.state and {groups} [y/N]" in asked
    endpoint = {"type": "v2", "url": "http://127.0.0.1:1", "model": "credit"}
    own = {"shadow": {"endpoint": endpoint, "checks": [{"type": "noise"}]}, "privacy": {"hash_key": 16 * "k"}}
    own |= {"labels": {"source": {"type": "kafka", "topics": ["labels"]}}}
    path = config(tmp_path, source, replicas={}, **own)
    snapshot(tmp_path)
    asked = CliRunner().invoke(command, ["reset", "-c", path], input="n\n").output
    groups = "what the groups team, team-labels, team.answers and team.judge have read"
    topics = "team.tallies, team.state, team.halves and team.answers"
    assert f"Delete the topics {topics} and forget {groups}" in asked
    assert f"The snapshot of one process in {tmp_path / 'state'} is put aside. [y/N]" in asked


@pytest.mark.parametrize("labels", [[], ["--labels"]])
def test_reset_says_what_to_stop(tmp_path, file_config, labels):
    path = snapshot(tmp_path)
    with lock(path.parent):
        refused = CliRunner().invoke(command, ["reset", "--yes", *labels, "-c", file_config])
    assert str(refused.exception).endswith("is in use by another seawall process. Stop `seawall run` first.")


def test_reset_keeps_both_old_snapshots_under_other_names(tmp_path, file_config):
    path = snapshot(tmp_path)
    save(path, moved(path, 99))
    done = CliRunner().invoke(command, ["reset", "--yes", "-c", file_config])
    kept = sorted(str(p) for p in path.parent.iterdir() if p.name != "lock")
    assert done.output == f"forgotten; what was remembered is {kept[0]} and {kept[1]}\n"
    assert remembered_state(path)["partitions"] == []


def test_reset_that_ends_in_between_leaves_no_older_one_to_go_on_from(tmp_path, file_config, monkeypatch):
    path = snapshot(tmp_path)
    save(path, moved(path, 99))
    renaming = Path.rename

    def once(self, target):
        monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        return renaming(self, target)

    monkeypatch.setattr(Path, "rename", once)
    CliRunner().invoke(command, ["reset", "--yes", "-c", file_config])
    monkeypatch.undo()
    assert remembered_state(path)["partitions"][0][2] == 99


def test_reset_helps_where_neither_is_whole(tmp_path, file_config):
    path = snapshot(tmp_path)
    save(path, moved(path, 99))
    for each in (path, previous(path)):
        each.write_bytes(b"torn")
    assert CliRunner().invoke(command, ["show", "-c", file_config]).exit_code == 1
    assert CliRunner().invoke(command, ["reset", "--yes", "-c", file_config]).exit_code == 0
    assert "nothing is remembered" in CliRunner().invoke(command, ["show", "-c", file_config]).output


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


def test_reset_forgets_the_labels_that_wait(tmp_path, file_config):
    waiting = snapshot(tmp_path).with_name("labels.sqlite")
    waiting.write_bytes(b"")
    assert CliRunner().invoke(command, ["reset", "--yes", "-c", file_config]).exit_code == 0
    assert not waiting.exists()
