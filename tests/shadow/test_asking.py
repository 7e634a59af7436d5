from __future__ import annotations

import json
import threading
from collections import Counter

import numpy as np
import pytest
from shadow_world import MODEL, REQUESTS, messages, model, section, sure_of

from monitor.counting.fold import Folded
from monitor.formats.decoder import Decoder
from monitor.parts import Now
from monitor.reference.store import Store
from monitor.shadow.answers import AnswerFile
from monitor.shadow.asking import OUTCOMES, WAITING, Asker
from monitor.shadow.budget import QueryBudget
from monitor.shadow.endpoint import InProcess, Unanswered
from monitor.shadow.probing import Prober
from monitor.shadow.stamping import Stamps

BLOCK = 100


@pytest.fixture(scope="module")
def known(reference):
    return Store(reference).accepted()


@pytest.fixture
def asking(known, tmp_path):
    """Return a function that makes an asker; its counts are in `counts`, its answers in `answers`."""
    made = []

    def make(endpoint=None, *, share=1.0, budget=None):
        own = section(share=share)
        log = AnswerFile(tmp_path / "answers.jsonl")
        counts: Counter[tuple[str, str]] = Counter()
        asker = Asker(
            {0: Prober(MODEL, known, own, endpoint or model())},
            {0: budget or filled(10**9)},
            log,
            Stamps(600_000),
            clock=lambda: Now(0.0, 1_000),
            count=lambda _model, check, outcome, n: counts.update({(check, outcome): n}),
        )
        asker.counts = counts
        made.append((asker, log))
        return asker

    yield make
    for asker, log in made:
        asker.close()
        log.close()


def filled(queries):
    """Return a budget with so many queries in its bucket."""
    budget = QueryBudget(float(queries), 10**9, 1)
    budget.take(0, Now(-1.0, 0))
    return budget


def show(asker, known, log, block=BLOCK, done=0):
    """Let the asker look at a log, block by block, all of whose records count."""
    decoder = Decoder({MODEL: known.schema}, stamped=False)
    for start in range(0, len(log), block):
        decoded = decoder.decode(log[start : start + block])
        asker.counted(REQUESTS, decoded, Folded(fresh={0: [np.arange(len(decoded.batches[0]))]}, done=done))
        settle(asker)


def settle(asker):
    """Wait until nothing is awaited any more."""
    waited = threading.Event()
    while not asker.idle:
        waited.wait(0.001)


