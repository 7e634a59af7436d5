"""Processes that share the work share the budget and the topic of answers, and say what hinders them."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from fake_source import FakeSource
from shadow_world import MODEL, START

from monitor.parts import Now
from monitor.replicas.answers import CountingAnswers
from monitor.replicas.topics import beside, wanted
from monitor.shadow.budget import DAY_MS, QueryBudget, shared_budget
from monitor.shadow.build import parts_of_answers

NOW = Now(0.0, START)


class Quiet:
    """Asks, writes and counts nothing; says a word where something hinders it."""

    def __init__(self):
        self.budgets = {0: QueryBudget(4.0, 1_000, 4)}
        self.words, self.closed = None, 0

    def trouble(self):
        return self.words

    def close(self):
        self.closed += 1


@pytest.fixture
def counting(shared):
    """Who counts answers beside records of which it has three of four partitions; and who asks, writes, counts late."""
    main = SimpleNamespace(
        apart=SimpleNamespace(counting="1"),
        clock=lambda: NOW,
        stopping=threading.Event(),
        source=SimpleNamespace(counts=lambda: {"t": 4}, partitions=lambda: set(range(3))),
        parts=SimpleNamespace(
            models=[SimpleNamespace(name=MODEL, shadow=True, layouts={})], sides=[], observers=[], letters=None
        ),
    )
    main.parts.idle_timeout = 60.0
    parts = parts_of_answers(main, shared(), FakeSource())
    hindered = [Quiet() for _ in range(3)]
    return CountingAnswers(parts, main, *hindered), *hindered


def test_of_the_budget_a_process_has_as_much_as_of_the_partitions(counting):
    one, asker, *_ = counting
    one.follow(NOW)
    (budget,) = asker.budgets.values()
    assert budget.share == 0.75
    one.main.source.counts = dict  # nobody knows how many there are
    one.follow(NOW)
    assert budget.share == 0.0


def test_what_hinders_answers_is_said_whichever_part_it_hinders(counting):
    one, *parts = counting
    assert one.trouble() is None
    for part in parts:
        part.words = "away"
        assert one.trouble() == "away"
        part.words = None
    one.source.words = "gone"
    assert one.trouble() == "gone"


def test_who_is_to_end_asks_nothing_more_and_lets_go_of_the_topic(counting):
    one, asker, log, _ = counting
    one.close()
    assert asker.closed
    assert log.closed
    assert one.source.closed


def test_a_day_gives_no_more_than_its_queries_however_often_processes_begin_anew():
    spent = 0
    for begin in range(0, DAY_MS, DAY_MS // 48):
        for share in (0.25, 0.75):
            budget = shared_budget(5.0, 1_000, 4)
            budget.share = share
            for second in range(0, DAY_MS // 48 // 1000, 7):
                now = Now(float(second), begin + second * 1000)
                while budget.take(4, now):
                    spent += 4
    assert 700 < spent <= 1_000


def test_answers_go_to_a_topic_of_the_group_unless_another_is_named_and_only_that_is_made(shared):
    own = shared(answers=None)
    assert beside(own) == {"shadow": ("g.answers",)}
    assert beside(shared()) == {"shadow": ("answers",)}
    assert sorted(wanted(own)) == ["g.answers", "g.state", "g.tallies"]
    assert sorted(wanted(shared())) == ["g.state", "g.tallies"]
    assert shared().answers_source().group_id == own.answers_source().group_id == "g.answers"
