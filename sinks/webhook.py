"""A webhook: CloudEvents 1.0 in JSON, signed as Standard Webhooks asks."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from monitor.errors import DeliveryError
from monitor.types import Event, Severity, Trigger
from sinks.cloud_event import cloud_event
from sinks.failures import bad_answer
from sinks.posting import Poster, poster
from sinks.sink import SinkName, SinkOptions, http_url, mistake


def _key(secret: SecretStr) -> bytes:
    """Return the key: base64 after `whsec_`, else the text itself."""
    text = secret.get_secret_value()
    if not text.startswith("whsec_"):
        return text.encode()
    return base64.b64decode(text.removeprefix("whsec_"), validate=True)


def _usable(secret: SecretStr) -> SecretStr:
    try:
        empty = not _key(secret)
    except binascii.Error:
        raise mistake("what follows whsec_ is not base64") from None
    if empty:
        raise mistake("a secret may not be empty")
    return secret


SigningSecrets = Annotated[
    tuple[Annotated[SecretStr, AfterValidator(_usable)], ...],
    Field(
        description="Signing secrets: `whsec_` and base64, or any text as it is. The message is signed with each, "
        "so that a new one can be added before the old one goes. Without any it is not signed.",
    ),
]


class WebhookConfig(SinkOptions):
    """An HTTP endpoint that gets every event by POST."""

    type: Literal["webhook"] = "webhook"
    name: SinkName = "webhook"
    url: Annotated[SecretStr, AfterValidator(http_url)] = Field(
        description="Where to POST. A secret, for many carry a token. Proxies are not used, redirects not followed."
    )
    secrets: SigningSecrets = ()

    def build(self) -> WebhookSink:
        """Return the sink."""
        return WebhookSink(self.name, self.min_severity, poster("the webhook", self.url), self.secrets)


@dataclass
class WebhookSink:
    """Posts CloudEvents. `webhook-id` is the event's id, the same at every attempt."""

    name: str
    min_severity: Severity | None
    poster: Poster
    secrets: Sequence[SecretStr]
    clock: Callable[[], float] = time.time
    gone: bool = False

    def send(self, event: Event | Trigger, thread: str | None) -> str | None:
        """Post one event. After a 410 nothing more is sent until the process starts again."""
        if self.gone:
            raise DeliveryError("the webhook said 410 Gone: nothing is sent there until a restart", retryable=False)
        body = json.dumps(cloud_event(event)).encode()
        headers = {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "user-agent": "Seawall",
            **signature_headers(event.id, int(self.clock()), body, self.secrets),
        }
        status, answered, _ = self.poster.post(body, headers)
        self.gone = status == 410
        if not 200 <= status < 300:
            raise bad_answer("the webhook", status, answered)
        return None

    def close(self) -> None:
        """Close connections."""
        self.poster.close()


def signature_headers(name: str, timestamp: int, body: bytes, secrets: Sequence[SecretStr]) -> dict[str, str]:
    """Return the headers of Standard Webhooks: HMAC-SHA256 of id, time and body, once with every secret."""
    signed = f"{name}.{timestamp}.".encode() + body
    signatures = [base64.b64encode(hmac.digest(_key(s), signed, hashlib.sha256)).decode() for s in secrets]
    headers = {"webhook-id": name, "webhook-timestamp": str(timestamp)}
    return headers | ({"webhook-signature": " ".join(f"v1,{s}" for s in signatures)} if signatures else {})
