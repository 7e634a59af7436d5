"""Decoding never raises, the fast path and the tolerant one agree, and how messages are cut into blocks is nothing."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from record_strategies import anything, records
from records import GOOD, SCHEMA, decode, decode_slowly, joined, messages, plain

from monitor.formats.batch import DEAD, IGNORED
from monitor.formats.decoder import Decoder

REASONS = {"empty", "too_large", "too_deep", "not_utf8", "not_json", "not_a_record", "bad_time", "future"}
DEEP = b'{"model": "m", "x": ' + b"[" * 400 + b"]" * 400 + b', "features": ' + GOOD.encode().split(b'"features": ')[1]

patient = settings(deadline=None, max_examples=150)


@patient
@given(st.lists(anything, max_size=6), st.booleans(), st.booleans())
@example([b"[" * 200_000], True, False)
@example([b'{"a":' * 200_000], True, True)
@example([b"\xff\xfe" * 3_000, b"", None, b'"' + b"\\" * 3_001], False, True)
def test_whatever_a_message_holds_it_is_counted_ignored_or_a_dead_letter(values, stamped, several):
    schemas = {"m": SCHEMA, "n": SCHEMA} if several else {"m": SCHEMA}
    decoded = Decoder(schemas, stamped=stamped).decode(messages(values))
    assert decoded.offsets.tolist() == list(range(len(values)))
    assert {reason for reason, _ in decoded.dead.values()} <= REASONS
    assert np.flatnonzero(decoded.model == DEAD).tolist() == sorted(decoded.dead)
    assert set(decoded.model.tolist()) <= {DEAD, IGNORED, *range(len(schemas))}
    for model, batch in enumerate(decoded.batches):
        rows = [] if batch is None else batch.rows.tolist()
        assert rows == np.flatnonzero(decoded.model == model).tolist()
    assert all(decoded.times[row] >= 0 for row in np.flatnonzero(decoded.model >= 0))


@patient
@given(st.lists(records(), min_size=1, max_size=4))
@example([GOOD])
def test_the_fast_path_and_the_tolerant_one_give_the_same_columns(values):
    assert plain(decode(*values)) == plain(decode_slowly(*values))


def test_what_fits_takes_the_fast_path():
    decoder = Decoder({"m": SCHEMA}, stamped=True)
    decoder._read_slowly = None
    assert len(decoder.decode(messages([GOOD] * 3)).batches[0]) == 3


@patient
@given(st.lists(anything, min_size=1, max_size=8), st.data())
@example([DEEP, b'{"x": "' + b"y" * 3_000 + b'"}'], None)
def test_how_messages_are_cut_into_blocks_changes_nothing(values, data):
    decoder = Decoder({"m": SCHEMA}, stamped=True)
    log = messages(values)
    cuts = range(len(log)) if data is None else sorted(data.draw(st.sets(st.integers(0, len(log)), max_size=4)))
    blocks = [log[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(log)], strict=True) if start < stop]
    assert joined([plain(decoder.decode(block)) for block in blocks]) == plain(decoder.decode(log))


@patient
@given(st.lists(st.one_of(anything, records(models=('"m"', '"n"', '"other"'))), min_size=1, max_size=9), st.booleans())
def test_how_a_block_is_cut_into_pieces_changes_nothing(values, several):
    schemas = {"m": SCHEMA, "n": SCHEMA} if several else {"m": SCHEMA}
    whole = plain(Decoder(schemas, stamped=True).decode(messages(values)))
    for size in (1, 2, 3):
        with patch("monitor.formats.decoder.PIECE", size):
            assert plain(Decoder(schemas, stamped=True).decode(messages(values))) == whole


@patient
@given(st.lists(records(models=('"m"', '"n"', '"other"', "7", "null", "[]")), min_size=1, max_size=5))
def test_models_watched_together_get_the_records_that_each_would_get_alone(values):
    together = plain(Decoder({"m": SCHEMA, "n": SCHEMA}, stamped=True).decode(messages(values)))
    alone = [plain(Decoder({name: SCHEMA, "none": SCHEMA}, stamped=True).decode(messages(values))) for name in "mn"]
    assert together["batches"] == [one["batches"][0] for one in alone]
    assert together["dead"] == alone[0]["dead"] | alone[1]["dead"]
