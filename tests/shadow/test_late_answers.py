"""Answers that come too late to be judged are counted and said."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from shadow_world import ANSWERS, MODEL, answer_log, asked, messages, section

from monitor.cli.main import main
from monitor.observers import MetricsObserver
from monitor.reference.store import Store

DAY = 86_400


@pytest.fixture(scope="module")
def answers(reference):
    """A log of 600 answers."""
    found = asked(Store(reference).accepted(), section(), messages(200, 7), lambda _: 0.0)
    return answer_log(found, Random(1))[ANSWERS]


def ahead(message):
    """Return the answer as if it had been written a day later."""
    answer = msgspec.json.decode(message.value)
    return message._replace(value=msgspec.json.encode(answer | {"time": answer["time"] + DAY}))


def of_another(message):
    return message._replace(value=message.value.replace(MODEL.encode(), b"other"))


def test_what_comes_behind_a_stamp_far_ahead_is_counted_as_late(started, answers):
    pipeline = started({ANSWERS: [*answers[:300], ahead(answers[300]), *answers[301:]]}, Random(1))
    pipeline.run()
    (side,), judged = pipeline.parts.sides, pipeline.parts.models[0].shadow.judge.records
    (shown,) = [observer.metrics for observer in pipeline.parts.observers if isinstance(observer, MetricsObserver)]
    assert (side.counts.read, side.counts.late) == (600, 299)
    assert judged == 301
    assert {s.value for s in shown.shadow_late.collect()[0].samples} == {299.0}


def test_what_did_not_come_late_yet_is_shown_as_0(started, answers):
    observers = started({ANSWERS: answers}, Random(1)).parts.observers
    (shown,) = [observer.metrics for observer in observers if isinstance(observer, MetricsObserver)]
    assert [(s.labels, s.value) for s in shown.shadow_late.collect()[0].samples] == [({"model": MODEL}, 0.0)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda answer: answer, "600 read, 0 late, 0 of other models, 0 unusable"),
        (ahead, "600 read, 299 late, 0 of other models, 0 unusable"),
        (of_another, "600 read, 0 late, 1 of other models, 0 unusable"),
        (lambda answer: answer._replace(value=b"{"), "600 read, 0 late, 0 of other models, 1 unusable"),
    ],
)
def test_a_replay_says_how_many_answers_it_read_and_what_was_not_judged(configured, answers, capsys, change, said):
    path = configured()
    log = [*answers[:300], change(answers[300]), *answers[301:]]
    for name, lines in (("requests.jsonl", messages(200, 7)), ("answers.jsonl", log)):
        path.with_name(name).write_bytes(b"".join(m.value + b"\n" for m in lines))
    given = ["replay", str(path.with_name("requests.jsonl")), "-c", str(path)]
    assert main([*given, "--answers", str(path.with_name("answers.jsonl"))]) == 0
    assert f"shadow answers: {said}" in capsys.readouterr().err.splitlines()


def test_a_process_whose_answers_all_come_late_says_so(started, answers):
    pipeline = started({ANSWERS: [ahead(answers[0]), *answers[1:]]}, Random(1))
    (side,) = pipeline.parts.sides
    assert side.trouble() is None
    pipeline.run()
    assert side.trouble() == "answers are stamped before what is judged already; was a clock set back?"