def answers(folder):
    lines = (folder / "answers.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_every_change_of_a_chosen_record_is_answered_and_so_is_the_record_itself(asking, known, tmp_path):
    show(asking(), known, messages(20, 1), block=20)
    found = answers(tmp_path)
    assert Counter(a["check"] for a in found) == {"skew": 20, "noise": 20, "monotone.income": 20}
    assert all((a["flipped"] is None) == (a["check"] == "skew") != (a["skew"] is None) for a in found)
    assert {a["time"] for a in found} == {1.0}


def test_what_has_not_happened_yet_is_counted_as_0(asking):
    assert dict(asking().counts) == {
        (check, outcome): 0 for check in ("skew", "noise", "monotone.income") for outcome in OUTCOMES
    }


def test_answers_hold_no_values_and_no_ids(asking, known, tmp_path):
    log = messages(20, 1)
    show(asking(), known, log, block=20)
    text = (tmp_path / "answers.jsonl").read_text()
    for message in log:
        record = json.loads(message.value)
        assert f'"{record["id"]}"' not in text
        assert str(record["features"]["income"]) not in text
    assert answers(tmp_path)[0].keys() == {
        "id", "time", "model", "version", "check", "severity", "flipped", "skew", "confidence",
    }  # fmt: skip


@pytest.mark.parametrize("block", [1, 7, 50])
def test_the_same_records_are_asked_in_the_same_way_however_they_are_cut(asking, known, tmp_path, block):
    log = messages(300, 2)
    show(asking(share=0.2), known, log, block=50)
    once = {(a["id"], a["check"], a["flipped"]) for a in answers(tmp_path)}
    (tmp_path / "answers.jsonl").unlink()
    show(asking(share=0.2), known, log, block=block)
    assert {(a["id"], a["check"], a["flipped"]) for a in answers(tmp_path)} == once
    assert 3 * 30 < len(once) < 3 * 90


def test_records_of_several_slots_in_one_block_are_asked_under_their_own_ids(asking, known, tmp_path):
    log = messages(20, 1)
    show(asking(), known, log, block=20)
    once = {(a["id"], a["check"], a["flipped"], a["confidence"]) for a in answers(tmp_path)}
    (tmp_path / "answers.jsonl").unlink()
    asker = asking()
    decoded = Decoder({MODEL: known.schema}, stamped=False).decode(log)
    asker.counted(REQUESTS, decoded, Folded(fresh={0: [np.arange(1, 20, 2), np.arange(0, 20, 2)]}))
    settle(asker)
    assert {(a["id"], a["check"], a["flipped"], a["confidence"]) for a in answers(tmp_path)} == once


def test_records_without_an_id_are_asked_under_their_place_in_the_log(asking, known, tmp_path):
    log = [m._replace(value=json.dumps({**json.loads(m.value), "id": None}).encode()) for m in messages(20, 1)]
    show(asking(), known, log, block=20)
    once = {a["id"] for a in answers(tmp_path)}
    (tmp_path / "answers.jsonl").unlink()
    show(asking(), known, log, block=3)
    assert {a["id"] for a in answers(tmp_path)} == once
    assert len(once) == 20


def test_what_was_asked_before_a_restart_is_not_asked_again(asking, known, tmp_path):
    show(asking(), known, messages(20, 1), block=20, done=15)
    assert len(answers(tmp_path)) == 3 * 5


def test_an_endpoint_that_hangs_holds_up_nobody_and_what_does_not_fit_is_dropped(asking, known):
    released = threading.Event()

    def hanging(rows):
        released.wait()
        return model().ask(rows)

    asker = asking(InProcess(hanging))
    decoded = Decoder({MODEL: known.schema}, stamped=False).decode(messages(200, 1))
    asker.counted(REQUESTS, decoded, Folded(fresh={0: [np.arange(200)]}))  # returns, though nobody answers
    assert asker.counts["noise", "dropped"] == 200 - WAITING
    assert not asker.idle
    released.set()
    settle(asker)
    assert asker.counts["noise", "answered"] == WAITING


def test_whoever_never_answers_is_trouble_and_whoever_answers_late_is_none(asking, known):
    released, times = threading.Event(), [0.0]

    def hanging(rows):
        released.wait()
        return model().ask(rows)

    asker = asking(InProcess(hanging))
    asker.clock = lambda: Now(times[0], 1_000)
    decoded = Decoder({MODEL: known.schema}, stamped=False).decode(messages(200, 1))
    folded = Folded(fresh={0: [np.arange(200)]})
    asker.counted(REQUESTS, decoded, folded)
    assert asker.trouble() is None
    times[0] = 11.0
    assert asker.trouble() == f"{MODEL}: what was asked 11 s ago is not answered yet"
    released.set()
    settle(asker)
    assert asker.trouble() is None
    times[0] = 1_000.0
    assert asker.trouble() is None  # nothing is asked, so nothing is awaited


def test_what_the_budget_does_not_allow_is_not_asked(asking, known, tmp_path):
    show(asking(budget=filled(10)), known, messages(20, 1), block=20)
    assert len(answers(tmp_path)) == 9  # three records with three queries each


@pytest.mark.parametrize("odd", [RuntimeError("x"), Unanswered("server_error", "the endpoint answered 500")])
def test_whatever_goes_wrong_is_counted_and_the_next_is_asked(asking, known, tmp_path, odd):
    turns = iter(range(10**6))

    class Moody:
        def ask(self, rows):
            if next(turns) % 2:
                raise odd
            return model().ask(rows)

        def close(self):
            """Nothing to let go of."""

    asker = asking(Moody())
    show(asker, known, messages(20, 1), block=1)
    outcome = "garbage" if isinstance(odd, RuntimeError) else "server_error"
    assert asker.counts["skew", "answered"] == asker.counts["skew", outcome] == 10
    assert len(answers(tmp_path)) == 30
    assert MODEL in asker.trouble()
    show(asker, known, messages(21, 1)[20:], block=1)
    assert asker.trouble() is None


def test_a_disk_that_takes_nothing_is_counted_and_told(asking, known, tmp_path, monkeypatch):
    asker = asking()
    monkeypatch.setattr("os.write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    show(asker, known, messages(2, 1), block=1)
    monkeypatch.undo()
    assert asker.counts["skew", "unwritten"] == 2
    assert "No space left" in asker.trouble()
    assert "No space left" in asker.answers.trouble()
    assert answers(tmp_path) == []


def test_records_that_are_not_what_the_model_takes_are_not_asked(asking, known, tmp_path):
    log = messages(4, 1)
    odd = json.loads(log[0].value)
    odd["features"]["income"] = "much"
    log[0] = log[0]._replace(value=json.dumps(odd).encode())
    del odd["features"]["income"]
    log[1] = log[1]._replace(value=json.dumps(odd).encode())
    show(asking(), known, log, block=4)
    assert len(answers(tmp_path)) == 3 * 2


def test_an_answer_that_differs_from_what_was_logged_is_skew(asking, known, tmp_path):
    show(asking(model(fragile=2.0)), known, messages(200, 4), block=50)
    differs = [a["skew"] for a in answers(tmp_path) if a["check"] == "skew"]
    assert sum(differs) / len(differs) > 0.1


def test_a_model_that_falls_where_it_should_rise_is_found(known):
    own = section()
    falling = Prober(MODEL, known, own, model(fragile=3.0))
    batch = Decoder({MODEL: known.schema}, stamped=False).decode(messages(50, 1)).batches[0]
    for position in range(50):
        question = falling.question(batch, position, batch.ids[position])
        (change,) = [c for c in falling.changes(question) if c.check == "monotone.income"]
        (answer,) = [a for a in falling.ask(question) if a.check == "monotone.income"]
        rises = sure_of(change.row, 3.0) - sure_of(question.row, 3.0)
        assert answer.flipped == (rises * change.direction < -1e-6)
