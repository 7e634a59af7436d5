"""A reference is built from the pairs that count live, in whatever order their halves stand in its log."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

import pytest
from half_logs import SCHEMA, SLOT, TOGETHER, WAIT, both, live, logs
from hypothesis import given, settings
from hypothesis import strategies as st
from kserve_log import event, tensor
from records import STAMP
from traffic import MODEL

from monitor.counting.joiner import Joiner
from monitor.formats.decoder import Decoder
from monitor.formats.json_value import MAX_BYTES

ANSWERED = 200


def joiner(**given):
    return Joiner(MODEL, "kserve", SLOT, WAIT, **given)


def joined(log, size=7, **given):
    ours = joiner(**given)
    blocks = [log[start : start + size] for start in range(0, len(log), size)]
    return [message for block in ours.over(blocks) for message in block], ours


def asked(number, time, name="same"):
    return event("request", name, {"inputs": [tensor("a", [1], "FP64", [number])]}, time)


def answered(number, time, name="same"):
    return event("response", name, {"outputs": [tensor("predict", [1], "INT64", [number])]}, time)


def one_unanswered_then_silence():
    """Return halves that all have one id; the answer to a request is the request's own number."""
    log = [asked(0, STAMP)]
    for number in range(1, ANSWERED):
        time = STAMP + 2 * WAIT + SLOT * number
        log += [asked(number, time), answered(number, time + 10)]
    return log


@pytest.mark.parametrize("held", [0, 20, 1_000_000])
def test_a_request_without_an_answer_does_not_shift_those_behind_it(held):
    found, ours = joined(one_unanswered_then_silence(), held=held)
    pairs = [(r["features"]["a"], r["prediction"]) for r in map(json.loads, (message.value for message in found))]
    assert pairs == [(number, number) for number in range(1, ANSWERED)]
    assert ours.alone == 1


def test_halves_that_stay_alone_are_let_go_while_the_log_is_read():
    ours = joiner(held=20)
    ours([asked(number, STAMP + 1_000 * number, str(number)) for number in range(1_000)])
    assert ours.alone > 900


@settings(deadline=None, max_examples=150)
@given(logs(), st.integers(0, 99), st.integers(1, 12))
def test_the_pairs_are_those_that_count_live_whatever_the_order_and_the_blocks(log, seed, size):
    life = live(log, lateness=10_000_000)
    shuffled = Random(seed).sample(log, len(log))
    found, ours = joined(shuffled, size)
    decoded = Decoder({MODEL: SCHEMA}, format=ours.rest, stamped=True).decode(found)
    twice = life.partitions.pairing.totals.duplicates.total()
    if not twice:  # else which one counts is the first in the log
        assert len(decoded.ids) == life.records
        assert Counter(decoded.times.tolist()) == life.times
    assert ours.alone == life.partitions.pairing.totals.unpaired.total()
    assert ours.dead.total() == life.dead
    assert not decoded.dead


@pytest.mark.parametrize("what", TOGETHER)
def test_a_pair_is_a_record_however_large_it_is(what):
    found, _ = joined(both(*TOGETHER[what]))
    decoded = Decoder({MODEL: SCHEMA}, format=Joiner.rest, stamped=True).decode(found)
    assert (len(decoded.ids), decoded.dead) == (1, {})


def test_a_whole_record_is_as_large_as_live():
    ours = Joiner(MODEL, "auto", SLOT, WAIT)
    record = event("request", "r", b'{"features": {"a": 1, "t": "' + b"x" * MAX_BYTES + b'"}}')._replace(headers=())
    assert ours([record]) == []
    assert ours.dead == {"too_large": 1}
