from __future__ import annotations

import json
from random import Random

import pytest
from labels_world import LABELS, REQUESTS, world

from monitor.cli.main import main


def test_a_file_that_holds_no_labels_ends_a_replay_in_words(configured, tmp_path, capsys):
    requests = tmp_path / "requests.jsonl"
    requests.write_bytes(b"\n".join(m.value for m in world(30, 1, wrong=lambda _: 0.05).requests[REQUESTS]) + b"\n")
    assert main(["replay", str(requests), "-c", str(configured()), "--labels", str(requests)]) == 1
    words = capsys.readouterr().err
    assert "labels: 100 % of the last 1,000 records are unusable" in words
    assert f"Is {requests} the right file?" in words


@pytest.fixture
def replayed(configured, tmp_path, capsys):
    """Return a function that replays 2,000 requests with labels, and returns the exit code and the last words."""

    def replay(change=lambda labels: labels, *options):
        made = world(20, 1, wrong=lambda _: 0.05)
        requests, labels = tmp_path / "requests.jsonl", tmp_path / "labels.jsonl"
        requests.write_bytes(b"\n".join(m.value for m in made.requests[REQUESTS]) + b"\n")
        told = change([json.loads(m.value) for m in made.labels[LABELS]])
        labels.write_text("".join(f"{json.dumps(label)}\n" for label in told))
        code = main(["replay", str(requests), "-c", str(configured()), "--labels", str(labels), *options])
        return code, capsys.readouterr().err

    return replay


def test_a_file_of_labels_may_be_in_any_order(replayed):
    assert (
        "2,000 predictions with a label judged\n" in replayed(lambda labels: Random(0).sample(labels, len(labels)))[1]
    )
    assert "2,000 predictions with a label judged\n" in replayed(lambda labels: labels[::-1])[1]


def test_the_last_words_say_what_became_of_the_labels(replayed):
    def change(labels):
        first, last = labels[0], labels[-1]
        contradiction = first | {"label": {"spam": "mail", "mail": "spam"}[first["label"]], "time": last["time"]}
        return [*labels[:-1], contradiction, last | {"model": "other"}, last | {"id": "nobody"}]

    words = "1,999 predictions with a label judged, 1 without a prediction within labels.wait, "
    assert words + "1 that differ from the one used, 1 of another model\n" in replayed(change)[1]


@pytest.mark.parametrize("other", [{"id": "nobody"}, {"model": "other"}, {"time": 0}])
def test_a_gate_fails_where_no_label_joins(replayed, other):
    code, words = replayed(lambda labels: [label | other for label in labels], "--fail-on", "critical")
    assert code == 1
    assert "no label was joined to a prediction, so nothing is said of them by --fail-on" in words
