"""A message may hold several records, or none: each takes a row of its own and keeps the message's offset and stamp."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_strategies import records
from records import GOOD, SCHEMA, STAMP, message, plain, with_field

from monitor.delivery.dead_letters import letters_of
from monitor.errors import BadRecord
from monitor.formats import envelope
from monitor.formats.batch import DEAD
from monitor.formats.decoder import Decoder
from monitor.formats.json_value import parse


class Lists:
    """A wire format of lists of records."""

    name = "lists"
    paired = False

    def sniff(self, found):
        return (found.value or b"").startswith(b"[")

    def read(self, found):
        rows = parse(found.value)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BadRecord("not_a_record", "a list of records was expected")
        return rows


@pytest.fixture(autouse=True)
def _lists(monkeypatch):
    monkeypatch.setattr(envelope, "FORMATS", (Lists(), *envelope.FORMATS))


def test_rows_keep_offset_and_stamp_and_the_messages_around_them_stay_in_place():
    bad = with_field("time", '"yesterday"')
    values = [GOOD, f"[{GOOD}, {bad}, {GOOD}]", "[]", GOOD, f"[{bad}]", "[7]", GOOD]
    log = [message(value, 10 * offset, STAMP + offset) for offset, value in enumerate(values)]
    decoded = Decoder({"m": SCHEMA}, stamped=True).decode(log)
    assert decoded.offsets.tolist() == [0, 10, 10, 10, 30, 40, 50, 60]
    assert decoded.model.tolist() == [0, 0, DEAD, 0, 0, DEAD, DEAD, 0]
    letters = list(letters_of(log, decoded.offsets, decoded.dead, done=0))
    assert [(letter.message.offset, letter.reason) for letter in letters] == [
        (10, "bad_time"),
        (40, "bad_time"),
        (50, "not_a_record"),
    ]
    assert [letter.message.offset for letter in letters_of(log, decoded.offsets, decoded.dead, done=41)] == [50]


objects = records().filter(lambda text: isinstance(json.loads(text), dict))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(objects, max_size=3), min_size=1, max_size=5))
def test_records_in_lists_are_read_like_records_by_themselves(lists):
    together = [message(f"[{','.join(rows)}]", offset) for offset, rows in enumerate(lists)]
    apart = [message(row, offset) for offset, rows in enumerate(lists) for row in rows]
    read = [plain(Decoder({"m": SCHEMA}, stamped=True).decode(log)) for log in (together, apart)]
    assert read[0] == read[1]
