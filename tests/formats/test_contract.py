"""What every wire format promises, for whatever bytes it is given."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kserve_log import TYPE, event, packed, structured, tensor
from record_strategies import anything, values
from records import SCHEMA, STAMP

from monitor.errors import REASONS, BadRecord
from monitor.formats.batch import DEAD, IGNORED
from monitor.formats.decoder import Decoder
from monitor.formats.envelope import FORMATS
from monitor.formats.half import Half
from monitor.types import Message

patient = settings(deadline=None, max_examples=150)
every_format = pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
names = st.sampled_from(["ce_id", "ce-id", "ce_type", "Ce-Type", "ce_time", "ce_inferenceservicename", "content-type"])
words = st.one_of(
    st.sampled_from([b"m", b"r1", b"2026-01-01T00:00:05Z", b"application/cloudevents+json"]),
    st.sampled_from([f"{TYPE}request".encode(), f"{TYPE}response".encode(), f"{TYPE}explain".encode()]),
    st.binary(max_size=8),
    st.none(),
)
sizes = st.one_of(st.integers(-1, 4), st.sampled_from([1 << 31, 1 << 70, 2.0, True, None]))
datatypes = st.sampled_from(["FP64", "BYTES", "INT64", 7])
cells = st.one_of(st.floats(), st.integers(), st.none(), st.booleans(), st.text(max_size=3))
data = st.recursive(cells, lambda inner: st.lists(inner, max_size=4), max_leaves=12)
tensors = st.builds(tensor, st.sampled_from(["x", "predict", "income"]), st.lists(sizes, max_size=3), datatypes, data)
bodies = st.one_of(
    st.fixed_dictionaries({}, optional={key: st.lists(tensors, max_size=3) for key in ("inputs", "outputs")}),
    st.fixed_dictionaries({}, optional={key: st.lists(data, max_size=3) for key in ("instances", "predictions")}),
    st.dictionaries(st.sampled_from(["inputs", "instances", "model_name", "data"]), data, max_size=3),
)
payloads = st.one_of(anything, bodies.map(lambda body: json.dumps(body).encode()))
binary = st.builds(
    lambda headers, value, pack: Message(
        "t", 0, 0, STAMP, None, gzip.compress(value or b"") if pack else value, headers
    ),
    st.lists(st.tuples(names, words), max_size=5).map(tuple),
    payloads,
    st.booleans(),
)
events = st.builds(event, st.sampled_from(["request", "response"]), st.sampled_from(["a", "", None]), payloads)
whole = st.builds(
    lambda kind, body: structured(event(kind, "a", body)), st.sampled_from(["request", "response"]), bodies
)
odd = values.map(lambda text: structured(event("request", "a", {}))._replace(value=f'{{"type": {text}}}'.encode()))
messages = st.one_of(binary, events, events.map(packed), whole, odd)


def read(format, message):
    """Return what a message holds, and why it holds nothing."""
    try:
        return format.read(message), None
    except BadRecord as error:
        return [], error


@every_format
@patient
@given(messages)
@example(event("request", "a", b'{"inputs": ' + b"[" * 100_000))
@example(event("request", "a", b"\x1f\x8b" + b"x" * 50))
@example(event("request", "a", gzip.compress(b'{"instances": []}', mtime=0)[:-6]))
@example(structured(event("request", "a", {}), data_base64="="))
@example(Message("t", 0, 0, STAMP, None, b'{"specversion": "1.0", "type": [], "x": "\xff"}', ()))
@example(Message("t", 0, 0, STAMP, None, None, (("ce_type", None), ("", b""))))
def test_a_message_is_records_or_a_reason_and_nothing_else(format, message):
    assert format.sniff(message) in {True, False}
    found, error = read(format, message)
    assert error is None or (error.reason in REASONS and 5 < len(error.detail) < 300)
    assert all(isinstance(one, Half if format.paired else dict) for one in found)
    assert all(half.rows >= 0 and half.id for half in found if format.paired)


@patient
@given(st.lists(messages, max_size=6), st.sampled_from(["auto", *(format.name for format in FORMATS)]), st.booleans())
def test_whatever_a_message_holds_it_is_half_counted_ignored_or_a_dead_letter(found, format, several):
    schemas = {"m": SCHEMA, "n": SCHEMA} if several else {"m": SCHEMA}
    log = [message._replace(offset=offset) for offset, message in enumerate(found)]
    decoded = Decoder(schemas, format=format, stamped=True).decode(log)
    assert np.flatnonzero(decoded.model == DEAD).tolist() == sorted(decoded.dead)
    assert set(decoded.model.tolist()) <= {DEAD, IGNORED, *range(len(schemas))}
    assert not decoded.halves.keys() & decoded.dead.keys()
    for model, batch in enumerate(decoded.batches):
        rows = [] if batch is None else batch.rows.tolist()
        halves = [row for row, half in decoded.halves.items() if half.model == model]
        assert sorted([*rows, *halves]) == np.flatnonzero(decoded.model == model).tolist()
    assert all(decoded.times[row] >= 0 for row in np.flatnonzero(decoded.model >= 0))
