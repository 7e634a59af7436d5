"""When a record happened, and what that does to the clock; records of other models move it too."""

from __future__ import annotations

import json

import pytest
from records import GOOD, STAMP, decode, decode_slowly, message, with_field

from monitor.formats.batch import IGNORED
from monitor.formats.decoder import Decoder
from monitor.reference.schema import Feature, Schema

TIMES = {
    "null": STAMP,
    "NaN": STAMP,
    '"2026-01-01T00:00:05Z"': STAMP,
    '"2026-01-01T01:00:05.000+01:00"': STAMP,
    '"2026-01-01T00:00:05"': STAMP,
    '"2026-01-01 00:00:05.0004"': STAMP,
    '"2026-01-01T00:00:05.000999999Z"': STAMP + 1,
    '"2026-01-01T00:00:05.0014999999Z"': STAMP + 2,
    "1767225605": STAMP,
    "1767225605.0": STAMP,
    "1.767225605e9": STAMP,
    "0": 0,
}


@pytest.mark.parametrize("token", TIMES)
def test_a_time_is_rfc_3339_or_seconds_and_without_one_the_stamp_counts(token):
    for one_path in (decode, decode_slowly):
        decoded = one_path(with_field("time", token))
        assert decoded.dead == {}
        assert decoded.times.tolist() == [TIMES[token]]


def test_a_stamp_that_cannot_be_does_not_stand_in_for_a_time():
    decoder = Decoder({"m": Schema(features=(Feature("income", "numeric", ("number",)),))}, stamped=True)
    timed, untimed = f'{{"time": {STAMP / 1000}, "features": {{"income": 1}}}}', '{"features": {"income": 1}}'
    micro = STAMP * 1_000
    decoded = decoder.decode([message(untimed, 0, micro), message(timed, 1, micro)])
    assert {row: reason for row, (reason, _) in decoded.dead.items()} == {0: "bad_time"}
    assert decoded.clocks.tolist()[1] == STAMP


def test_the_last_moment_that_is_not_the_future_counts():
    hour = STAMP // 1000 + 3_600
    assert decode(with_field("time", str(hour))).dead == {}
    assert decode(with_field("time", f"{hour}.001")).dead.keys() == {0}


def test_a_file_stamps_nothing_so_nothing_is_the_future():
    assert decode(with_field("time", str(STAMP // 1000 + 7_200)), stamped=False).dead == {}


def test_the_clock_is_the_earlier_of_event_and_stamp():
    late, ahead = with_field("time", str(STAMP // 1000 - 60)), with_field("time", str(STAMP // 1000 + 60))
    assert decode(late, ahead).clocks.tolist() == [STAMP - 60_000, STAMP]
    assert decode(ahead, stamped=False).clocks.tolist() == [STAMP + 60_000]


def test_a_log_without_stamps_bounds_nothing():
    decoder = Decoder({"m": Schema(features=(Feature("income", "numeric", ("number",)),))}, stamped=True)
    timed, untimed = '{"time": 60, "features": {"income": 1}}', '{"features": {"income": 1}}'
    decoded = decoder.decode([message(timed, 0, -1), message(untimed, 1, -1)])
    assert decoded.clocks.tolist()[0] == 60_000
    assert {row: reason for row, (reason, _) in decoded.dead.items()} == {1: "bad_time"}


def test_another_models_record_is_ignored_before_its_features_are_typed():
    strange = '{"model": "other", "time": "2026-01-01T00:00:05Z", "features": {"income": "x", "new": [1]}}'
    decoded = decode(strange, with_field("model", '"other"'), '{"model": "other"}', GOOD)
    assert decoded.model.tolist() == [IGNORED, IGNORED, IGNORED, 0]
    assert decoded.dead == {}
    assert decoded.clocks.tolist() == [STAMP] * 4


@pytest.mark.parametrize("features", ["{}", '{"income": "x"}', json.dumps(json.loads(GOOD)["features"])])
def test_another_models_times_are_no_dead_letters_and_bound_by_the_stamp(features):
    times = ['"yesterday"', "-5", str(STAMP), str(STAMP // 1000 + 7_200), str(STAMP // 1000 - 60)]
    decoded = decode(*(f'{{"model": "other", "time": {time}, "features": {features}}}' for time in times))
    assert decoded.model.tolist() == [IGNORED] * 5
    assert decoded.clocks.tolist() == [-1, -1, -1, STAMP, STAMP - 60_000]
