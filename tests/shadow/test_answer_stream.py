from __future__ import annotations

from random import Random

import pytest
from left_behind import forget, harmed, plain
from shadow_world import MODEL, answer_log, asked, messages, section

from monitor.reference.store import Store
from monitor.state import snapshot


@pytest.fixture(scope="module")
def answers(reference):
    """Return a function that returns what a model answers that is so fragile from some record on."""
    known = Store(reference).accepted()
    kept = {}

    def answer(count, fragile=0.0, since=0, **what):
        key = (count, fragile, since, *sorted(what.items()))
        if key not in kept:
            log = messages(count, 7, **what)
            kept[key] = asked(known, section(), log, lambda n: fragile if n >= since else 0.0)
        return kept[key]

    return answer


@pytest.fixture
def lived(started, told):
    """Return a function that runs a log of answers to its end and returns what was told, and the judge's state."""

    def live(log, seed=0):
        pipeline = started(log, Random(seed))
        pipeline.run()
        return told(), pipeline.parts.models[0].shadow.judge.state()

    return live


def test_an_unchanged_model_is_quiet(lived, answers):
    events, state = lived(answer_log(answers(4_000), Random(1)))
    assert events == []
    assert state["records"] == 3 * 4_000


def test_inputs_nearer_to_the_boundary_are_no_fragility(lived, answers):
    near = answers(2_000, near=0.5)
    shares = [a.flipped for a in near if a.check == "noise"]
    assert sum(shares) / len(shares) > 0.11  # accepted: 6.3 %
    assert lived(answer_log(near, Random(1)))[0] == []


def test_a_fragile_model_is_told_within_a_thousand_queries(lived, answers):
    (opened, *_), _ = lived(answer_log(answers(1_500, fragile=1.0, since=700), Random(1)))
    assert opened["event"] == "opened"
    assert {signal["group"] for signal in opened["signals"]} == {"robustness"}
    assert opened["records"] - 3 * 700 <= 1_000


@pytest.mark.parametrize("seed", range(3))
def test_however_it_is_read_the_same_log_tells_the_same(lived, answers, seed, tmp_path):
    log = answer_log(answers(1_500, fragile=1.0, since=700), Random(2), parts=2, mess=True)
    once = lived(log, 0)
    forget(tmp_path)
    again = lived(log, seed + 1)
    assert again[0] == once[0] != []
    assert plain(again[1]) == plain(once[1])


@pytest.fixture
def undisturbed(lived, answers, tmp_path):
    """A log in which a model becomes fragile, and what it tells a process that lives to its end."""
    log = answer_log(answers(1_500, fragile=1.0, since=700), Random(2), parts=2, mess=True)
    ended = lived(log)
    forget(tmp_path)
    return log, *ended


class DiedError(Exception):
    """The process is gone."""


@pytest.mark.parametrize("seed", range(5))
def test_whenever_it_dies_the_same_log_tells_the_same(started, undisturbed, told, monkeypatch, seed):
    log, events, state = undisturbed
    rng, left = Random(seed), 0

    def dying(*given, **more):
        nonlocal left
        for effect in (lambda: None, lambda: saving(*given, **more)):
            effect()
            left -= 1
            if left == 0:
                raise DiedError

    saving = snapshot.save
    monkeypatch.setattr(snapshot, "save", dying)
    deaths = 0
    for effects in [*(rng.randrange(1, 20) for _ in range(12)), 10**9]:
        left = effects
        pipeline = started(log, rng)
        try:
            pipeline.run()
        except DiedError:
            deaths += 1
            left = 10**9
            for dispatcher in pipeline.parts.outbox.dispatchers.values():
                dispatcher.close(5.0)  # what was handed over is told: nobody can take it back
            if seed >= 3:
                harmed(pipeline.parts.outbox.path, rng)
    assert deaths > 5
    assert told() == events != []
    assert plain(pipeline.parts.models[0].shadow.judge.state()) == plain(state)


def test_what_is_no_answer_is_a_dead_letter_and_stops_nothing(lived, answers, tmp_path):
    log = answer_log(answers(1_500), Random(3), mess=True)
    _, state = lived(log)
    assert state["records"] == 3 * 1_500  # answers that were written twice count once
    letters = (tmp_path / "state" / "dead-letters.jsonl").read_text().splitlines()
    (lines,) = log.values()
    odd = [line for line in lines if MODEL.encode() not in line.value and b"other" not in line.value]
    assert len(letters) == len(odd) > 20
