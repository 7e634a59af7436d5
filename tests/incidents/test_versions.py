"""A new model version is the first thing to look at."""

from __future__ import annotations

import msgspec
from incident_findings import SLOT, Told, finding

from monitor.incidents.policy import MOST_NOTES
from monitor.incidents.versions import KEPT, Versions

HOUR = 3_600_000


def test_a_version_that_began_shortly_before_is_noted():
    policy = Told()
    policy.slot(0, versions={"6": 100})
    policy.slot(18, versions={"6": 90, "7": 10})
    event = policy.slot(20, finding("feature.income", 20), versions={"7": 100})[0]
    assert event.version == "7"
    assert event.notes == ("model version 7 began at 1970-01-01T00:03:00Z: look at that release first",)


def test_one_that_begins_while_an_incident_is_open_is_noted_and_told():
    policy = Told()
    policy.slot(0, versions={"6": 100})
    opened = policy.slot(20, finding("feature.income", 20), versions={"6": 100})[0]
    assert opened.notes == ()
    policy.slot(30, versions={"6": 50, "7": 50})
    updated = policy.quiet(range(31, 60))[0][1]
    assert updated.notes == ("model version 7 began at 1970-01-01T00:05:00Z, while this was open",)


def test_a_version_that_began_a_while_before_is_noted_as_no_more_than_that():
    policy = Told()
    policy.slot(0, versions={"6": 100})
    policy.slot(18, versions={"7": 100})
    event = policy.slot(18 + 150, finding("feature.income", 18 + 150), versions={"7": 100})[0]
    assert event.notes == ("model version 7 began at 1970-01-01T00:03:00Z, 25 min before",)


def test_of_several_releases_the_last_before_the_onset_is_noted():
    policy = Told()
    policy.slot(0, versions={"5": 100})
    policy.slot(10, versions={"6": 100})
    policy.slot(20, versions={"7": 100})
    policy.slot(60, versions={"8": 100})
    event = policy.slot(61, finding("feature.income", 24), versions={"8": 100})[0]
    assert event.notes == ("model version 7 began at 1970-01-01T00:03:20Z: look at that release first",)


def rolled_back(policy):
    """Version 7 is there for a minute and a half, and 6 again after it."""
    policy.slot(0, versions={"6": 100})
    for slot in range(10, 19):
        policy.slot(slot, versions={"7": 100})
    for slot in range(19, 50):
        policy.slot(slot, versions={"6": 100})


def test_a_version_that_is_gone_again_is_named_and_not_blamed():
    policy = Told()
    rolled_back(policy)
    event = policy.slot(50, finding("feature.income", 50), versions={"6": 100})[0]
    assert event.notes == (
        "model version 7 began at 1970-01-01T00:01:40Z and was last seen at 1970-01-01T00:03:00Z, before this",
    )


def test_what_began_while_it_was_there_is_still_laid_at_its_door():
    policy = Told()
    rolled_back(policy)
    event = policy.slot(50, finding("feature.income", 15), versions={"6": 100})[0]
    assert event.notes == ("model version 7 began at 1970-01-01T00:01:40Z: look at that release first",)


def test_a_release_that_is_there_is_named_before_one_that_came_later_and_is_gone():
    policy = Told()
    policy.slot(0, versions={"6": 100})
    policy.slot(10, versions={"7": 100})
    policy.slot(12, versions={"7": 90, "8": 10})
    for slot in range(13, 50):
        policy.slot(slot, versions={"7": 100})
    event = policy.slot(50, finding("feature.income", 50), versions={"7": 100})[0]
    assert event.notes == ("model version 7 began at 1970-01-01T00:01:40Z: look at that release first",)


def test_an_incident_soon_after_another_reference_counts_says_so_over_a_restart_too():
    policy = Told()
    policy.slot(0, versions={"6": 100})
    policy.policy.close_all(5_000, 100, "another reference was promoted")
    policy.slot(30)
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(policy.policy.state()))
    policy.policy.restore(kept)
    event = policy.slot(40, finding("feature.income", 38))[0]
    assert event.notes == ("another reference was promoted: judged anew since 1970-01-01T00:05:00Z",)
    policy.policy.close_all(410_000, 4_100, "another reference was promoted")
    policy.slot(50)
    later = 51 + HOUR // SLOT
    assert policy.slot(later, finding("feature.income", later))[0].notes == ()


def test_those_there_from_the_start_did_not_begin():
    policy = Told()
    policy.slot(19, versions={"6": 50, "7": 50})
    assert policy.slot(20, finding("feature.income", 20), versions={"6": 50, "7": 50})[0].notes == ()


def test_one_that_began_long_before_is_not_noted():
    policy = Told()
    policy.slot(0, versions={"6": 100})
    policy.slot(10, versions={"7": 100})
    later = 10 + HOUR // SLOT + 1
    assert policy.slot(later, finding("feature.income", later), versions={"7": 100})[0].notes == ()


def test_the_version_of_an_incident_is_that_of_most_records():
    policy = Told()
    assert policy.slot(20, finding("feature.income", 20), versions={"6": 49, "7": 51})[0].version == "7"
    assert Told().slot(20, finding("feature.income", 20))[0].version is None


def test_versions_never_stop_being_noted():
    """One version stays beside a long row of others; the newest is noted, the old one is not new again."""
    versions = Versions()
    versions.add({"main": 100}, 0)
    for day in range(1, 3 * KEPT):
        assert versions.add({"main": 90, f"canary-{day}": 10}, day * HOUR) == [f"canary-{day}"]
        assert len(versions.first_seen) <= KEPT
    assert versions.first_seen["main"] == 0
    restored = msgspec.convert(msgspec.msgpack.decode(msgspec.msgpack.encode(versions)), Versions)
    assert list(restored.first_seen) == list(versions.first_seen)


def test_a_version_number_new_in_every_record_does_not_fill_the_incident():
    policy = Told()
    policy.slot(0, versions={"6": 100})
    policy.slot(20, finding("feature.income", 20), versions={"6": 100})
    for slot in range(21, 200):
        policy.slot(slot, versions={f"{slot}-{i}": 1 for i in range(16)})
    assert len(policy.policy.incidents[0].notes) == MOST_NOTES
