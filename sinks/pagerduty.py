"""PagerDuty, Events API v2: one incident there for one incident here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr

from monitor.errors import DeliveryError
from monitor.types import Event, Severity
from sinks.deadline import bounded, packed, within
from sinks.failures import bad_answer, no_answer
from sinks.signals import grouped
from sinks.sink import SinkName, SinkOptions, mistake
from sinks.text import plain
from sinks.wording import Message, message, subject

if TYPE_CHECKING:
    from pagerduty import EventsApiV2Client

TIMEOUT = 15
DEDUP_KEY = 255
REGIONS = {"us": "https://events.pagerduty.com", "eu": "https://events.eu.pagerduty.com"}


def _routing_key(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if "${" not in text and not (len(text) == 32 and text.isascii() and text.isalnum()):
        raise mistake("a routing key has 32 letters and digits: the Events API v2 integration of your service shows it")
    return secret


class PagerDutyConfig(SinkOptions):
    """A PagerDuty service, by its Events API v2 integration."""

    type: Literal["pagerduty"] = "pagerduty"
    name: SinkName = "pagerduty"
    routing_key: Annotated[SecretStr, AfterValidator(_routing_key)] = Field(
        description="The integration's routing key, 32 letters and digits."
    )
    region: Literal["us", "eu"] = Field(default="us", description="Where the PagerDuty account lives.")

    def build(self) -> PagerDutySink:
        """Return the sink."""
        return PagerDutySink(self.name, self.min_severity, self.routing_key, _client(self.routing_key, self.region))


def _client(routing_key: SecretStr, region: str) -> EventsApiV2Client:
    """Return PagerDuty's client without its own retries, which would hide Retry-After and could wait for ever."""
    from pagerduty import EventsApiV2Client

    class OneAttempt(EventsApiV2Client):
        max_network_attempts = 0

        def postprocess(self, response: Any) -> None:
            if not response.is_success:
                said = response.text.replace(routing_key.get_secret_value(), "…")
                raise bad_answer("PagerDuty", response.status_code, response.headers, said)

    client = OneAttempt(routing_key.get_secret_value(), base_url=REGIONS[region])
    client.timeout = TIMEOUT
    client.headers["accept-encoding"] = "identity"
    client.event_hooks = {"response": [_unpacked]}
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001 - httpx2 shows them nowhere else
        if transport is not None:
            bounded(transport)
    return client


def _unpacked(response: Any) -> None:
    """Refuse an answer before it is unpacked."""
    if packed(response.headers):
        raise DeliveryError("PagerDuty gave an answer that is packed, which was not asked for", retryable=True)


@dataclass
class PagerDutySink:
    """Triggers and resolves; the incident's id is the deduplication key, so an event sent twice is one incident."""

    name: str
    min_severity: Severity
    routing_key: SecretStr
    client: EventsApiV2Client

    def send(self, event: Event, thread: str | None) -> str | None:
        """Trigger, or resolve."""
        import pagerduty

        try:
            sent = event_of(event)
            with within(TIMEOUT):
                self.client.send_event(sent.pop("event_action"), **sent)
        except (pagerduty.Error, OSError) as error:
            raise no_answer("PagerDuty", error) from None
        return None

    def close(self) -> None:
        """Close connections."""
        self.client.close()


def event_of(event: Event) -> dict[str, Any]:
    """Return what is sent, without the routing key.

    An `updated` triggers again: PagerDuty adds it to the open incident, and nobody is paged twice.
    """
    key = event.incident[:DEDUP_KEY]
    if event.event == "resolved":
        return {"event_action": "resolve", "dedup_key": key}
    said = message(event)
    sent: dict[str, Any] = {
        "event_action": "trigger",
        "dedup_key": key,
        "client": "Seawall",
        "payload": {
            "summary": subject(event),
            "source": plain(event.model, 100),
            "severity": event.severity,
            "timestamp": event.time,
            "class": grouped(event.signals)[0][0].group if event.signals else "monitor",
            "custom_details": details(said),
        },
    }
    if said.runbook:
        sent["links"] = [{"href": said.runbook, "text": "Runbook"}]
    return sent


def details(said: Message) -> dict[str, str]:
    """Return the facts as PagerDuty shows them: a table of labels and words, a few rows."""
    rows = {"What": said.story, **dict(said.facts)}
    if said.notes:
        rows["Note"] = "\n".join(said.notes)
    if said.look_first:
        rows["Look first"] = said.look_first
    return rows | {"Incident": said.origin}
