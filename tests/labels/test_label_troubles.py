"""Ids that come again, labels that contradict each other, labels that join nothing, a file that is not what it was."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
from random import Random

import pytest
from click.testing import CliRunner
from labels_world import LABELS, MODEL, World, contradicted, message, reused, world
from left_behind import forget, plain

from monitor.cli.state import command
from monitor.counting.sampling import digest, key_of
from monitor.errors import SnapshotError


def five(_):
    return 0.05


@pytest.mark.parametrize("most", [7, 5_000])
def test_ids_that_come_again_are_judged_once_within_the_wait_whatever_the_polls(lived, tmp_path, most):
    made = reused(world(30, 1, wrong=five, parts=2, mess=True), 500)
    once = lived(made)
    assert once.joined + lived.became["conflicting"] == 500
    forget(tmp_path)
    again = lived(made, seed=1, most=most)
    assert again.events == once.events
    assert plain(again.state) == plain(once.state)


@pytest.mark.parametrize(("after", "outcome"), [(0, "conflicting"), (60, "contradicted")])
def test_labels_that_contradict_each_other_are_counted_and_told(lived, after, outcome):
    end = lived(contradicted(world(40, 2, wrong=five, delays=[5]), after=after, share=0.2))
    found = lived.became[outcome]
    assert 700 < found < 900
    assert end.joined == 4_000 - (found if outcome == "conflicting" else 0)
    told = end.events[0]
    assert told["summary"].startswith("contradicting labels: ")
    assert {(s["signal"], s["group"]) for s in told["signals"]} == {("labels.conflicts", "labels")}


def test_a_correction_now_and_then_is_no_incident(lived):
    end = lived(contradicted(world(60, 3, wrong=five), after=60, share=0.005), tolerance={"labels.conflicts": 1})
    assert 10 < lived.became["contradicted"] < 60
    assert end.events == []


def test_the_same_label_twice_in_a_slot_is_a_duplicate_and_of_two_models_none_is(lived):
    made = world(20, 4, wrong=five)
    log = made.labels[LABELS]
    log[:] = [message(LABELS, [], json.loads(each.value), each.timestamp) for each in log for _ in range(2)]
    log[:] = [each._replace(offset=place) for place, each in enumerate(log)]
    assert lived(made).joined == 2_000
    assert lived.became["conflicting"] == lived.became["contradicted"] == 0


def test_labels_that_come_late_or_name_another_model_are_counted(lived):
    made = world(30, 5, wrong=five)
    log = made.labels[LABELS]
    last = json.loads(log[-1].value)["time"]
    for record in ({"time": last - 120}, {"model": "other"}):
        log.append(message(LABELS, log, {"id": "r1", "label": "spam", "time": last} | record, log[-1].timestamp))
    lived(made)
    assert (lived.became["late"], lived.became["ignored"]) == (1, 1)


def renamed(made: World) -> World:
    """Return the world in which labels have ids of their own."""
    log = made.labels[LABELS]
    own = [json.loads(each.value) for each in log]
    other = [json.dumps(label | {"id": f"x{label['id']}"}).encode() for label in own]
    log[:] = [each._replace(value=value) for each, value in zip(log, other, strict=True)]
    return made


def test_labels_of_which_none_joins_are_told_once_predictions_waited_in_vain(started):
    labels = {"source": {"type": "file", "path": "labels"}, "wait": "1m"}
    for made, words in ((world(30, 6, wrong=five), None), (renamed(world(30, 6, wrong=five)), "found a prediction")):
        pipeline = started(made, Random(0), labels=labels)
        pipeline.run()
        said = pipeline.parts.sides[0].trouble()
        assert (words is None and said is None) or (words in said and "Other ids" in said and len(said) < 190)
        for path in pipeline.parts.outbox.path.parent.iterdir():
            path.unlink()


def test_labels_of_predictions_from_before_the_monitor_are_no_trouble(started):
    pipeline = started(renamed(world(30, 6, wrong=five)), Random(0))
    pipeline.run()
    assert pipeline.parts.sides[0].trouble() is None


def upto(made: World, slots: int) -> World:
    """Return what had come after so many slots."""
    logs = {where: log[: 100 * slots] for where, log in made.requests.items()}
    return World(logs, {where: log[: 90 * slots] for where, log in made.labels.items()})


def test_a_share_that_was_changed_counts_from_the_next_start(lived):
    made = world(60, 7, wrong=five, delays=[5])
    source = {"type": "file", "path": "labels"}
    first = lived(upto(made, 20), labels={"source": source, "share": 0.1}).joined
    assert 100 < first < 300
    assert 3_500 < lived(made, labels={"source": source, "share": 1.0}).joined < 4_500


@pytest.fixture
def left(lived, configured, tmp_path):
    """Return the folder that a life has left behind, in which predictions wait."""
    lived(upto(world(60, 8, wrong=five, delays=[300]), 40))
    return tmp_path / "state"


def verified(folder):
    return CliRunner().invoke(command, ["verify", "-c", str(folder.parent / "seawall.yaml")])


def remove(file):
    for path in file.parent.glob("labels.sqlite*"):
        path.unlink()


def tear(file):
    file.write_bytes(b"garbage" * 1_000)


def exchange(file):
    remove(file)
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.executescript("CREATE TABLE life (generation, commits); INSERT INTO life VALUES ('x', 99)")


def age(file):
    shutil.copy(file.with_name("older"), file)


TROUBLES = [
    (remove, "is gone, and the snapshot counts on it"),
    (tear, r"is damaged \(file is not a database\)"),
    (exchange, "is not the file that the snapshot counts on"),
    (age, "is older than the snapshot"),
]


@pytest.mark.parametrize(("harm", "words"), TROUBLES)
def test_a_file_that_is_not_what_the_snapshot_counts_on_is_refused_and_can_be_let_go_of(
    left, lived, started, harm, words
):
    assert verified(left).exit_code == 0
    shutil.copy(left / "labels.sqlite", left / "older")
    made = world(60, 8, wrong=five, delays=[300])
    before = lived(upto(made, 50)).joined
    harm(left / "labels.sqlite")
    with pytest.raises(SnapshotError, match=f"labels.sqlite {words}.* seawall state reset --labels"):
        started(made, Random(0))
    assert re.search(words, str(verified(left).exception))
    reset = ["reset", "--labels", "--yes", "-c", str(left.parent / "seawall.yaml")]
    assert CliRunner().invoke(command, reset).exit_code == 0
    assert verified(left).exit_code == 0
    assert lived(made).joined >= before > 0


def test_ids_that_wait_are_hashed_under_the_key_of_the_references_and_another_key_is_refused(left, started, accepted):
    secret = (accepted / "hash-key").read_bytes()
    with contextlib.closing(sqlite3.connect(left / "labels.sqlite")) as db:
        waiting = {key for (key,) in db.execute("SELECT id FROM prediction")}
    assert waiting & {digest(f"r{number}", key_of(secret)) for number in range(4_000)} == waiting != set()
    pipeline = started(world(60, 8, wrong=five), Random(0))
    labels = pipeline.parts.sides[0]
    with pytest.raises(SnapshotError, match="hashed under another key"):
        labels.restore(labels.state() | {"key": "another"})
    pipeline.run()


def test_a_retraining_is_held_while_labels_contradict_each_other(started):
    made = contradicted(world(60, 3, wrong=lambda number: 0.05 if number < 2_000 else 0.4), after=0, share=0.3)
    rule = {"name": "trainer", "action": {"type": "webhook", "url": "http://127.0.0.1:9/"}, "when": {"for": "10s"}}
    pipeline = started(made, Random(0), retrain=[rule])
    pipeline.run()
    metrics = pipeline.parts.outbox.metrics.registry

    def decided(outcome):
        return metrics.get_sample_value(
            "seawall_retrain_total", {"model": MODEL, "rule": "trainer", "outcome": outcome}
        )

    assert decided("held") == 1
    assert decided("fired") == 0
