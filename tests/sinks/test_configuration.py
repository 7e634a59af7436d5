"""Mistakes in a sink's configuration, and their words."""

from __future__ import annotations

import base64

import pytest
from pydantic import TypeAdapter, ValidationError

from sinks import KNOWN, SinkConfig
from sinks.pagerduty import PagerDutyConfig

SINK = TypeAdapter(SinkConfig)
KNOWN_ARE = "Known: stdout, file, slack, pagerduty, webhook"


@pytest.mark.parametrize(
    ("settings", "where", "words"),
    [
        ({"type": "kafka", "topic": "t"}, ("type",), f'"kafka" is not carried out by this build. {KNOWN_ARE}'),
        ({"type": "alertmanager"}, ("type",), f'"alertmanager" is not carried out by this build. {KNOWN_ARE}'),
        ({"type": "slack"}, ("slack",), "give either webhook_url, or token and channel"),
        ({"type": "slack", "token": "x"}, ("slack",), "give either webhook_url, or token and channel"),
        (
            {"type": "slack", "webhook_url": "http://a", "token": "x", "channel": "c"},
            ("slack",),
            "give either webhook_url, or token and channel",
        ),
        (
            {"type": "slack", "webhook_url": "hooks.slack.example/x"},
            ("slack", "webhook_url"),
            "this is not a URL. It starts with https:// and names a host",
        ),
        (
            {"type": "webhook", "url": "https:///x"},
            ("webhook", "url"),
            "this is not a URL. It starts with https:// and names a host",
        ),
        (
            {"type": "webhook", "url": "https://a", "secrets": ["whsec_%%"]},
            ("webhook", "secrets", 0),
            "what follows whsec_ is not base64",
        ),
        (
            {"type": "webhook", "url": "https://a", "secrets": [""]},
            ("webhook", "secrets", 0),
            "a secret may not be empty",
        ),
        (
            {"type": "pagerduty", "routing_key": "short"},
            ("pagerduty", "routing_key"),
            "a routing key has 32 letters and digits: the Events API v2 integration of your service shows it",
        ),
    ],
)
def test_a_mistake_is_said_where_it_is(settings, where, words):
    with pytest.raises(ValidationError) as refused:
        SINK.validate_python(settings)
    (error,) = refused.value.errors()
    assert (error["loc"], error["msg"]) == (where, words)


HOSTS = ("h:abc", "127.0.0.1:abc", "h:99999", "h:0", "a..b", "xn--", "a b", "[::1", "a" * 64 + ".example")


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("settings", [{"type": "slack", "webhook_url": "{}"}, {"type": "webhook", "url": "{}"}])
def test_a_url_that_could_never_be_asked_is_refused_at_once(settings, host):
    with pytest.raises(ValidationError) as refused:
        SINK.validate_python({key: value.format(f"http://{host}/x") for key, value in settings.items()})
    (error,) = refused.value.errors()
    assert error["msg"] == "this is not a URL that can be asked: look at its host and port"


@pytest.mark.parametrize(
    "url", ["https://münchen.example/x", "http://[::1]:80", "HTTPS://a_b.example.", "http://me:secret@10.0.0.1:9000/x"]
)
def test_urls_of_every_kind_of_host_are_taken(url):
    assert SINK.validate_python({"type": "webhook", "url": url}).url.get_secret_value() == url


def test_a_mistake_in_a_secret_does_not_show_it():
    with pytest.raises(ValidationError) as refused:
        PagerDutyConfig.model_validate({"routing_key": "too-short"})
    assert "too-short" not in str(refused.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"type": "slack", "webhook_url": "${SLACK_WEBHOOK_URL}"},
        {"type": "pagerduty", "routing_key": "${PAGERDUTY_KEY}"},
        {"type": "webhook", "url": "${WEBHOOK}", "secrets": ["${SECRET}"]},
    ],
)
def test_what_the_environment_does_not_have_yet_is_no_mistake_of_the_sink(settings):
    assert SINK.validate_python(settings).type in KNOWN


def test_a_secret_in_base64_and_one_as_it_is_are_both_taken():
    secrets = ["whsec_" + base64.b64encode(b"k" * 24).decode(), "plain"]
    config = SINK.validate_python({"type": "webhook", "url": "https://a", "secrets": secrets})
    assert [s.get_secret_value() for s in config.secrets] == secrets


def test_the_schema_names_every_sink():
    assert set(SINK.json_schema()["discriminator"]["mapping"]) == set(KNOWN)
