from __future__ import annotations

import pytest
from records import GOOD, SCHEMA, decode, decode_slowly, messages, with_field

from monitor.formats.decoder import Decoder

BOTH = pytest.mark.parametrize("read", [decode, decode_slowly])


@BOTH
@pytest.mark.parametrize(("token", "level"), [('"no"', "no"), ("null", None), ("{}", None)])
def test_a_label_is_read_like_a_prediction(read, token, level):
    (batch,) = read(with_field("label", token)).batches
    assert batch.texts["label"] == [level]
    (other,) = read(with_field("prediction", token)).batches
    assert other.texts["prediction"] == [level]


@BOTH
@pytest.mark.parametrize(("token", "caller"), [('"ann"', "ann"), ("7", 7), ("null", None)])
def test_callers_are_read_where_somebody_wants_to_know(read, token, caller):
    (batch,) = read(with_field("caller", token)).batches
    assert batch.callers == [caller]


def test_callers_cost_nothing_where_nobody_wants_to_know():
    (batch,) = Decoder({"m": SCHEMA}, stamped=False).decode(messages([GOOD])).batches
    assert batch.callers == []


def test_a_batch_knows_the_ids_and_times_of_its_own_records():
    (batch,) = decode(with_field("model", '"other"'), with_field("id", '"r2"'), with_field("time", "-5")).batches
    assert batch.ids == ["r2"]
    assert batch.times.tolist() == [1_767_225_605_000]


def test_what_is_left_out_of_a_batch_takes_its_caller_along():
    (batch,) = decode(GOOD, with_field("time", "-5"), with_field("caller", '"bob"')).batches
    assert batch.callers == ["ann", "bob"]
