"""Answers that several processes count, and whoever has the model judges, tell what they tell one process."""

from __future__ import annotations

import zlib
from random import Random
from types import SimpleNamespace

import pytest
from left_behind import forget, plain
from shadow_world import MODEL, REQUESTS, SHADOW, START, answer_log, asked, messages, section

from monitor.assembly import parts_of, watched_models
from monitor.counting.apart import Apart
from monitor.counting.handover import Marker, decode, encode
from monitor.counting.merging import Merging, Reached
from monitor.counting.tally import Layout
from monitor.delivery.dispatcher import Dispatcher, close_all
from monitor.http.metrics import Metrics
from monitor.parts import Now
from monitor.reference.store import Store
from monitor.replicas.counting_digest import counting_digest
from monitor.replicas.desk import Desk
from monitor.replicas.memory import Memory
from monitor.replicas.opening import Opening
from monitor.shadow.reading import AnswerReader
from monitor.state import snapshot

NOW = Now(0.0, START)
STAMPED = SimpleNamespace(stamped=True)


@pytest.fixture
def log(reference):
    """Answers of a model that becomes fragile, with what happens in life."""
    answers = asked(Store(reference).accepted(), section(), messages(1_500, 7), lambda n: 1.0 if n >= 700 else 0.0)
    return answer_log(answers, Random(2), parts=2, mess=True)


class Counting:
    """Processes that count partitions of one topic, and lose them at times."""

    def __init__(self, timing, layout, decoder, logs, rng):
        self.timing, self.layout, self.decoder, self.logs, self.rng = timing, layout, decoder, logs, rng
        self.committed = {}
        self.begin()

    def begin(self):
        """Let another process take all partitions over."""
        self.apart = Apart(self.timing, [self.layout], [MODEL], "1")
        for where in self.logs:
            self.apart.add(where, 0.0, self.committed.get(where))

    def read(self, most):
        where = self.rng.choice(sorted(self.logs))
        here = max(0, self.apart.wanted.get(where, 0))
        if block := self.logs[where][here : here + self.rng.randrange(1, most)]:
            self.apart.fold(where, self.decoder.decode(block), 0.0)

    def hand_over(self):
        through = self.apart.published_through()
        topic = next(iter(self.logs)).topic
        handed = [*self.apart.tallies(), *self.apart.markers({topic: len(self.logs)}, {})]
        if self.rng.random() < 0.2:
            self.begin()  # killed before it has committed
        else:
            self.apart.handed_over(through)
            self.committed = self.apart.remembered()
        return [encode(message) for message in handed]

    @property
    def left(self):
        return any(self.apart.wanted.get(where, 0) < len(log) for where, log in self.logs.items())

    def end(self):
        for where in self.logs:
            self.apart.close_idle(where)


def handed(config, answers, seed):
    """Return what processes that count requests and answers write, one after the other."""
    rng = Random(seed)
    (model,) = watched_models(config, "")
    parts = parts_of(config, [model], STAMPED)
    timing, requests = parts["partitions"].timing, {REQUESTS: messages(100, 9)}
    both = [
        Counting(timing, model.layout, parts["decoder"], requests, rng),
        Counting(timing, model.layouts["shadow"], AnswerReader([MODEL], stamped=True), answers, rng),
    ]
    out = []
    while any(each.left for each in both):
        each = rng.choice(both)
        for _ in range(rng.randrange(1, 4)):
            each.read(300)
        out += each.hand_over()
    for each in both:
        each.end()
        while True:
            committed = each.committed
            out += each.hand_over()
            if each.committed is not committed:
                break
            while each.left:
                each.read(300)
            each.end()
    return out


@pytest.fixture
def several(shared, log):
    """Return a function that returns what processes write that count the answers, and die at times."""
    return lambda seed: handed(shared(), log, seed)


@pytest.fixture
def desk(shared):
    """Return a function that opens the desk of the model as it was left."""
    config = shared()

    def open_(remembered=None):
        opening = Opening(config, "1", 1, Metrics("0"))
        (one,) = opening.open(0, {MODEL: remembered} if remembered else {}).values()
        return one

    return open_


def read(one, messages_, end):
    """Let a desk read on to an offset, and tell."""
    for offset in range(one.next, end):
        for _verdict in one.take(offset, decode(messages_[offset], 0), NOW):
            pass
    one.hand_over()


