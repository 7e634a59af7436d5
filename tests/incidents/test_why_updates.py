"""An update says first why it comes."""

from __future__ import annotations

from incident_findings import Told, finding, w

from sinks.wording import message


def test_an_update_says_why_it_comes_and_only_that_one():
    policy = Told(resolve_after=0)
    opened = policy.slot(20, finding("feature.income", 20))[0]
    graver = policy.slot(21, finding("feature.income", 20, w(0.5)), finding("feature.age", 20))[0]
    policy.judge.back = {"feature.income", "feature.age"}
    resolved = policy.quiet([23])[0][1]
    assert (opened.notes, resolved.notes) == ((), ("opened as: income shifted up",))
    assert graver.notes == ("now error, was warning", "new: age shifted up")


def test_an_update_says_first_why_it_comes_though_nothing_moved():
    policy = Told("nobody accepted this reference yet", remind_every=3_600_000)
    policy.slot(0, versions={"6": 100})
    policy.slot(20, finding("feature.income", 20), versions={"6": 100})
    policy.slot(21, versions={"7": 100})
    noted, reminded = (event for _, event in policy.quiet(range(22, 450)))
    began = "model version 7 began at 1970-01-01T00:03:30Z, while this was open"
    assert noted.notes == (began, "nobody accepted this reference yet")
    assert reminded.notes == (
        "nothing new: told again because it is still open",
        "nobody accepted this reference yet",
        began,
    )


def test_that_nobody_accepted_the_reference_is_shown_however_much_was_noted():
    """A message shows five notes."""
    policy = Told("nobody accepted this reference yet", remind_every=3_600_000)
    policy.slot(0, versions={"6": 100})
    policy.slot(20, finding("feature.income", 20), versions={"6": 100})
    for slot in range(21, 27):
        policy.slot(slot, versions={str(slot): 100})
    _, reminded = (event for _, event in policy.quiet(range(27, 450)))
    assert len(reminded.notes) > 5
    assert "nobody accepted this reference yet" in message(reminded).notes
