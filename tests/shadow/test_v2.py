from __future__ import annotations

import gzip
import json
import socket

import pytest
from dripping import DRIPS, dripping
from v2_server import v2_server

from monitor.config.shadow import V2Endpoint
from monitor.shadow.endpoint import Unanswered
from monitor.shadow.inputs import Column, Inputs
from monitor.shadow.v2 import V2Client

NUMBERS = Inputs((Column("income", "number"), Column("age", "number")))
MIXED = Inputs((Column("income", "number"), Column("owner", "boolean"), Column("town", "text")))
ROWS = [(1.0, 40.0), (3.0, None), (2.0, 20.0)]


@pytest.fixture
def server():
    def model(rows):
        return {
            "predict": [int((row[0] or 0) > 1.5) for row in rows],
            "scores": [v for _ in rows for v in (0.25, 0.75)],
        }

    with v2_server(model) as running:
        yield running


@pytest.fixture
def client(server):
    """Return a function that makes a client of the server."""
    made = []

    def make(inputs=NUMBERS, **keys):
        config = V2Endpoint.model_validate({"type": "v2", "url": server.url, "model": "m/1", "timeout": "2s"} | keys)
        made.append(V2Client(config, inputs, ("no", "yes"), numeric=False))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_numbers_are_sent_as_one_tensor_and_what_is_missing_as_null(server, client):
    said = client().ask(ROWS)
    ((path, headers, body),) = server.requests
    assert path == "/v2/models/m%2F1/infer"
    assert headers["host"] == server.url.removeprefix("http://")
    assert body["inputs"] == [
        {"name": "input", "shape": [3, 2], "datatype": "FP64", "data": [1.0, 40.0, 3.0, None, 2.0, 20.0]}
    ]
    assert said.predictions == [0.0, 1.0, 1.0]
    assert said.version == "1"


def test_texts_are_sent_as_columns(server, client):
    client(MIXED).ask([(1.0, True, "Rome"), (2.0, None, "Oslo")])
    ((_, _, body),) = server.requests
    assert body["parameters"] == {"content_type": "pd"}
    assert body["inputs"] == [
        {"name": "income", "shape": [2, 1], "datatype": "FP64", "data": [1.0, 2.0]},
        {"name": "owner", "shape": [2, 1], "datatype": "BOOL", "data": [True, None]},
        {"name": "town", "shape": [2, 1], "datatype": "BYTES", "data": ["Rome", "Oslo"]},
    ]


def test_classes_and_scores_are_read_by_name(server, client):
    said = client(prediction="predict", classes=["no", "yes"], scores="scores").ask(ROWS)
    assert said.predictions == ["no", "yes", "yes"]
    assert said.scores == {"no": [0.25] * 3, "yes": [0.75] * 3}
    assert server.requests[0][2]["outputs"] == [{"name": "predict"}, {"name": "scores"}]


def response(**outputs):
    """Return a response with one output that is `predict`, but for what is said."""
    output = {"name": "predict", "datatype": "INT64", "shape": [3, 1], "data": [0, 1, 1]} | outputs
    return {"model_name": "m", "model_version": "1", "outputs": [output]}