@pytest.fixture
def alone(started, told, log, tmp_path):
    """What one process tells of the answers, and what it remembers."""
    pipeline = started(log, Random(1))
    pipeline.run()
    found = told(), plain(pipeline.parts.models[0].shadow.judge.state())
    forget(tmp_path)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_whoever_dies_several_tell_of_answers_what_one_process_tells(alone, told, several, desk, seed):
    events, state = alone
    messages_, rng = several(seed), Random(seed)
    one, saved = desk(), None
    while one.next < len(messages_):
        read(one, messages_, min(len(messages_), one.next + rng.randrange(1, 60)))
        if rng.random() < 0.6:
            saved = snapshot.unpacked(snapshot.packed(one.state()))
        if rng.random() < 0.3:
            close_all([one.dispatcher], 5.0)
            one = desk(saved)
    close_all([one.dispatcher], 5.0)
    assert told() == events != []
    assert plain(one.model.shadow.judge.state()) == state


def test_records_and_answers_wait_for_no_partition_of_each_other(several, desk):
    messages_ = several(0)
    for topic, judged in (
        (REQUESTS.topic, lambda one: one.merging.judged),
        ("answers", lambda one: one.beside["shadow"].judged),
    ):
        whole, alone = desk(), desk()
        read(whole, messages_, len(messages_))
        only = [message for message in messages_ if decode(message, 0).topic == topic]
        read(alone, only, len(only))
        assert judged(alone) == judged(whole) > 0


def test_what_hinders_who_reads_answers_is_told_though_it_reads_no_records(desk):
    one = desk()
    hindered = Marker("answers", 0, 1, "1", 1, None, trouble={"quality.shadow": "no shadow answers for 10 min: away"})
    read(one, [encode(hindered)], 1)
    one.look(NOW)
    (event,) = one.unsent
    assert (event.severity, event.signals[0].signal) == ("error", "quality.shadow")


def test_a_restart_reads_on_where_neither_has_anything_open(desk):
    one = desk()
    answers = Marker("answers", 0, 1, "1", 9, 5)
    records = Marker(REQUESTS.topic, 0, 1, "1", 9, 5)
    tallied = b'{"kind": "tally", "topic": "answers", "partition": 0, "slot": 7, "model": "loans", "counting": "1", '
    read(one, [encode(answers), tallied + b'"first": 9, "end": 10, "cells": [[0, 1]]}', encode(records)], 3)
    assert (one.merging.resume().offset, one.resume(), one.next) == (3, 1, 3)
    again = desk(snapshot.unpacked(snapshot.packed(one.state())))
    assert again.next == 1


def test_of_two_records_of_a_model_the_one_that_judged_more_answers_counts(monkeypatch):
    def state(judged):
        beside = {"shadow": {"reached": {"offset": 5}, "judged": judged}}
        return {"reached": {"offset": 5}, "judged": 7, "heard": 0, "version": 1, "beside": beside}

    records = [(b"m", zlib.compress(snapshot.packed(state(judged)))) for judged in (7, 8, 7)]
    memory = Memory({}, "state", None)
    monkeypatch.setattr(memory, "_records", lambda _: records)
    assert memory.read(0)["m"]["beside"]["shadow"]["judged"] == 8


def test_answers_that_are_counted_otherwise_do_not_add_up(shared):
    one = shared()
    others = [
        shared(SHADOW | {"checks": SHADOW["checks"][:1]}),
        shared(privacy={"hash_key": "another one than the others"}),
        shared(group="other"),
    ]
    digests = [counting_digest(each, watched_models(each, ""), 3) for each in (one, *others)]
    assert len(set(digests)) == len(digests)
    cheaper = shared(SHADOW | {"share": 0.5, "budget": {"per_second": 1}})  # changes what is asked, not what is counted
    assert counting_digest(cheaper, watched_models(cheaper, ""), 3) == digests[0]


def test_of_a_model_that_is_not_asked_only_how_far_answers_are_is_remembered(shared, several):
    messages_ = several(0)
    (model,) = watched_models(shared(), "", answers=False)
    merging = Merging(MODEL, model.layout, [REQUESTS.topic], "1", at=Reached())
    beside = {"shadow": Merging(MODEL, Layout([]), ["answers"], "1", at=Reached())}
    one = Desk(model, merging, Dispatcher([], lambda *_: None), 600.0, beside=beside)
    only = [message for message in messages_ if isinstance(decode(message, 0), Marker)]
    read(one, only, len(only))
    assert one.state()["shadow"] is None
    assert {topic for topic, _ in one.beside["shadow"].markers} == {"answers"}
    assert one.resume() == len(only)
