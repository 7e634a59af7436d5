"""The end of an incident says what it was opened as, where its headline became another."""

from __future__ import annotations

import pytest
from incident_findings import Told, finding, points, w

from monitor.demo.show import _in_lines
from sinks.blocks import blocks
from sinks.stdout import in_words

THREE = ("feature.income", "feature.age", "feature.debt")


def _ended(policy, *names):
    """Return the event that tells the end."""
    policy.judge.back = set(names)
    ((_, resolved),) = policy.quiet([23])
    return resolved


@pytest.fixture
def policy():
    return Told(resolve_after=0)


@pytest.fixture
def grown(policy):
    """What is told of an incident that one feature opens, two more join, and that is over."""
    events = policy.slot(20, finding("feature.income", 20))
    events += policy.slot(21, finding("feature.age", 20), finding("feature.debt", 20))
    return [*events, _ended(policy, *THREE)]


def test_where_others_joined_the_end_says_what_it_was_opened_as(grown):
    opened, *_, resolved = grown
    assert (opened.summary, opened.notes) == ("income shifted up", ())
    assert resolved.summary == "3 features shifted up: age, debt, income"
    assert resolved.notes == ("opened as: income shifted up",)


def test_text_slack_and_the_demo_show_it(grown):
    resolved = grown[-1]
    assert "Note        opened as: income shifted up" in in_words(resolved, colours=False, width=110)
    assert "opened as: income shifted up" in str(blocks(resolved))
    assert "opened as: income shifted up" in _in_lines(resolved, 30.0, (), drawn=())


def test_a_size_that_is_left_out_at_the_end_is_no_other_headline(policy):
    (opened,) = policy.slot(20, finding("quality.missing.x", 20, points(4), "missing"))
    resolved = _ended(policy, "quality.missing.x")
    assert opened.summary != resolved.summary
    assert resolved.notes == ()


def test_who_of_many_is_named_first_is_no_other_headline(policy):
    (opened,) = policy.slot(
        20, *(finding(name, 20, w(size)) for name, size in zip(THREE, (0.4, 0.3, 0.2), strict=True))
    )
    policy.slot(21, finding("feature.debt", 20, w(0.45)))
    resolved = _ended(policy, *THREE)
    assert (opened.summary, resolved.summary) == (
        "3 features shifted up: income, age, debt",
        "3 features shifted up: debt, income, age",
    )
    assert resolved.notes == ()


def test_it_is_remembered_over_a_restart(policy):
    policy.slot(20, finding("feature.income", 20))
    after = Told(resolve_after=0)
    after.policy.restore(policy.policy.state())
    after.slot(21, finding("feature.age", 20))
    assert _ended(after, *THREE).notes == ("opened as: income shifted up",)
