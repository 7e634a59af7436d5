"""A person sees what waits, and says a word that is written down."""

from __future__ import annotations

import json

import msgspec
import pytest
from click.testing import CliRunner

from monitor.cli.retrain import command
from monitor.remembered import remembered_state
from monitor.retraining.ledger import Case, Ledger
from monitor.retraining.rules import run_id
from monitor.state.lock import lock
from monitor.state.migration import VERSION
from monitor.state.operator_log import FILE, LONGEST, heard
from monitor.state.snapshot import save
from monitor.types import Word

WAITING, DONE = run_id("credit", "weekly", "inc_1"), run_id("credit", "weekly", "inc_0")


@pytest.fixture
def folder(tmp_path):
    """A configuration with a rule, and a snapshot in which one run waits, one is done and one does not hold long."""
    rule = {"name": "weekly", "action": {"type": "webhook", "url": "${NOT_SET_HERE}"}, "approval": True}
    source = {"type": "file", "path": "x.jsonl"}
    config = {"model": "credit", "source": source, "reference": "reference", "retrain": [rule]}
    (tmp_path / "seawall.yaml").write_text(json.dumps(config))
    (tmp_path / "state").mkdir()
    cases = {
        "inc_0": Case(0, "fired"),
        "inc_1": Case(0, "waiting", "features at error for 1h"),
        "inc_2": Case(60_000),
        "inc_3": Case(None, "held", "an attack is open"),
    }
    ledgers = msgspec.to_builtins({"weekly": Ledger([3_600_000], cases)})
    models = {
        "credit": {
            "reference": "sha256:1",
            "signals": [],
            "judge": {},
            "policy": {},
            "conditions": {},
            "retraining": {"ledgers": ledgers, "begins": {}},
        }
    }
    content = remembered_state(tmp_path / "none") | {"version": VERSION, "models": models}
    save(tmp_path / "state" / "snapshot", content)
    return tmp_path


def seawall(folder, *arguments):
    return CliRunner().invoke(command, [*arguments, "-c", str(folder / "seawall.yaml")])


def test_list_says_what_every_rule_waits_for(folder):
    shown = seawall(folder, "list")
    assert shown.exit_code == 0
    assert shown.output.splitlines() == [
        "credit: weekly by webhook, last run decided 1970-01-01T01:00:00Z",
        f"  {DONE} credit weekly inc_0 fired: ",
        f"  {WAITING} credit weekly inc_1 waiting: features at error for 1h",
        f"  {run_id('credit', 'weekly', 'inc_2')} credit weekly inc_2 holds since 1970-01-01T00:01:00Z",
        f"  {run_id('credit', 'weekly', 'inc_3')} credit weekly inc_3 held: an attack is open, calm now",
    ]


def test_list_without_a_rule_says_so(folder):
    config = json.loads((folder / "seawall.yaml").read_text())
    (folder / "seawall.yaml").write_text(json.dumps({**config, "retrain": []}))
    assert "no rule for retraining in" in seawall(folder, "list").output


@pytest.mark.parametrize("word", ["approve", "reject"])
def test_a_word_is_written_into_the_log_with_who_and_why(folder, word):
    said = seawall(folder, word, WAITING, "--by", "ann", "--why", "it is spring")
    assert said.exit_code == 0
    assert f"{word} {WAITING} written to {folder / 'state' / FILE}" in said.output
    assert "no `seawall run` uses this state now" in said.output
    ((found,), _) = heard(folder / "state", 0)
    assert found == Word(word, "credit", WAITING, "ann", found.time, "it is spring")


def test_where_a_monitor_runs_it_is_not_said_that_none_does(folder):
    with lock(folder / "state"):
        assert "no `seawall run`" not in seawall(folder, "approve", WAITING, "--by", "ann").output


@pytest.mark.parametrize("run", ["run_unknown", DONE, run_id("credit", "weekly", "inc_2")])
def test_what_does_not_wait_is_refused_and_nothing_is_written(folder, run):
    refused = seawall(folder, "approve", run, "--by", "ann")
    assert refused.exit_code == 2
    assert f"{run} does not wait. Waiting: {WAITING}" in refused.output
    assert not (folder / "state" / FILE).exists()


def test_a_word_too_long_to_be_heard_is_refused_and_nothing_is_written(folder):
    refused = seawall(folder, "approve", WAITING, "--by", "ann", "--why", "x" * LONGEST)
    assert refused.exit_code == 2
    assert "too long" in refused.output
    assert "xxx" not in refused.output
    assert not (folder / "state" / FILE).exists()


def test_nobodys_word_is_refused(folder):
    assert "Missing option '--by'" in seawall(folder, "approve", WAITING).output


def test_the_snapshot_is_left_as_it_is(folder):
    before = (folder / "state" / "snapshot").read_bytes()
    seawall(folder, "approve", WAITING, "--by", "ann")
    assert (folder / "state" / "snapshot").read_bytes() == before
