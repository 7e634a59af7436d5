from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.counting.sampling import bound_of, digest, halved, share_of
from monitor.labels.halves import Half, Halves, LabelHalf

WAIT = 10
ALL = bound_of(1.0)
HALF = st.tuples(st.sampled_from("pl"), st.sampled_from("abc"), st.integers(0, 5), st.sampled_from("xy"))


def halves(*, alone=True, bound=ALL):
    return Halves(None, WAIT, bound, alone=alone)


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
    kept = halves(alone=False)
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
    assert kept.waiting(2) == 1
    assert kept.forget(2) == {}
    assert kept.waiting(2) == 1
    assert kept.forget(2 + WAIT) == {"m": 1}
    assert kept.waiting(2 + WAIT) == 0


def test_halves_of_later_slots_change_nothing_that_is_judged_before():
    """A crash leaves them behind: the snapshot may be older than the file."""
    kept, ahead = halves(), halves()
    for each in (kept, ahead):
        each.predict("m", [Half("a", 1, "yes"), Half("b", 2, "yes")])
        each.label([LabelHalf("a", 2, "yes")])
    ahead.label([LabelHalf("a", 3, "no"), LabelHalf("b", 3, "no")])
    ahead.predict("m", [Half("c", 3, "yes")])
    assert ahead.pairs("m", 2) == kept.pairs("m", 2)
    assert (ahead.came(2), ahead.waiting(2)) == (kept.came(2), kept.waiting(2))


@given(
    st.lists(st.tuples(st.sampled_from("pl"), st.sampled_from("abc"), st.integers(0, 5), st.sampled_from("xy"))),
    st.data(),
)
def test_the_order_in_which_halves_come_changes_nothing(events, data):
    def judged(order):
        kept = halves()
        for kind, name, slot, what in order:
            if kind == "p":
                kept.predict("m", [Half(name, slot, name)])
            else:
                kept.label([LabelHalf(name, slot, what)])
        return [said(kept.pairs("m", slot)) for slot in range(6)]

    assert judged(data.draw(st.permutations(events))) == judged(events)


@given(st.floats(0.001, 1))
def test_half_the_share_keeps_half_the_ids(share):
    assert share_of(halved(bound_of(share))) == pytest.approx(share_of(bound_of(share)) / 2)
    assert share_of(bound_of(share)) == pytest.approx(share)


def test_a_sample_holds_its_share_of_the_ids():
    kept = sum(digest(f"r{n}") < bound_of(0.1) for n in range(10_000))
    assert 900 < kept < 1_100


def test_a_file_in_trouble_is_said_like_any_other_disk(tmp_path):
    (tmp_path / "labels.sqlite").write_bytes(b"no database" * 1_000)
    with pytest.raises(OSError, match="labels: file is not a database"):
        Halves(tmp_path / "labels.sqlite", WAIT, ALL)
