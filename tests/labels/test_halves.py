from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.counting.sampling import bound_of, digest, halved, share_of
from monitor.errors import SnapshotError
from monitor.labels.halves import Halves
from monitor.labels.rows import Half, LabelHalf

WAIT = 10
ALL = bound_of(1.0)
HALF = st.tuples(st.sampled_from("pl"), st.sampled_from("abc"), st.integers(0, 30), st.sampled_from("xy"))
"""A prediction or a label, of few ids, so that they come again within the wait and behind it."""


def halves(*, only="m", bound=ALL):
    return Halves(None, WAIT, bound, only=only, key=b"k" * 32)


def said(pairs):
    return sorted((p.prediction, p.label, p.conflicting) for p in pairs)


@pytest.mark.parametrize(("predicted", "labelled"), [(3, 5), (5, 3), (5, 5)])
def test_a_pair_belongs_to_the_later_of_its_slots(predicted, labelled):
    kept = halves()
    kept.predict("m", [Half("a", predicted, "yes")])
    kept.label([LabelHalf("a", labelled, "no")])
    assert {slot: said(kept.pairs("m", slot)) for slot in (3, 4, 5, 6) if kept.pairs("m", slot)} == {
        5: [("yes", "no", False)]
    }


def test_ids_are_one_however_they_are_spelled_and_are_not_kept():
    kept = halves()
    kept.predict("m", [Half(7, 1, "yes")])
    kept.label([LabelHalf("7", 1, "yes")])
    assert len(kept.pairs("m", 1)) == 1
    assert digest(7) == digest("7") == digest(7.0)
    assert b"customer-17" not in b"".join(str(row).encode() for row in kept._db.iterdump())


def test_labels_that_contradict_each_other_count_for_nothing():
    kept = halves()
    kept.predict("m", [Half("a", 1, "yes")])
    kept.label([LabelHalf("a", 2, "yes"), LabelHalf("a", 2, "no")])
    assert said(kept.pairs("m", 2)) == [("yes", "no", True)]


def test_a_label_that_comes_again_later_counts_once_whatever_it_says():
    kept = halves()
    kept.predict("m", [Half("a", 1, "yes")])
    kept.label([LabelHalf("a", 2, "yes"), LabelHalf("a", 4, "no"), LabelHalf("a", 5, "yes")])
    assert said(kept.pairs("m", 2)) == [("yes", "yes", False)]
    assert [kept.pairs("m", slot) for slot in (3, 4, 5)] == [[], [], []]


def test_what_waited_longer_than_it_may_is_not_joined():
    kept = halves()
    kept.predict("m", [Half("a", 0, "yes"), Half("b", 1, "yes")])
    kept.label([LabelHalf(name, 1 + WAIT, "no") for name in "ab"])
    assert len(kept.pairs("m", 1 + WAIT)) == 1


def test_a_label_that_names_a_model_counts_for_no_other():
    kept = halves(only=None)
    for model in ("m", "n"):
        kept.predict(model, [Half("a", 1, "yes"), Half("b", 1, "yes")])
    kept.label([LabelHalf("a", 1, "no", "n"), LabelHalf("b", 1, "no")])
    assert len(kept.pairs("m", 1)) == 1
    assert len(kept.pairs("n", 1)) == 2


def test_what_is_told_as_waiting_in_vain_was_never_paired():
    kept = halves()
    kept.predict("m", [Half("a", 1, "yes"), Half("b", 1, "yes")])
    kept.label([LabelHalf("a", 2, "yes")])
    kept.pairs("m", 2)
    assert kept.held(2) == 2  # one that waits, one id that was judged
    assert kept.forget(2, kept.bound) == {}
    assert kept.held(2) == 2
    assert kept.forget(2 + WAIT, kept.bound) == {"m": 1}
    assert kept.held(3 + WAIT) == 0


def test_halves_of_later_slots_change_nothing_that_is_judged_before():
    """A crash leaves them behind: the snapshot may be older than the file."""
    kept, ahead = halves(), halves()
    for each in (kept, ahead):
        each.predict("m", [Half("a", 1, "yes"), Half("b", 2, "yes")])
        each.label([LabelHalf("a", 2, "yes")])
    ahead.label([LabelHalf("a", 3, "no"), LabelHalf("b", 3, "no")])
    ahead.predict("m", [Half("c", 3, "yes")])
    assert ahead.pairs("m", 2) == kept.pairs("m", 2)
    assert (ahead.came(2), ahead.held(2)) == (kept.came(2), kept.held(2))


def keep(kept, events):
    for kind, name, slot, what in events:
        if kind == "p":
            kept.predict("m", [Half(name, slot, what)])
        else:
            kept.label([LabelHalf(name, slot, what)])


