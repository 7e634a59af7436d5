"""KServe's payload log: what is a half, what becomes of two, and what is a dead letter."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from kserve_log import TYPE, event, events, packed, structured, tensor
from records import STAMP
from traffic import MODEL, traffic

from monitor.counting.joiner import Joiner
from monitor.errors import BadRecord
from monitor.formats.batch import DEAD, IGNORED
from monitor.formats.decoder import Decoder
from monitor.formats.joined import SLOT, WAIT, joined_records
from monitor.formats.json_value import MAX_BYTES
from monitor.formats.kserve import KServe
from monitor.formats.tensors import MAX_COLUMNS, MAX_ROWS
from monitor.reference.schema import Feature, Schema
from monitor.sources.file import FileReader

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = Schema((Feature("a", "numeric", ("number",)), Feature("b", "numeric", ("number",))), "class", ("no", "yes"))
REQUEST = {"inputs": [tensor("x", [1, 2], "FP64", [1.5, 2.5])]}
RESPONSE = {"model_version": "7", "outputs": [tensor("predict", [1], "INT64", [1])]}
DEAD_LETTERS = {
    "no id": (event("request", None, REQUEST), "no_id"),
    "an empty id": (event("response", "", RESPONSE), "no_id"),
    "no body": (event("response", "r", None), "empty"),
    "a body in another format": (event("response", "r", b"0,1,2"), "not_json"),
    "binary tensors behind the JSON": (event("request", "r", json.dumps(REQUEST).encode() + b"\x00\x01"), "not_json"),
    "no tensors": (event("request", "r", {"inputs": []}), "not_a_record"),
    "a request's body in a response": (event("response", "r", REQUEST), "not_a_record"),
    "a tensor without data": (event("request", "r", {"inputs": [{"name": "x", "shape": [1]}]}), "not_a_record"),
    "objects as values": (event("request", "r", {"inputs": [tensor("x", [1], "FP64", [{}])]}), "not_a_record"),
    "fewer values than the shape says": (
        event("response", "r", {"outputs": [tensor("y", [3], "FP64", [1])]}),
        "bad_shape",
    ),
    "rows of other lengths": (
        event("request", "r", {"inputs": [tensor("x", [2, 2], "FP64", [[1], [2, 3, 4]])]}),
        "bad_shape",
    ),
    "a shape beyond all numbers": (
        event("request", "r", {"inputs": [tensor("x", [1 << 40], "FP64", [])]}),
        "bad_shape",
    ),
    "a shape that is none": (event("request", "r", {"inputs": [tensor("x", [], "FP64", [1])]}), "bad_shape"),
    "tensors of other lengths": (
        event("request", "r", {"inputs": [tensor("x", [1], "FP64", [1]), tensor("y", [2], "FP64", [1, 2])]}),
        "bad_shape",
    ),
    "rows of V1 of other lengths": (event("request", "r", {"instances": [[1, 2], [1]]}), "bad_shape"),
    "a time in words": (event("request", "r", REQUEST, "noon"), "bad_time"),
    "gzip that is torn": (event("request", "r", gzip.compress(json.dumps(REQUEST).encode(), mtime=0)[:-3]), "not_gzip"),
    "gzip that unpacks to gigabytes": (packed(event("request", "r", b" " * (MAX_BYTES + 1))), "too_large"),
    "too many rows": (event("request", "r", {"instances": [1] * (MAX_ROWS + 1)}), "too_large"),
    "too many columns": (event("request", "r", {"instances": [[1] * (MAX_COLUMNS + 1)]}), "too_large"),
    "names that are written once a row": (event("request", "r", {"instances": [{"x" * 600_000: 1}]}), "too_large"),
    "few rows that name all columns": (
        event("request", "r", {"instances": [{}] * 9_999 + [{str(i): 1 for i in range(4_000)}]}),
        "too_large",
    ),
    "nesting": (event("request", "r", {"instances": json.loads("[" * 80 + "]" * 80)}), "too_deep"),
}


def half(message):
    (found,) = KServe().read(message)
    return found


def records(request, response, names=()):
    joined = joined_records(half(event("request", "r", request)), half(event("response", "r", response)), STAMP, names)
    return [json.loads(value) for value in joined]


@pytest.mark.parametrize("what", DEAD_LETTERS)
def test_what_cannot_be_half_of_a_record_is_a_dead_letter_with_its_reason(what):
    message, reason = DEAD_LETTERS[what]
    with pytest.raises(BadRecord) as refused:
        KServe().read(message)
    assert refused.value.reason == reason
    decoded = Decoder({MODEL: SCHEMA}, stamped=True).decode([message])
    assert [found for found, _ in decoded.dead.values()] == [reason]


def test_an_event_from_the_future_is_a_dead_letter():
    log = [event("request", "r", REQUEST, STAMP + 3_600_001)]
    decoded = Decoder({MODEL: SCHEMA}, format="kserve", stamped=True).decode(log)
    assert decoded.dead[0][0] == "future"
    assert decoded.halves == {}


def test_captured_messages_are_these_records():
    source = FileReader(str(GOLDEN / "kserve.jsonl"))
    source.open({})
    joiner = Joiner("iris", "auto", SLOT, WAIT)
    found = [message for block in joiner.over(source.poll(0.1).values()) for message in block]
    source.close(0)
    expected = (GOLDEN / "kserve-records.jsonl").read_text().splitlines()
    assert [json.loads(message.value) for message in found] == [json.loads(line) for line in expected]
    assert (joiner.dead.total(), joiner.alone) == (0, 0)


def test_structured_packed_and_binary_events_are_the_same_half():
    plain = event("request", "r", REQUEST)
    assert half(packed(plain)) == half(plain)
    again = half(structured(plain))
    assert json.loads(again.body) == json.loads(half(plain).body)
    assert (again.kind, again.id, again.name, again.time) == ("request", "r", MODEL, half(plain).time)


def test_a_body_is_told_by_its_bytes_not_by_the_content_type_of_its_request():
    message = event("response", "r", RESPONSE)
    odd = message._replace(headers=[*message.headers[:-1], ("content-type", b"application/octet-stream")])
    assert half(odd) == half(message)


def test_sniffing_takes_an_event_for_what_it_is_and_an_envelope_for_an_envelope():
    log = [event("request", "r", REQUEST), structured(event("response", "r", RESPONSE))]
    envelope = event("explain", "r", {"id": 1, "features": {"a": 1, "b": 2}, "note": '"specversion"'})
    log.append(envelope._replace(headers=()))
    for schemas in ({MODEL: SCHEMA}, {MODEL: SCHEMA, "n": SCHEMA}):
        decoded = Decoder(schemas, stamped=True).decode(log)
        assert [one.kind for one in decoded.halves.values()] == ["request", "response"]
        assert decoded.model.tolist() == [0, 0, 0 if len(schemas) == 1 else IGNORED]


def test_where_halves_are_expected_an_envelope_is_a_dead_letter():
    envelope = event("request", "r", {"features": {"a": 1, "b": 2}})._replace(headers=())
    assert Decoder({MODEL: SCHEMA}, format="kserve", stamped=True).decode([envelope]).model.tolist() == [DEAD]


def test_events_that_are_no_inference_hold_no_records():
    message = event("request", "r", REQUEST, type="org.kubeflow.serving.inference.explain")
    assert Decoder({MODEL: SCHEMA}, format="kserve", stamped=True).decode([message]).model.tolist() == []


def test_the_model_is_the_inference_service_else_the_one_in_the_body_else_the_only_one():
    log = [
        event("response", "r", RESPONSE | {"model_name": "x"}),
        event("response", "r", RESPONSE | {"model_name": MODEL}, name=None),
        event("request", "r", REQUEST, name=None),
        event("request", "r", REQUEST, name="x"),
    ]
    assert Decoder({MODEL: SCHEMA}, stamped=True).decode(log).model.tolist() == [0, 0, 0, IGNORED]
    several = Decoder({"n": SCHEMA, MODEL: SCHEMA}, stamped=True)
    assert several.decode(log).model.tolist() == [1, 1, IGNORED, IGNORED]


def test_an_event_without_a_time_has_the_logs_stamp():
    decoded = Decoder({MODEL: SCHEMA}, stamped=True).decode([event("request", "r", REQUEST, None)])
    assert decoded.times.tolist() == [STAMP]


def test_a_wide_tensor_takes_the_names_of_the_reference_where_they_fit():
    wide = [tensor("x", [1, 2], "FP64", [1, 2]), tensor("c", [1], "FP64", [3])]
    for names, expected in (
        (["a", "c", "b"], {"a": 1, "b": 2, "c": 3}),
        (["a", "b"], {"a": 1, "b": 2, "c": 3}),
        (["a", "b", "d"], {"x.0": 1, "x.1": 2, "c": 3}),
        ([], {"x.0": 1, "x.1": 2, "c": 3}),
    ):
        (record,) = records({"inputs": wide}, RESPONSE, names)
        assert record["features"] == expected


def test_two_wide_tensors_keep_their_own_names():
    wide = [tensor("x", [1, 2], "FP64", [1, 2]), tensor("y", [1, 2], "FP64", [3, 4])]
    (record,) = records({"inputs": wide}, RESPONSE, ["a", "b", "c", "d"])
    assert record["features"] == {"x.0": 1, "x.1": 2, "y.0": 3, "y.1": 4}


@pytest.mark.parametrize(
    ("outputs", "prediction", "scores"),
    [
        ([tensor("y", [1], "INT64", [4])], 4, None),
        ([tensor("y", [1], "INT64", [4]), tensor("predict", [1, 1], "BYTES", ["b"])], "b", None),
        ([tensor("y", [1, 2], "FP32", [0.25, 0.75])], None, [0.25, 0.75]),
        ([tensor("y", [1], "INT64", [4]), tensor("z", [1, 2], "FP32", [0.25, 0.75])], 4, [0.25, 0.75]),
        (
            [tensor("z", [1, 2], "FP32", [1, 2]), tensor("predict_proba", [1, 2], "FP32", [0.25, 0.75])],
            None,
            [0.25, 0.75],
        ),
        ([tensor("y", [1, 2], "INT64", [1, 2])], None, None),
    ],
)
def test_outputs_are_prediction_and_scores(outputs, prediction, scores):
    (record,) = records(REQUEST, {"outputs": outputs})
    assert (record.get("prediction"), record.get("scores")) == (prediction, scores)


def test_rows_have_ids_of_their_own_and_one_row_the_plain_one():
    one = records({"instances": [[1, 2]]}, {"predictions": [1]})
    two = records({"instances": [[1, 2], [3, 4]]}, {"predictions": [[0.5, 0.5], [0, 1]]})
    assert [record["id"] for record in (*one, *two)] == ["r", "r-0", "r-1"]
    assert [record["scores"] for record in two] == [[0.5, 0.5], [0, 1]]


def test_answers_of_another_number_belong_to_no_question():
    found = records({"instances": [[1, 2], [3, 4]]}, {"predictions": [1, 2, 3]})
    assert [record.get("prediction") for record in found] == [None, None]


def test_numbers_that_json_does_not_know_stay_what_they_are():
    inputs = (
        b'{"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP64", "data": [NaN, -Infinity, 1'
        + b"0" * 400
        + b"]}]}"
    )
    request = half(event("request", "r", inputs))
    (value,) = joined_records(request, half(event("response", "r", RESPONSE)), STAMP)
    assert b'"x.0": NaN, "x.1": -Infinity, "x.2": 1000' in value


def test_numbers_beyond_64_bits_are_read_like_any_other():
    (record,) = records({"instances": [[1 << 70, 0.1]]}, {"predictions": [1]})
    assert record["features"] == {"instances.0": 1 << 70, "instances.1": 0.1}


def test_a_joined_record_decodes_to_what_its_envelope_decodes_to():
    record = next(traffic(1, seed=1))
    del record["latency_ms"]
    (joined,) = joined_records(*map(half, events(record)), STAMP)
    again = json.loads(joined)
    assert {**again, "time": 0} == {**record, "time": 0, "scores": list(record["scores"].values())}
    assert again["time"] == STAMP / 1000
    assert TYPE in str(events(record)[0].headers)


def test_halves_of_watched_models_beside_those_of_others_name_one_of_the_others():
    log = [event("request", "r", REQUEST, name=name) for name in ("n", "x", MODEL, "y")]
    decoded = Decoder({"n": SCHEMA, MODEL: SCHEMA}, stamped=True).decode(log)
    assert decoded.model.tolist() == [0, IGNORED, 1, IGNORED]
    assert decoded.another == "x"
    assert Decoder({"n": SCHEMA, MODEL: SCHEMA}, stamped=True).decode(log[::2]).another is None
