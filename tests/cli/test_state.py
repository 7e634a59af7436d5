from __future__ import annotations

import contextlib
import os
import re
import time
import zlib
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from saved_state import INCIDENT, config, moved, snapshot

from monitor.cli.state import command
from monitor.config.loading import load
from monitor.errors import SnapshotError
from monitor.incidents.incident import Incident
from monitor.remembered import remembered_state, resumed
from monitor.state.lock import lock
from monitor.state.snapshot import previous, recover, save
from monitor.types import Effect, SignalChange


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


def test_show_says_how_old_both_snapshots_are_and_from_where_either_would_go_on(tmp_path, file_config):
    path = snapshot(tmp_path)
    save(path, moved(path, 99))
    saved = time.time() - 720
    os.utime(previous(path), (saved, saved))
    shown = CliRunner().invoke(command, ["show", "-c", file_config]).output.splitlines()
    assert re.fullmatch(rf"{path}, saved \d+ s ago; before it snapshot\.1, saved 12 min ago", shown[0])
    assert "  inference/0 goes on at 99 (77 before it)" in shown
    assert not [line for line in shown if line.startswith("!")]


@pytest.mark.parametrize(("harm", "words"), [(b"", "is empty"), (b"torn", "is not whole"), (None, "is not there")])
def test_show_and_verify_say_that_the_one_before_would_be_used_and_why(tmp_path, file_config, harm, words):
    path = snapshot(tmp_path)
    save(path, moved(path, 99))
    path.unlink()
    if harm is not None:
        path.write_bytes(harm)
    shown = CliRunner().invoke(command, ["show", "-c", file_config]).output
    assert f"! {path} {words}: the next run goes on from the one before it, snapshot.1, and reads again" in shown
    assert "inference/0 goes on at 77\n" in shown
    verified = CliRunner().invoke(command, ["verify", "-c", file_config])
    assert verified.output == f"{previous(path)} is whole\n"
    assert f"{path} {words}: the next run goes on from {previous(path)}" in str(verified.exception)
    assert verified.exception.exit_code == 1


def test_show_says_that_a_run_has_met_a_damaged_one_as_long_as_that_is_there(tmp_path, file_config):
    path = snapshot(tmp_path)
    save(path, moved(path, 99))
    path.write_bytes(b"torn")
    recover(path)
    save(path, moved(path, 99))
    shown = CliRunner().invoke(command, ["show", "-c", file_config]).output
    assert re.search(
        r"^! .*snapshot\.torn was not whole: a run went on from the one before it at 20\d\d-", shown, re.MULTILINE
    )
    assert CliRunner().invoke(command, ["reset", "--yes", "-c", file_config]).exit_code == 0
    assert not (path.parent / "snapshot.torn").exists()


def test_show_and_verify_say_that_there_is_nothing_to_fall_back_on(tmp_path, file_config):
    path = snapshot(tmp_path)
    save(path, moved(path, 99))
    previous(path).write_bytes(b"torn")
    shown = CliRunner().invoke(command, ["show", "-c", file_config]).output
    assert f"! {previous(path)} is not whole: nothing to fall back on, until the next saving" in shown
    verified = CliRunner().invoke(command, ["verify", "-c", file_config])
    assert str(verified.exception) == f"{previous(path)} is not whole"


def test_show_says_what_is_still_to_be_told_by_which_sink_and_how_far_was_judged(tmp_path, file_config):
    path = snapshot(tmp_path)
    event = msgspec.to_builtins(INCIDENT.event("opened", 0, 1, reference=None, runbook=None))
    pending = {"credit": [["slack", event], ["pagerduty", event], ["slack", event]]}
    save(path, moved(path, 99, pending=pending, unsent=[["credit", event]], judged=4, slot=10_000))
    shown = CliRunner().invoke(command, ["show", "-c", file_config]).output
    assert "4 messages still to be told (not handed to a sink yet 1, pagerduty 1, slack 2)" in shown
    assert "judged through 1970-01-01T00:00:50Z" in shown


def test_a_snapshot_of_the_future_is_no_younger_than_now(tmp_path, file_config):
    path = snapshot(tmp_path)
    later = time.time() + 7_200
    os.utime(path, (later, later))
    shown = CliRunner().invoke(command, ["show", "-c", file_config]).output
    assert re.search(r"saved [\d,]+ s in the future \(was a clock put back\?\)", shown)


def test_verify_says_which_files_beside_were_changed_and_refuses_answers_that_are_gone(tmp_path, file_config):
    path = snapshot(tmp_path)
    for name in ("dead-letters.jsonl", "verdicts.jsonl", "answers.jsonl"):
        (path.parent / name).write_bytes(b"x" * 40)
    end = [40, zlib.crc32(b"x" * 40)]
    sides = {"shadow": {"partitions": [["answers.jsonl", 0, 40, 0, 0, [], 40]]}}
    written = {str(path.parent / "verdicts.jsonl"): end}
    save(path, moved(path, 99, dead_letters=end, written=written, sides=sides), twice=True)
    verified = CliRunner().invoke(command, ["verify", "-c", file_config])
    assert (verified.output, verified.exit_code) == (f"{path} is whole\n{previous(path)} is whole\n", 0)
    for name in ("dead-letters.jsonl", "verdicts.jsonl"):
        (path.parent / name).write_bytes(b"y" * 50)
    verified = CliRunner().invoke(command, ["verify", "-c", file_config])
    assert verified.output.count("was changed since: a run leaves it alone, and goes on at its end") == 2
    assert verified.exit_code == 0
    (path.parent / "answers.jsonl").write_bytes(b"x" * 39)
    verified = CliRunner().invoke(command, ["verify", "-c", file_config])
    assert "answers.jsonl ends before 40" in str(verified.exception)
    assert verified.exception.exit_code == 1


def test_several_things_that_are_wrong_are_all_said(tmp_path, file_config):
    path = snapshot(tmp_path)
    sides = {"shadow": {"partitions": [["answers.jsonl", 0, 40, 0, 0, [], 40]]}}
    save(path, moved(path, 99, sides=sides))
    previous(path).write_bytes(b"torn")
    wrong = str(CliRunner().invoke(command, ["verify", "-c", file_config]).exception).splitlines()
    assert [line.split()[0] for line in wrong] == [str(path.parent / "answers.jsonl"), str(previous(path))]


def test_show_says_when_nothing_is_remembered(tmp_path, file_config):
    assert (
        f"nothing is remembered in {tmp_path / 'state'}"
        in CliRunner().invoke(command, ["show", "-c", file_config]).output
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"slot": 5_000}, "was counted in slots of 5s, the configuration says slot: 10s"),
        (
            {"partitions": [["others", 0, 7, 0, 0, [], 7]]},
            "was counted of topic others, the configuration says topic a",
        ),
    ],
)
def test_show_and_verify_say_what_a_run_would_refuse_in_its_words(tmp_path, found, words):
    path = snapshot(tmp_path)
    save(path, remembered_state(path) | found)
    source = {"type": "kafka", "bootstrap_servers": "127.0.0.1:1", "topics": ["a"]}
    written = config(tmp_path, source, slot="10s")
    shown = CliRunner().invoke(command, ["show", "-c", written])
    verified = CliRunner().invoke(command, ["verify", "-c", written])
    with pytest.raises(SnapshotError) as refused:
        resumed(load(Path(written), secrets=False))
    assert f"! {refused.value}" in shown.output.splitlines()
    assert str(verified.exception) == str(refused.value)
    assert words in str(refused.value)
    assert (shown.exit_code, verified.exception.exit_code) == (0, 1)


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
