"""The end of an incident says what it was opened as, where its headline became another."""

from __future__ import annotations

import pytest
from incident_findings import Told, finding, points
from msgspec.structs import replace

from monitor.demo.show import _in_lines
from monitor.incidents.opened import Opened
from sinks.blocks import blocks
from sinks.stdout import in_words


@pytest.fixture
def grown():
    """What is told of an incident that one feature opens, two more join, and that is over."""
    policy = Told(resolve_after=0)
    events = policy.slot(20, finding("feature.income", 20))
    events += policy.slot(21, finding("feature.age", 20), finding("feature.debt", 20))
    policy.judge.back = {"feature.income", "feature.age", "feature.debt"}
    return [*events, *(event for _, event in policy.quiet([23]))]


def test_where_others_joined_the_end_says_what_it_was_opened_as(grown):
    opened, *_, resolved = Opened().noted(grown)
    assert (opened.summary, opened.notes) == ("income shifted up", ())
    assert resolved.summary == "3 features shifted up: age, debt, income"
    assert resolved.notes == ("opened as: income shifted up",)


def test_text_slack_and_the_demo_show_it(grown):
    resolved = Opened().noted(grown)[-1]
    assert "Note        opened as: income shifted up" in in_words(resolved, colours=False, width=110)
    assert "opened as: income shifted up" in str(blocks(resolved))
    assert "opened as: income shifted up" in _in_lines(resolved, 30.0, (), drawn=())


def test_a_size_that_is_left_out_at_the_end_is_no_other_headline():
    policy, heads = Told(resolve_after=0), Opened()
    (opened,) = heads.noted(policy.slot(20, finding("quality.missing.x", 20, points(4), "missing")))
    policy.judge.back = {"quality.missing.x"}
    (resolved,) = heads.noted([event for _, event in policy.quiet([23])])
    assert opened.incident == resolved.incident
    assert resolved.notes == ()


def test_who_of_many_is_named_is_no_other_headline(grown):
    _, *_, resolved = grown
    opened = replace(resolved, event="opened", summary="3 features shifted up: income, age, debt")
    heads = Opened()
    heads.noted([opened])
    assert heads.noted([resolved]) == [resolved]


def test_it_is_remembered_over_a_restart(grown):
    before, after = Opened(), Opened()
    before.noted(grown[:1])
    after.restore(before.state())
    *_, resolved = after.noted(grown[1:])
    assert resolved.notes == ("opened as: income shifted up",)
    assert after.state() == {}