@pytest.mark.parametrize(
    ("status", "content", "outcome"),
    [
        (200, b"<html>", "garbage"),
        (200, b"", "garbage"),
        (200, b"[" * 100_000, "garbage"),
        (200, b"[]", "garbage"),
        (200, json.dumps({"outputs": [7]}).encode(), "garbage"),
        (200, json.dumps(response() | {"outputs": []}).encode(), "shape"),
        (200, json.dumps(response(data=[0, 1])).encode(), "shape"),
        (200, json.dumps(response(data=[0, 1, 1, 0, 0, 0], shape=[3, 2])).encode(), "shape"),
        (200, json.dumps(response(shape=[1, 3])).encode(), "shape"),
        (200, json.dumps(response(data="011")).encode(), "shape"),
        (200, json.dumps(response(data=[0, None, 1])).encode(), "garbage"),
        (200, json.dumps(response(data=[0, 1, 7])).encode(), "garbage"),
        (200, json.dumps(response() | {"model_version": "2"}).encode(), "version"),
        (200, json.dumps(response() | {"x": "y" * (5 << 20)}).encode(), "garbage"),
        (500, b'{"error": "income 51234.5 is too large"}', "server_error"),
        (503, b"", "server_error"),
        (404, b"", "refused"),
        (302, b"", "refused"),
    ],
)
def test_what_is_no_answer_is_said_in_one_word(server, client, status, content, outcome):
    server.reply = lambda _: (status, content)
    with pytest.raises(Unanswered) as raised:
        client(version="1", classes=["no", "yes"]).ask(ROWS)
    assert raised.value.outcome == outcome
    assert "51234" not in str(raised.value)
    assert len(server.requests) == 1  # a redirect is not followed


def test_nested_data_are_as_good_as_flat_ones(server, client):
    server.reply = lambda _: (200, json.dumps(response(data=[[0], [1], [1]])).encode())
    assert client().ask(ROWS).predictions == [0.0, 1.0, 1.0]


def test_whoever_never_answers_is_given_up(server, client):
    server.reply = lambda _: (200, b"") * server.stuck.wait()
    with pytest.raises(Unanswered, match="gave no answer") as raised:
        client(timeout="100ms").ask(ROWS)
    assert raised.value.outcome == "no_answer"


@pytest.mark.parametrize("drip", DRIPS)
def test_whoever_answers_a_byte_at_a_time_is_given_up(client, drip):
    with dripping(drip) as url, pytest.raises(Unanswered) as raised:
        client(url=url, timeout="200ms").ask(ROWS)
    assert raised.value.outcome in {"no_answer", "garbage"}


def test_an_answer_that_is_packed_was_not_asked_for_and_is_not_unpacked(server, client, monkeypatch):
    whole = json.dumps(server.answered({"inputs": [{"shape": [3, 2], "data": [0.0] * 6}]})).encode()
    server.headers = {"content-encoding": "gzip, gzip"}
    server.reply = lambda _: (200, gzip.compress(gzip.compress(whole)))
    monkeypatch.setattr("zlib.decompressobj", lambda *_: pytest.fail("unpacked"))
    with pytest.raises(Unanswered, match="packed") as raised:
        client().ask(ROWS)
    assert raised.value.outcome == "garbage"
    assert server.requests[0][1]["accept-encoding"] == "identity"


def test_nobody_there_is_said_without_a_secret():
    config = V2Endpoint.model_validate(
        {"type": "v2", "url": "http://127.0.0.1:1/token-in-a-path", "model": "m", "token": "s3cret", "timeout": "1s"}
    )
    with pytest.raises(Unanswered, match="refused") as raised:
        V2Client(config, NUMBERS, (), numeric=False).ask(ROWS)
    assert raised.value.outcome == "no_answer"
    assert "token" not in str(raised.value)


def test_the_token_is_sent_and_no_proxy_is_used(server, client, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    client(token="s3cret").ask(ROWS)
    assert server.requests[0][1]["authorization"] == "Bearer s3cret"


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "100.100.100.200"])
def test_addresses_where_machines_find_credentials_are_not_asked(client, monkeypatch, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(family, 1, 6, "", (address, 80))])
    with pytest.raises(Unanswered, match="the endpoint's host is a link-local or metadata address"):
        client(url="http://model.example").ask(ROWS)


def test_the_host_is_resolved_once(server, client, monkeypatch):
    asked = []
    real = socket.getaddrinfo

    def resolving(host, *given, **keys):
        asked.append(host)
        return real("127.0.0.1", *given, **keys)

    monkeypatch.setattr(socket, "getaddrinfo", resolving)
    one = client(url=server.url.replace("127.0.0.1", "model.example"))
    one.ask(ROWS)
    one.ask(ROWS)
    assert asked.count("model.example") == 1
    assert server.requests[0][1]["host"].startswith("model.example:")
