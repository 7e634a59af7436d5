"""The second stage of one model: killed anywhere in the log of tallies it tells and remembers what it would have."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
import traffic
from msgspec.structs import replace

from monitor.assembly import parts_of, watched_models
from monitor.config.loading import load
from monitor.counting import trail
from monitor.counting.apart import Apart
from monitor.counting.handover import Marker, Spoken, decode, encode
from monitor.counting.markers import SILENT_AFTER
from monitor.counting.merging import Merging, Reached
from monitor.delivery.dispatcher import Dispatcher
from monitor.parts import Now
from monitor.replicas.desk import UNCOUNTED, Desk, reached_of
from monitor.state import snapshot
from monitor.types import Message, Partition, partition_names

PARTITIONS = 3
TOPIC = "t"
NOW = Now(0.0, traffic.START)
COUNTING = "0"


@pytest.fixture
def settings(configured):
    return load(configured(), secrets=False)


@pytest.fixture
def handed(settings) -> list[bytes]:
    """What a process that counts writes, a second of records at a time."""
    models = watched_models(settings, "")
    parts = parts_of(settings, models, _Stamped())
    names = [model.name for model in models]
    apart = Apart(parts["partitions"].timing, [model.layout for model in models], names, COUNTING)
    logs: dict[Partition, list[Message]] = {Partition(TOPIC, number): [] for number in range(PARTITIONS)}
    for record in traffic.traffic(60, seed=8, changed=range(15, 60), change=traffic.higher_income):
        where = Partition(TOPIC, int(record["id"][1:]) * 7 % 11 % PARTITIONS)
        stamp = traffic.START + int(record["id"][1:]) * traffic.EVERY
        logs[where].append(Message(*where, len(logs[where]), stamp, None, traffic.lines([record]).strip()))
    for partition in logs:
        apart.add(partition, 0.0)
    out: list[bytes] = []
    for start in range(0, 2_000, 40):
        for partition, log in logs.items():
            if log[start : start + 40]:
                apart.fold(partition, parts["decoder"].decode(log[start : start + 40]), 0.0)
        through = apart.published_through()
        out += map(encode, apart.tallies())
        out += map(encode, apart.markers({TOPIC: PARTITIONS}, {}))
        apart.handed_over(through)
    return out


class _Stamped:
    stamped = True


def desk(settings: Any, remembered: dict[str, Any] | None = None) -> Desk:
    (model,) = watched_models(settings, "")
    told: list[Any] = []
    at, judged = Reached(), {}
    if remembered is not None:
        told = model.restore(remembered, NOW.wall)
        at, judged = reached_of(remembered["reached"]), {"judged": remembered["judged"]}
    merging = Merging(model.name, model.layout, [TOPIC], COUNTING, at=at, **judged)
    one = Desk(model, merging, Dispatcher([], lambda *_: None), 600.0, told)
    if remembered is not None and one.trails is not None:
        one.trails = trail.from_plain(remembered["trails"])
    return one


def read(one: Desk, log: list[bytes], end: int) -> list[dict[str, Any]]:
    """Let a desk read on to an offset; return what it tells."""
    for offset in range(one.merging.next, end):
        for _verdict in one.take(offset, decode(log[offset], 0), NOW):
            pass
    return [msgspec.to_builtins(event) for event in one.hand_over()]


def test_killed_anywhere_it_tells_the_same_and_remembers_the_same(settings, handed):
    unkilled = desk(settings)
    told = read(unkilled, handed, len(handed))
    assert [event["event"] for event in told] == ["opened"]
    rng = Random(3)
    one, saved, again = desk(settings), desk(settings).state(), []
    while one.merging.next < len(handed):
        again += read(one, handed, min(len(handed), one.merging.next + rng.randrange(1, 60)))
        if rng.random() < 0.6:
            saved = snapshot.unpacked(snapshot.packed(one.state()))
        if rng.random() < 0.5:
            one = desk(settings, saved)
    assert list({event["id"]: event for event in again}.values()) == told
    assert snapshot.packed(one.state()) == snapshot.packed(unkilled.state())


def test_tallies_told_again_or_in_another_order_of_partitions_change_nothing(settings, handed):
    once = desk(settings)
    told = read(once, handed, len(handed))
    rng = Random(5)
    messages: list[bytes] = []
    for value in handed:
        messages.append(value)
        messages += [rng.choice(messages) for _ in range(rng.random() < 0.3)]  # late repeats, markers among them
    repeated = desk(settings)
    assert read(repeated, messages, len(messages)) == told
    assert snapshot.packed(repeated.model.state()) == snapshot.packed(once.model.state())


def test_what_hinders_a_process_that_counts_is_told_until_it_ends(settings):
    one = desk(settings)
    marker = Marker(TOPIC, 0, 1, COUNTING, 1, None, trouble={"quality.progress": "judging waits: partition t/0"})
    read(one, [encode(marker)], 1)
    one.look(NOW)
    (event,) = one.hand_over()
    assert (event.event, event.severity, event.summary) == ("opened", "critical", "judging waits: partition t/0")
    one.look(NOW)
    assert one.hand_over() == []
    for _verdict in one.take(1, replace_trouble(marker), NOW):
        pass
    one.look(NOW)
    (event,) = one.hand_over()
    assert (event.event, event.signals[0].signal) == ("resolved", "quality.progress")


def replace_trouble(marker: Marker) -> Marker:
    return msgspec.structs.replace(marker, offset=2, trouble={})


def test_silence_everywhere_is_told(settings):
    one = desk(settings)
    one.look(NOW)
    one.look(replace_now(599.0))
    assert one.hand_over() == []
    one.look(replace_now(600.0))
    (event,) = one.hand_over()
    assert (event.event, event.severity, event.signals[0].signal) == ("opened", "error", "quality.freshness")


def test_a_partition_that_holds_up_the_others_is_named(settings, handed):
    one = desk(settings)
    without = [value for value in handed if decode(value, 0).partition != 1]
    read(one, without, len(without))
    one.look(replace_now(599.0))
    assert one.hand_over() == []
    one.look(replace_now(600.0))
    (event,) = [each for each in one.hand_over() if each.signals[0].signal == "quality.progress"]
    assert event.summary == f"judging waits for {TOPIC}/1: no slot closed there for 10 min. {UNCOUNTED}"


def test_a_takeover_alone_does_not_end_that_nothing_is_judged(settings, handed):
    one = desk(settings)
    without = [value for value in handed if decode(value, 0).partition != 1]
    read(one, without, len(without))
    one.look(NOW)
    one.look(replace_now(600.0))
    assert "quality.progress" in one.model.conditions.open
    two = desk(settings)
    two.model.restore(one.model.state(), NOW.wall)
    two.look(NOW)
    assert "quality.progress" in two.model.conditions.open
    read(two, handed, len(handed))
    two.look(replace_now(1.0))
    assert "quality.progress" not in two.model.conditions.open


def test_a_partition_that_nobody_counts_is_said_before_judging_has_waited_for_long(settings):
    one = desk(settings)
    there = [Marker(TOPIC, number, 2, COUNTING, 1, 5) for number in (0, 1)]
    for offset, marker in enumerate([*there, replace(there[0], stamp=SILENT_AFTER + 1)]):
        assert list(one.take(offset, marker, NOW)) == []
    assert one.uncounted(NOW) is None
    assert one.uncounted(replace_now(45.0)) == (
        f"nobody has counted {TOPIC}/1 for 45 s. Does a process without `replicas` read in their group?"
    )
    assert list(one.take(3, replace(there[1], stamp=SILENT_AFTER + 2), NOW)) == []
    assert one.uncounted(replace_now(46.0)) is None


def replace_now(seconds: float) -> Now:
    return NOW._replace(steady=seconds, wall=NOW.wall + int(seconds * 1000))


RULE = {
    "name": "weekly",
    "action": {"type": "webhook", "url": "https://ci.example/train", "secrets": ["${NOT_SET_HERE}"]},
    "when": {"for": "1m"},
    "approval": True,
}


@pytest.fixture
def asking(configured):
    """With a rule that waits for a person."""
    return load(configured(retrain=[RULE]), secrets=False)


def outcomes(told: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(each["event"], each["approved_by"]) for each in told if "run_id" in each]


@pytest.fixture
def waiting(asking, handed) -> tuple[str, int]:
    """The run that waits, and the offset behind the message with which it began to."""
    one = desk(asking)
    for end in range(1, len(handed)):
        if found := [each["run_id"] for each in read(one, handed, end) if "run_id" in each]:
            return found[0], end
    pytest.fail("nothing waits")


def word(run: str, what: Any = "approve", by: str = "ann", model: str = traffic.MODEL) -> bytes:
    return encode(Spoken(what, model, run, by, "2026-01-01T00:00:00Z", "it is spring"))


@pytest.mark.parametrize("further", [0, 1, 7, 50])
def test_a_word_counts_where_it_stands_between_tallies_and_said_again_it_counts_once(asking, handed, waiting, further):
    run, at = waiting
    at += further
    log = [*handed[:at], word(run), word(run, by="bob"), word(run, "reject"), *handed[at:], word(run, "reject")]
    one = desk(asking)
    before = read(one, log, at)
    assert outcomes(before) == [("waiting", None)]
    (_note, trigger) = read(one, log, at + 1)
    assert outcomes([trigger]) == [("fired", "ann")]
    ends = [each["until"] for each in before if "run_id" in each]
    assert trigger["until"] >= ends[0]
    assert outcomes(read(one, log, len(log))) == []


def test_a_word_about_what_does_not_wait_here_decides_nothing(asking, handed, waiting):
    run, at = waiting
    early = [word(run), *handed, word("run_unknown"), word(run, model="another")]
    assert outcomes(read(desk(asking), early, len(early))) == [("waiting", None)]
    late = [*handed[:at], word(run, "reject"), *handed[at:], word(run)]
    assert outcomes(read(desk(asking), late, len(late))) == [("waiting", None), ("rejected", None)]


def test_taken_over_at_any_offset_a_word_decides_what_it_would_have(asking, handed, waiting):
    run, at = waiting
    log = [*handed[:at], word("run_unknown"), *handed[at : at + 20], word(run), word(run), *handed[at + 20 :]]
    unkilled = desk(asking)
    told = read(unkilled, log, len(log))
    assert outcomes(told) == [("waiting", None), ("fired", "ann")]
    for cut in range(at - 10, at + 40):
        one = desk(asking)
        first = read(one, log, cut)
        one = desk(asking, snapshot.unpacked(snapshot.packed(one.state())))
        assert first + read(one, log, len(log)) == told
        assert snapshot.packed(one.state()) == snapshot.packed(unkilled.state())


def test_a_word_said_too_early_is_not_heard_again_by_whoever_reads_it_again_once_it_would_count(
    asking, handed, waiting
):
    run, at = waiting
    read_again = 0
    for before in range(1, 13):
        log = [*handed[: at - before], word(run), *handed[at - before : at + 20]]
        one = desk(asking)
        assert outcomes(read(one, log, at + 1)) == [("waiting", None)]
        again = desk(asking, snapshot.unpacked(snapshot.packed(one.state())))
        read_again += again.merging.next <= at - before
        assert outcomes(read(again, log, len(log))) == []
    assert read_again, "none of the words was"


def test_a_long_list_of_partitions_says_how_many_more_there_are():
    assert partition_names([Partition("t", number) for number in range(5)]) == "t/0, t/1, t/2, t/3, t/4"
    assert partition_names([Partition("t", number) for number in range(7)]) == "t/0, t/1, t/2, t/3, t/4 and 2 more"
