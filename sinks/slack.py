"""Slack: an incoming webhook, or a bot with one message an incident and its updates in the thread."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from monitor.errors import DeliveryError
from monitor.types import Event, Severity
from sinks.blocks import blocks, fallback
from sinks.failures import bad_answer, no_answer, retry_after
from sinks.posting import Poster, poster
from sinks.sink import SinkName, SinkOptions, http_url, mistake

if TYPE_CHECKING:
    from slack_sdk import WebClient

TIMEOUT = 15
LONGEST_WORD = 60
NOT_SLACK = "something that is not Slack answered"
PASSING = ("ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout")
"""Slack's own words for failures that a later try may not meet."""
UNCHANGEABLE = ("message_not_found", "cant_update_message", "edit_window_closed")
"""The first message is gone or too old to change: the thread is told all the same."""


class SlackConfig(SinkOptions):
    """A Slack channel: `webhook_url`, or `token` and `channel`."""

    type: Literal["slack"] = "slack"
    name: SinkName = "slack"
    webhook_url: Annotated[SecretStr, AfterValidator(http_url)] | None = Field(
        default=None, description="URL of an incoming webhook: each event is a message of its own."
    )
    token: SecretStr | None = Field(
        default=None, description="A bot's token (chat:write): one message an incident, updates in its thread."
    )
    channel: str | None = Field(default=None, description="With `token`: the channel's name or id.")

    @model_validator(mode="after")
    def _one_way(self) -> SlackConfig:
        ways = (self.webhook_url is not None, self.token is not None, self.channel is not None)
        if ways not in {(True, False, False), (False, True, True)}:
            raise mistake("give either webhook_url, or token and channel")
        return self

    def build(self) -> SlackWebhookSink | SlackBotSink:
        """Return the sink. Slack's client neither retries, which would delay the queue, nor logs, for it logs URLs."""
        from slack_sdk import WebClient
        from slack_sdk.proxy_env_variable_loader import load_http_proxy_from_env

        quiet = logging.getLogger("sinks.slack.client")
        quiet.setLevel(logging.CRITICAL)
        if self.webhook_url is not None:
            webhook = poster("Slack", self.webhook_url, load_http_proxy_from_env(quiet))
            return SlackWebhookSink(self.name, self.min_severity, webhook)
        token = self.token.get_secret_value() if self.token else None  # given, for webhook_url is not
        bot = WebClient(token, timeout=TIMEOUT, logger=quiet, retry_handlers=[])
        return SlackBotSink(self.name, self.min_severity, self.channel or "", bot)


@dataclass
class SlackWebhookSink:
    """Posts each event as a message."""

    name: str
    min_severity: Severity
    poster: Poster

    def send(self, event: Event, thread: str | None) -> str | None:
        """Post one message. Slack says `ok`; a page to log in with, or a redirect to one, is not from Slack."""
        said = {"text": fallback(event), "blocks": blocks(event), "unfurl_links": False}
        headers = {"content-type": "application/json; charset=utf-8"}
        status, answered, body = self.poster.post(json.dumps(said).encode(), headers, look=LONGEST_WORD)
        if status != 200 and not 300 <= status < 400:
            raise bad_answer("Slack", status, answered, _word(body.decode(errors="replace")))
        if status != 200 or body.strip() != b"ok":
            raise DeliveryError(NOT_SLACK, retryable=True)
        return None

    def close(self) -> None:
        """Close connections."""
        self.poster.close()


@dataclass
class SlackBotSink:
    """Posts the first message of an incident, answers in its thread, and marks it resolved in the end.

    The thread is `channel:ts`: an update of a message needs the channel's id, which only the answer has.
    """

    name: str
    min_severity: Severity
    channel: str
    client: WebClient

    def send(self, event: Event, thread: str | None) -> str | None:
        """Post one message; at the end of an incident change its first one too."""
        said: dict[str, Any] = {"text": fallback(event), "blocks": blocks(event)}
        if thread is None:
            answer = self._call("chat.postMessage", channel=self.channel, unfurl_links=False, **said)
            return f"{answer['channel']}:{answer['ts']}"
        channel, _, first = thread.partition(":")
        if event.event == "resolved":
            self._call("chat.update", UNCHANGEABLE, channel=channel, ts=first, **said)
        self._call("chat.postMessage", channel=channel, thread_ts=first, unfurl_links=False, **said)
        return thread

    def close(self) -> None:
        """Nothing is kept open."""

    def _call(self, method: str, forgiven: tuple[str, ...] = (), **arguments: Any) -> Any:
        from slack_sdk.errors import SlackApiError

        try:
            return self.client.api_call(method, json=arguments)
        except SlackApiError as error:
            if (word := _word(error.response.get("error"))) not in forgiven:
                raise _refusal(error.response, word) from None
            return None
        except (OSError, HTTPException) as error:
            raise no_answer("Slack", error) from None


def _refusal(response: Any, word: str) -> DeliveryError:
    if response.status_code != 200:
        return bad_answer("Slack", response.status_code, response.headers, word)
    if not word:  # a proxy's page, perhaps
        return DeliveryError(NOT_SLACK, retryable=True)
    return DeliveryError(
        f"Slack refused it: {word}", retryable=word in PASSING, retry_after=retry_after(response.headers)
    )


def _word(said: object) -> str:
    """Return Slack's reason where it is one of its words (`channel_not_found`); anything else is not repeated."""
    return said if isinstance(said, str) and said.replace("_", "").isalpha() and len(said) <= LONGEST_WORD else ""
