"""Labels joined from a log that several processes write give what one process finds in its own file."""

from __future__ import annotations

from random import Random

import pytest
from joined_halves import SECRET, lives
from labels_world import contradicted, ended, reused, world
from left_behind import forget, plain

from monitor.config.loading import load

SHORT = {"labels": {"source": {"type": "file", "path": "labels"}, "wait": "2m"}}
OFTEN = {"deaths": 0.1, "zombies": 0.5}
KEYED = {"privacy": {"hash_key": SECRET}}


def doubles(number):
    return 0.05 if number < 2_000 else 0.2


def by_id(events):
    return {event["id"]: event for event in events}


@pytest.fixture
def alone(started, tmp_path):
    """Return a function that runs one process on a world: what it told, what its judge knows, each slot's tally."""

    def live(made, **settings):
        pipeline = started(made, Random(0), **KEYED, **settings)
        side, pairs = pipeline.parts.sides[0], {}
        told = side.judge_tally

        def judge(model, slot, tally):
            pairs[slot] = tally.cells.tolist()
            told(model, slot, tally)

        side.judge_tally = judge
        pipeline.run()
        end = ended(pipeline, tmp_path)
        forget(tmp_path)
        return end.events, plain(end.state), pairs

    return live


@pytest.fixture
def shared(configured, tmp_path):
    def live(made, seed, *, odds, **settings):
        config = load(configured(**KEYED, **settings), secrets=False)
        join, told, pairs = lives(config, made, tmp_path, seed, **odds)
        return join, by_id(told), pairs

    return live


WORLDS = {
    "plain": lambda: world(50, 4, wrong=doubles, parts=2),
    "mess": lambda: world(50, 4, wrong=doubles, parts=2, mess=True),
    "ids again": lambda: reused(world(50, 5, wrong=doubles, parts=2, mess=True), 1_500),
    "contradicted": lambda: contradicted(world(50, 6, wrong=doubles, parts=2), after=45, share=0.2),
}


@pytest.mark.parametrize("which", WORLDS)
@pytest.mark.parametrize("seed", range(2))
def test_whoever_dies_or_wakes_up_the_pairs_are_those_of_one_process(alone, shared, which, seed):
    made = WORLDS[which]()
    events, state, pairs = alone(made, **SHORT)
    join, told, found = shared(made, seed, odds=OFTEN, **SHORT)
    assert found == pairs != {}
    assert join.records == state
    assert {each["id"] for each in told.values()} == {each["id"] for each in events}


def test_where_too_many_wait_the_share_is_halved_in_the_same_slots(alone, shared):
    made = world(50, 7, wrong=doubles, parts=2, delays=(100,))
    labels = {"source": {"type": "file", "path": "labels"}, "wait": "10m", "max_pending": 1_000}
    _, state, pairs = alone(made, labels=labels)
    join, _, found = shared(made, 3, odds=OFTEN, labels=labels)
    assert found == pairs != {}
    assert join.records == state


def test_killed_anywhere_the_same_is_remembered(shared):
    made = world(40, 8, wrong=doubles, parts=2, mess=True)
    kept = [shared(made, 5, odds={"deaths": deaths})[0].joining.state() for deaths in (0.0, 0.15)]
    assert [each["judged"] for each in kept] == [kept[0]["judged"]] * 2
    assert [each["held"] for each in kept] == [kept[0]["held"]] * 2


@pytest.mark.parametrize("seed", range(3))
def test_halves_that_come_behind_their_slot_are_the_same_to_whoever_takes_over(shared, seed):
    made = world(40, 9, wrong=doubles, parts=2, mess=True)
    _, _, pairs = shared(made, seed, odds={**OFTEN, "idle": 0.3}, **SHORT)  # it compares what each slot is judged by
    assert pairs
