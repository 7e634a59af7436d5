from __future__ import annotations

import base64
import hashlib
import hmac
import socket

import httpx
import pytest
from dripping import DRIPS, dripping
from http_receiver import Answer
from pydantic import SecretStr
from sample_events import RESOLVED, SHIFT

from monitor.errors import DeliveryError
from sinks.addresses import addresses
from sinks.posting import poster
from sinks.webhook import WebhookConfig

KEY = b"0123456789abcdef01234567"
WHSEC = "whsec_" + base64.b64encode(KEY).decode()


def signature(key, request):
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


@pytest.fixture
def sink(receiver):
    return WebhookConfig(url=f"{receiver.url}/hook?team=risk", secrets=[WHSEC, "the old one"]).build()


def test_an_event_is_a_cloudevent(sink, receiver):
    sink.send(SHIFT, None)
    (request,) = receiver.requests
    assert request.path == "/hook?team=risk"
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert request.headers["host"] == receiver.url.removeprefix("http://")
    attributes = {key: value for key, value in request.json.items() if key != "data"}
    assert attributes == {
        "specversion": "1.0",
        "id": "evt_5b1d",
        "source": "/seawall/credit-risk",
        "type": "seawall.incident.opened",
        "subject": "inc_4k2f",
        "time": "2026-01-01T15:00:00Z",
        "datacontenttype": "application/json",
    }


def test_it_is_signed_with_every_secret(sink, receiver):
    sink.clock = lambda: 1_767_279_600.9
    sink.send(SHIFT, None)
    (request,) = receiver.requests
    assert request.headers["webhook-timestamp"] == "1767279600"
    expected = [signature(KEY, request), signature(b"the old one", request)]
    assert request.headers["webhook-signature"].split(" ") == expected


def test_without_secrets_it_is_not_signed(receiver):
    WebhookConfig(url=receiver.url).build().send(SHIFT, None)
    assert "webhook-signature" not in receiver.requests[0].headers


def test_the_id_is_the_same_at_every_attempt_and_another_for_another_event(sink, receiver):
    receiver.script = [Answer(500)]
    with pytest.raises(DeliveryError):
        sink.send(SHIFT, None)
    sink.send(SHIFT, None)
    sink.send(RESOLVED, None)
    assert [r.headers["webhook-id"] for r in receiver.requests] == ["evt_5b1d", "evt_5b1d", "evt_5b1e"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status, sink, receiver):
    receiver.script = [Answer(status, b"", {"Location": f"{receiver.url}/elsewhere"})]
    with pytest.raises(DeliveryError, match=f"answered {status}") as refused:
        sink.send(SHIFT, None)
    assert not refused.value.retryable
    assert len(receiver.requests) == 1


def test_gone_disables_it(sink, receiver):
    receiver.script = [Answer(410)]
    for _ in range(2):
        with pytest.raises(DeliveryError, match="410") as refused:
            sink.send(SHIFT, None)
        assert not refused.value.retryable
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "0xa9.0xfe.0xa9fe",
        "2852039166",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::a9fe:a9fe]",
        "[::169.254.169.254]",
        "[2001:0:a9fe:a9fe::1]",
        "[2002:a9fe:a9fe::1]",
        "100.100.100.200",
        "0.0.0.0",
        "224.0.0.1",
    ],
)
def test_where_machines_find_credentials_nothing_is_sent(host):
    with pytest.raises(DeliveryError, match="link-local or metadata") as refused:
        WebhookConfig(url=f"http://{host}/latest/meta-data").build().send(SHIFT, None)
    assert not refused.value.retryable


def test_loopback_is_allowed_in_any_spelling():
    assert [*map(addresses, ["0x7f.1", "2130706433", "127.1"], [80] * 3)] == [["127.0.0.1"]] * 3


@pytest.mark.parametrize("host", ["::1", "127.0.0.1", "10.0.0.1", "64:ff9b::808:808", "2001:db8::1"])
def test_loopback_private_and_translated_public_addresses_are_allowed(host):
    assert addresses(host, 80) == [host]


def test_a_name_that_turns_into_a_link_local_address_is_refused(monkeypatch):
    resolves_to(monkeypatch, "203.0.113.5", "169.254.169.254")
    with pytest.raises(DeliveryError, match="link-local or metadata"):
        addresses("rebinding.example", 80)


def test_a_name_that_does_not_resolve_is_tried_again(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DeliveryError, match="Name or service not known") as refused:
        WebhookConfig(url="https://nowhere.example").build().send(SHIFT, None)
    assert refused.value.retryable


def test_the_name_is_resolved_once_and_the_certificate_is_still_asked_for_the_name(monkeypatch):
    resolves_to(monkeypatch, "203.0.113.5")
    sink = WebhookConfig(url="https://receiver.example/hook").build()
    seen = []

    def answer(request):
        seen.append((request.url.host, request.headers["host"], request.extensions["sni_hostname"]))
        return httpx.Response(204)

    sink.poster.client = httpx.Client(transport=httpx.MockTransport(answer))
    sink.send(SHIFT, None)
    assert seen == [("203.0.113.5", "receiver.example", "receiver.example")]


def test_the_next_address_is_tried_where_the_first_cannot_be_connected_to(monkeypatch, sink, receiver):
    monkeypatch.setattr("sinks.posting.addresses", lambda host, _: ["127.0.0.2", host])
    sink.send(SHIFT, None)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("drip", DRIPS)
def test_a_receiver_that_answers_a_byte_at_a_time_holds_up_nobody(drip, monkeypatch):
    monkeypatch.setattr("sinks.posting.TIMEOUT", 0.2)
    with dripping(drip) as url, pytest.raises(DeliveryError, match="gave no answer") as raised:
        poster("the webhook", SecretStr(url)).post(b"{}", {}, look=60)
    assert raised.value.retryable


def resolves_to(monkeypatch, *hosts):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 443)) for host in hosts]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
