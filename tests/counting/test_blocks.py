"""How a log is cut into blocks changes nothing: neither what is counted nor what is remembered."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
from counting_logs import SLOT, block, layouts, random_log
from counting_rules import Count, Decision, Post, Row, count
from hypothesis import given, settings
from hypothesis import strategies as st
from record_strategies import records
from records import SCHEMA, STAMP, message

from detectors import CategoryBins, NumericBins, SchemaConformity
from monitor.counting.fold import NEVER, Fold, Folded, Position
from monitor.counting.tally import Layout
from monitor.formats.decoder import Decoder

LATENESS = 15
MODELS = 2

lengths = st.integers(1, 30)
cuts = st.sets(st.integers(0, 29), max_size=6)


def folded(log: list[Post], at: set[int], decisions: list[tuple[int, int]]) -> tuple[Fold, list[Folded]]:
    """Return the fold of a log that is cut before these messages, and what each block said it added."""
    fold = Fold(SLOT, LATENESS, layouts(MODELS), Position(-1), decisions)
    inner = sorted(cut for cut in at if 0 < cut < len(log))
    pieces = [log[start:stop] for start, stop in zip([0, *inner], [*inner, len(log)], strict=True)]
    return fold, [fold.fold(block(piece, MODELS)) for piece in pieces]


def state(fold: Fold) -> tuple[Any, ...]:
    slots = {
        slot: (
            opened.began,
            {m: (t.cells.tolist(), t.versions) for m, t in opened.tallies.items()},
            {m: len(seen) for m, seen in opened.seen.items()},
        )
        for slot, opened in fold.slots.items()
    }
    return slots, fold.next, fold.resume()


def added(blocks: list[Folded]) -> list[dict[int, int]]:
    """Return what the blocks added together: counted, late and duplicates by model."""
    sums: list[dict[int, int]] = [{}, {}, {}]
    for one in blocks:
        for whole, part in zip(sums, (one.counted, one.late, one.duplicates), strict=True):
            for model, number in part.items():
                whole[model] = whole.get(model, 0) + number
    return sums


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**6), lengths, cuts, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=3))
def test_any_split_of_a_log_gives_the_same_tallies_and_state(seed, length, at, decisions):
    log = random_log(Random(seed), length, MODELS)
    whole, whole_blocks = folded(log, set(), decisions)
    split, split_blocks = folded(log, at, decisions)
    one_by_one, single_blocks = folded(log, set(range(30)), decisions)
    assert state(whole) == state(split) == state(one_by_one)
    assert added(whole_blocks) == added(split_blocks) == added(single_blocks)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**6), lengths, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=3))
def test_a_fold_counts_as_the_rules_say_and_tells_the_metrics_so(seed, length, decisions):
    log = random_log(Random(seed), length, MODELS)
    fold, blocks = folded(log, set(), decisions)
    logged = [Decision(offset, through) for offset, through in sorted(decisions)]
    rules = count(log, logged, slot=SLOT, lateness=LATENESS, models=MODELS)
    found = {
        slot: {model: tuple(tally.cells[:3].tolist()) for model, tally in opened.tallies.items()}
        for slot, opened in fold.slots.items()
    }
    assert found == {s: {m: (c.records, c.late, c.dead) for m, c in counts.items()} for s, counts in rules.items()}
    counted, late, duplicates = added(blocks)
    for model in range(MODELS):
        counts = [by_model.get(model, Count()) for by_model in rules.values()]
        records = [row for post in log for row in post.rows if row.model == model]
        assert counted.get(model, 0) == sum(c.records for c in counts)
        assert late.get(model, 0) == sum(c.late for c in counts)
        assert duplicates.get(model, 0) == len(records) - counted.get(model, 0) - late.get(model, 0)


@settings(deadline=None, max_examples=60)
@given(st.lists(records(), min_size=1, max_size=12), st.sets(st.integers(1, 11), max_size=4))
def test_what_was_sent_as_bytes_is_tallied_alike_however_it_is_cut(values, at):
    bins = [NumericBins(f"feature.{name}", "features", (0.0, 2.0, 8.0)) for name in ("income", "age", "naïve ☂")]
    levels = [CategoryBins(f"feature.{name}", "features", ("x", "true", "4")) for name in ("plan", "code", "any")]
    layout = Layout([SchemaConformity(), *bins, *levels, CategoryBins("prediction", "predictions", ("yes", "no"))])
    log = [message(value, offset, STAMP + 4_000 * offset) for offset, value in enumerate(values)]

    def cut(inner: list[int]) -> list[tuple[int, list[int], dict[str, int], dict[str, int]]]:
        decoder, fold = Decoder({"m": SCHEMA}, stamped=True), Fold(10_000, 5_000, [layout], Position(-1))
        for start, stop in zip([0, *inner], [*inner, len(log)], strict=True):
            fold.fold(decoder.decode(log[start:stop]))
        return [
            (slot, tally.cells.tolist(), tally.versions, tally.names)
            for slot, opened in sorted(fold.slots.items())
            for tally in opened.tallies.values()
        ]

    assert cut([]) == cut(sorted(place for place in at if place < len(log))) == cut(list(range(1, len(log))))


def test_a_block_of_messages_without_records_changes_nothing():
    fold = Fold(SLOT, LATENESS, layouts(1), Position(-1))
    fold.fold(block([Post(3, ())], 1))
    assert fold.slots == {}
    assert fold.next == Position(-1, NEVER, NEVER)


def test_late_records_are_a_share_of_those_they_came_among_behind_a_gap_too():
    fold = Fold(SLOT, LATENESS, layouts(1), Position(-1))
    fold.fold(block([Post(0, (Row(0, 5, 5),)), Post(1, (Row(0, 999, 999),)), Post(2, (Row(0, 9, 9),))], 1))
    assert {s: one.tallies[0].cells[:2].tolist() for s, one in fold.slots.items()} == {0: [1, 0], 99: [1, 1]}


def test_a_slot_is_whole_after_its_end_and_the_allowed_lateness():
    fold = Fold(SLOT, LATENESS, layouts(1), Position(-1))
    fold.fold(block([Post(0, (Row(0, 5, 5),)), Post(1, (Row(0, 24, 24),)), Post(2, (Row(0, 9, 9),))], 1))
    assert fold.slots[0].tallies[0].cells[:2].tolist() == [2, 0]
    fold.fold(block([Post(3, (Row(0, 25, 25),)), Post(4, (Row(0, 9, 9),))], 1))
    assert fold.slots[0].tallies[0].cells[:2].tolist() == [2, 0]
    assert fold.slots[2].tallies[0].cells[:2].tolist() == [2, 1]


def test_records_without_an_id_are_no_duplicates_of_each_other():
    fold = Fold(SLOT, LATENESS, layouts(1), Position(-1))
    twice = (Row(0, 5, 5), Row(0, 5, 5), Row(0, 5, 5, id=1), Row(0, 6, 6, id=1), Row(0, 15, 15, id=1))
    fold.fold(block([Post(0, twice)], 1))
    assert np.array([fold.slots[s].tallies[0].cells[0] for s in (0, 1)]).tolist() == [3, 1]
