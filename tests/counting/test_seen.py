"""Ids that were met, in eight bytes each."""

from __future__ import annotations

import tracemalloc

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.counting.seen import FEW, LONGEST, Seen, digests

texts = st.text(st.characters(), max_size=12) | st.sampled_from(["", "\0", "a", "a\0", "a" * LONGEST, "é" * LONGEST])
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(st.lists(st.lists(texts | numbers, min_size=1, max_size=2 * FEW), max_size=6))
def test_an_id_is_new_once_however_ids_come_in_blocks(blocks):
    seen, known = Seen(), set()
    for block in blocks:
        for identity, new in zip(block, seen.add(block).tolist(), strict=True):
            assert new == (identity not in known)
            known.add(identity)
        assert len(seen) == len(known)


def test_many_ids_that_differ_in_a_digit_are_all_told_apart():
    seen = Seen()
    for start in range(0, 300_000, 1_000):
        assert seen.add([f"2026-11-26T10:00:00-{number:09d}" for number in range(start, start + 1_000)]).all()
    assert not seen.add([f"2026-11-26T10:00:00-{number:09d}" for number in range(0, 300_000, 7)]).any()
    assert len(seen) == 300_000


def test_the_same_id_has_the_same_digest_everywhere():
    found = digests([b"", b"a", b"a longer id, of some words", b"x" * LONGEST]).tolist()
    assert found == [0, 617610673998938079, 16268741229439407230, 1206896659859024772]
    mixed = digests([b"a", b"a longer id, of some words"])  # whatever stands beside it
    assert mixed.tolist() == found[1:3]


def test_a_million_ids_take_ten_megabytes_at_most():
    seen = Seen()
    tracemalloc.start()
    for start in range(0, 1_000_000, 1_000):
        seen.add([f"{number:036d}" for number in range(start, start + 1_000)])
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 10e6


def test_a_long_id_takes_no_more_than_another():
    seen = Seen()
    tracemalloc.start()
    for number in range(FEW):
        assert seen.add([f"{number}" + "x" * 100_000, *map(str, range(1_000 * number, 1_000 * number + 10))]).all()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1e6


def test_numbers_that_are_equal_are_one_id_and_no_text_is():
    seen = Seen()
    assert seen.add([7, 7.0, "7", 7.5, 1 << 60, (1 << 60) + 1]).tolist() == [True, False, True, True, True, True]
    assert np.array_equal(seen.add(["7", 7]), [False, False])
