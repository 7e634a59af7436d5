"""What a sink promises, and what the configurations of all of them share."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Protocol
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from monitor.types import Event, Severity, event_json


class Sink(Protocol):
    """One destination. It builds a message and sends it once; whoever calls it retries. One thread uses it.

    Attributes
    ----------
    name : str
        What logs and metrics call it.
    min_severity : {"info", "warning", "error", "critical"} or None
        What is below is not for this destination. None for an action: it hears of no incident, only of the triggers
        of the rule that it is named after.
    """

    name: str

    @property
    def min_severity(self) -> Severity | None: ...

    def send(self, event: Any, thread: str | None) -> str | None:
        """Send one event, once, and return when the destination has taken it.

        Parameters
        ----------
        event : Event, or Trigger for an action
            Sending the same one again must not make a second incident at the receiver.
        thread : str or None
            What this method returned for the incident's first message; None if this is the first.

        Returns
        -------
        str or None
            What later events of the incident need in order to join this one, for destinations that have threads.

        Raises
        ------
        DeliveryError
            The destination did not take it. Its words hold no secret.
        """

    def close(self) -> None:
        """Let go of connections. Nothing is sent afterwards."""


SinkName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="What logs and metrics call this sink: letters, digits, `_`, `.`, `-`. No two sinks share one.",
    ),
]
MinSeverity = Annotated[Severity, Field(description="Incidents below this severity are not sent here.")]


class SinkOptions(BaseModel):
    """What every sink's configuration has besides its own keys; each names itself after its type."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: SinkName
    min_severity: MinSeverity = "warning"


def http_url(secret: SecretStr) -> SecretStr:
    """Check, for a configuration, that it is an http(s) URL with a host; never shows it, for it may hold a token."""
    text = secret.get_secret_value()
    if "${" in text:
        return secret
    if not re.match("(?i)https?://[^/?#]", text):
        raise mistake("this is not a URL. It starts with https:// and names a host")
    if not _can_be_asked(text):
        raise mistake("this is not a URL that can be asked: look at its host and port")
    return secret


def _can_be_asked(text: str) -> bool:
    """Return whether whoever sends can take the URL apart, and its host can be looked up."""
    import httpx

    try:
        parts, host = urlsplit(text), httpx.URL(text).host
        return parts.port != 0 and bool(host.encode("idna")) and not any(map(str.isspace, parts.netloc))
    except (ValueError, httpx.InvalidURL):
        return False


def mistake(words: str) -> PydanticCustomError:
    """Return what a validator raises: words for a person, without the value."""
    return PydanticCustomError("words", "{words}", {"words": words})


def event_line(event: Event) -> str:
    r"""Return the event as one line of JSON, without the newline: the contract's keys, nothing a terminal acts upon.

    What is not printable is written as ``\u....``, so a crafted name can neither end the line nor colour it.
    """
    text = json.dumps(event_json(event), ensure_ascii=False)
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
