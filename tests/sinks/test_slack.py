from __future__ import annotations

import html
import json

import pytest
from http_receiver import Answer
from hypothesis import given
from hypothesis import strategies as st
from sample_events import HOSTILE, HUGE, MISSING, RESOLVED, SHIFT, UPDATED
from sink_cases import CASES

from monitor.errors import DeliveryError
from sinks.blocks import blocks, escaped, fallback, picture
from sinks.wording import message

FIRST = "C024BE91L:1767279600.000100"


@pytest.fixture
def bot(receiver, tmp_path):
    return CASES["slack-bot"].build(receiver.url, tmp_path)


@pytest.mark.parametrize("event", [SHIFT, MISSING, RESOLVED, HOSTILE, HUGE], ids=lambda e: e.summary[:10])
def test_a_message_keeps_slacks_limits(event):
    said = blocks(event)
    assert len(said) <= 50
    assert len(json.dumps(said, ensure_ascii=False)) + len(fallback(event)) < 8_000 + 1_000  # 1,000 of it JSON's own
    assert sum(len(text) for text in block_texts(said)) + len(fallback(event)) < 8_000
    for block in said:
        limit = {"header": 150, "section": 3_000, "context": 3_000}[block["type"]]
        assert 0 < len(block.get("text", {}).get("text", "-")) <= limit
        assert len(block.get("fields", [])) <= 10
        assert all(len(text) <= 2_000 for text in block_texts([block]) if "fields" in block)


def block_texts(said):
    for block in said:
        for text in [block.get("text"), *block.get("fields", []), *block.get("elements", [])]:
            if text:
                yield text["text"]


def test_names_become_neither_mentions_nor_links_nor_the_end_of_a_picture():
    markup = blocks(HOSTILE)[1:]  # the header is plain text: Slack reads no markup there
    said = "".join(text for text in block_texts(markup) if "|Runbook>" not in text)
    assert "<" not in said
    assert "&lt;!channel&gt; &amp; &lt;https" in fallback(HOSTILE)
    assert said.count("```") == 2
    assert all(b["text"].get("verbatim") for b in blocks(HOSTILE) if b["type"] == "section" and "text" in b)


@given(st.text(alphabet="&<>ab", max_size=60), st.integers(6, 80))
def test_escaping_cuts_between_characters(text, limit):
    cut = escaped(text, limit)
    assert len(cut) <= limit
    whole = html.unescape(cut)
    assert whole == text or (whole.endswith("…") and text.startswith(whole[:-1]))


def test_the_picture_shows_both_shares_of_each_bin():
    assert picture(message(SHIFT).bins).splitlines() == [
        "5.1–6.0    accepted ░░         5 %",
        "           now      ██████████ 21 %",
        "≥ 6.0      accepted ░░         5 %",
        "           now      █████▎     11 %",
        "2.0–3.1    accepted ░░░░░░     12 %",
        "           now      █▉         4 %",
        "below 2.0  accepted ░░░        6 %",
        "           now      █          2 %",
    ]


def test_a_bot_tells_updates_in_the_thread_and_marks_the_first_message_at_the_end(bot, receiver):
    assert bot.send(SHIFT, None) == FIRST
    assert bot.send(UPDATED, FIRST) == FIRST
    assert bot.send(RESOLVED, FIRST) == FIRST
    opened, updated, changed, resolved = receiver.requests
    assert opened.path == updated.path == resolved.path == "/api/chat.postMessage"
    assert opened.headers["authorization"].startswith("Bearer ")
    assert (opened.json["channel"], opened.json.get("thread_ts")) == ("#alerts", None)
    assert (updated.json["channel"], updated.json["thread_ts"]) == ("C024BE91L", "1767279600.000100")
    assert changed.path == "/api/chat.update"
    assert (changed.json["channel"], changed.json["ts"]) == ("C024BE91L", "1767279600.000100")
    assert changed.json["blocks"] == resolved.json["blocks"] == blocks(RESOLVED)


def test_a_deleted_first_message_does_not_keep_the_end_from_being_told(bot, receiver):
    receiver.script = [Answer(200, b'{"ok": false, "error": "message_not_found"}')]
    bot.send(RESOLVED, FIRST)
    assert [r.path for r in receiver.requests] == ["/api/chat.update", "/api/chat.postMessage"]


@pytest.mark.parametrize(
    ("body", "words", "retryable"),
    [
        (b'{"ok": false, "error": "channel_not_found"}', "Slack refused it: channel_not_found", False),
        (b'{"ok": false, "error": "invalid_auth"}', "Slack refused it: invalid_auth", False),
        (b'{"ok": false, "error": "internal_error"}', "Slack refused it: internal_error", True),
        (b'{"ok": false, "error": "ratelimited"}', "Slack refused it: ratelimited", True),
        (b"<html>please log in to the network</html>", "something that is not Slack answered", True),
    ],
)
def test_a_refusal_in_slacks_words_is_judged_by_them(bot, receiver, body, words, retryable):
    receiver.script = [Answer(200, body)]
    with pytest.raises(DeliveryError) as refused:
        bot.send(SHIFT, None)
    assert (str(refused.value), refused.value.retryable) == (words, retryable)


@pytest.fixture
def webhook(receiver, tmp_path):
    return CASES["slack"].build(receiver.url, tmp_path)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>please log in to the network</html>"),
        Answer(200, b""),
        *(Answer(status, b"ok", {"Location": "/login"}) for status in (301, 302, 303, 307, 308)),
    ],
    ids=lambda answer: f"{answer.status} {answer.body[:6].decode()}",
)
def test_what_is_not_slack_has_not_taken_a_message_and_leads_nowhere_else(webhook, receiver, answer):
    receiver.script = [answer]
    with pytest.raises(DeliveryError, match="something that is not Slack answered") as refused:
        webhook.send(SHIFT, None)
    assert refused.value.retryable
    assert len(receiver.requests) == 1
    assert webhook.send(SHIFT, None) is None


def test_a_webhooks_reason_is_told(webhook, receiver):
    receiver.script = [Answer(404, b"channel_not_found")]
    with pytest.raises(DeliveryError, match=r"Slack answered 404 \(channel_not_found\)"):
        webhook.send(SHIFT, None)


def test_a_webhook_that_stands_for_a_metadata_address_is_not_asked(tmp_path):
    with pytest.raises(DeliveryError, match="link-local or metadata"):
        CASES["slack"].build("http://169.254.169.254", tmp_path).send(SHIFT, None)


def test_a_proxy_of_the_environment_is_asked_for_the_name(monkeypatch, receiver, tmp_path):
    monkeypatch.setenv("HTTPS_PROXY", receiver.url)
    CASES["slack"].build("http://slack.example", tmp_path).send(SHIFT, None)
    (request,) = receiver.requests
    assert request.path.startswith("http://slack.example/services/")