def shown(kept, slot):
    return said(kept.pairs("m", slot)), kept.again("m", slot), kept.came(slot), kept.held(slot)


@given(st.lists(HALF), st.data())
def test_the_order_in_which_halves_come_changes_nothing(events, data):
    def judged(order):
        kept = halves()
        keep(kept, order)
        return [shown(kept, slot) for slot in range(31)]

    assert judged(data.draw(st.permutations(events))) == judged(events)


@given(st.lists(HALF, max_size=60), st.data())
def test_how_far_was_read_and_what_was_forgotten_when_a_slot_is_judged_changes_nothing(events, data):
    """Ids come again, conflict and are duplicated; polls are of any size; some life ends without a snapshot."""
    whole = halves()
    keep(whole, events)
    every = [shown(whole, slot) for slot in range(31)]
    kept, left = halves(), sorted(events, key=lambda event: event[2])
    saved = 0
    for slot in range(31):
        on_time = sum(event[2] <= slot for event in left)
        ahead = data.draw(st.integers(on_time, len(left)))
        keep(kept, left[:ahead])  # some of it read again
        assert shown(kept, slot) == every[slot]
        kept.judged = slot
        if data.draw(st.booleans()):
            kept.forget(slot, kept.bound)
            saved = slot
        elif data.draw(st.booleans()):
            kept.judged = saved - 1  # the snapshot is older than the file
            keep(kept, left[:ahead])
            for again in range(saved, slot + 1):
                assert shown(kept, again) == every[again]
            kept.judged = slot


def test_an_id_is_judged_once_within_the_wait_and_may_come_again_behind_it():
    kept = halves()
    for slot in (1, 5, 2 + WAIT):
        kept.predict("m", [Half("a", slot, "yes")])
        kept.label([LabelHalf("a", slot, "no")])
    assert [slot for slot in range(2 * WAIT) if kept.pairs("m", slot)] == [1]
    kept.predict("m", [Half("a", 3 * WAIT, "yes")])
    kept.label([LabelHalf("a", 3 * WAIT, "no")])
    assert kept.pairs("m", 3 * WAIT)


def test_a_label_that_contradicts_the_one_that_counted_is_counted_in_its_slot():
    kept = halves(only=None)
    kept.predict("m", [Half(name, 1, "yes") for name in "abc"])
    kept.label([LabelHalf(name, 2, "yes") for name in "abc"])
    kept.label([LabelHalf("a", 4, "no"), LabelHalf("b", 4, "yes"), LabelHalf("c", 4, "no", "n")])
    assert len(kept.pairs("m", 2)) == 3
    kept.forget(2, kept.bound)
    kept.pairs("m", 4)
    assert kept.again("m", 4) == (2, 1)


def test_of_two_predictions_in_one_slot_of_two_partitions_the_same_stays():
    for order in ([Half("a", 1, "yes", 0.5), Half("a", 1, "no", None)], [Half("a", 1, "no"), Half("a", 1, "yes", 0.5)]):
        kept = halves()
        for half in order:
            kept.predict("m", [half])
        kept.label([LabelHalf("a", 1, "no")])
        assert said(kept.pairs("m", 1)) == [("no", "no", False)]


def test_a_text_of_any_length_is_compared_and_takes_no_more_room_than_a_short_one():
    kept = halves()
    kept.predict("m", [Half("a", 1, "x" * 900_000), Half("b", 1, "x" * 900_000)])
    kept.label([LabelHalf("a", 1, "x" * 900_000), LabelHalf("b", 1, "x" * 899_999)])
    assert [p.prediction == p.label for p in sorted(kept.pairs("m", 1))].count(True) == 1
    assert sum(len(str(row)) for row in kept._db.iterdump()) < 5_000


def test_ids_are_hashed_under_a_key():
    assert digest("a", b"k" * 32) != digest("a", b"l" * 32) != digest("a")


@given(st.floats(0.001, 1))
def test_half_the_share_keeps_half_the_ids(share):
    assert share_of(halved(bound_of(share))) == pytest.approx(share_of(bound_of(share)) / 2)
    assert share_of(bound_of(share)) == pytest.approx(share)


def test_a_sample_holds_its_share_of_the_ids():
    kept = sum(digest(f"r{n}") < bound_of(0.1) for n in range(10_000))
    assert 900 < kept < 1_100


def test_a_damaged_file_is_said_with_its_path_and_what_to_do(tmp_path):
    (tmp_path / "labels.sqlite").write_bytes(b"no database" * 1_000)
    with pytest.raises(SnapshotError, match=r"labels.sqlite is damaged .file is not a database.. Put it back"):
        Halves(tmp_path / "labels.sqlite", WAIT, ALL, only="m")
