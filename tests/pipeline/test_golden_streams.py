"""Streams from the first record to what people are told, word for word.

The events stand in golden/, one JSON object a line. After a change that is meant to change them, write them anew with
SEAWALL_GOLDEN=write, and read the difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

import pytest
import traffic
from traffic import SLOT_RECORDS, Change, Record, lines

GOLDEN = Path(__file__).parent / "golden"
CHANGED = range(40, 80)
SLOTS = 160
ALL = SLOTS * SLOT_RECORDS
TENTH = 391
"""Of the changed records, those that a change with a chance of 0.1 meets."""

Stream = Callable[[], Iterable[Record | bytes]]


def stream(change: Change | None = None) -> Stream:
    return lambda: traffic.traffic(SLOTS, seed=2, changed=CHANGED, change=change)


STREAMS: dict[str, tuple[Stream, int, int]] = {
    "quiet": (stream(), 0, ALL),
    "shift": (stream(traffic.higher_income), 1, ALL),
    "eight features missing at once": (stream(traffic.everything_missing), 1, ALL),
    "schema change": (stream(traffic.renamed_features), 1, ALL),
    "unseen category": (stream(traffic.new_region), 1, ALL),
    "prediction drift": (stream(traffic.more_refusals), 1, ALL),
    "duplicates": (lambda: traffic.doubled(stream()(), Random(3)), 0, ALL),
    "late records": (stream(traffic.a_minute_late), 1, ALL - TENTH),
    "dead letters": (lambda: traffic.torn(stream(traffic.cut_off)()), 1, ALL - TENTH),
}
"""Each with the number of incidents that it is, and of records that are judged."""


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_told_as_it_always_was(name, tmp_path, replayed):
    records, incidents, judged = STREAMS[name]
    data = tmp_path / "data.jsonl"
    data.write_bytes(lines(records()))
    seen = replayed(data)
    golden = GOLDEN / f"{name.replace(' ', '-')}.jsonl"
    if os.environ.get("SEAWALL_GOLDEN") == "write":
        golden.write_text("".join(json.dumps(event) + "\n" for event in seen.events))
    assert seen.records == judged
    assert len(seen.incidents) == incidents
    assert seen.kinds().count("opened") == seen.kinds().count("resolved") == incidents
    assert seen.events == [json.loads(line) for line in golden.read_text().splitlines()]
