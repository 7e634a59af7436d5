"""CloudEvents 1.0: what the machines that are told agree on."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from monitor.types import Event, Trigger, event_json


def attributes(event: Event | Trigger) -> dict[str, str]:
    """Return what a CloudEvent says about an event or a trigger, besides its data."""
    what = "retrain" if isinstance(event, Trigger) else "incident"
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": f"/seawall/{quote(event.model, safe='')}",
        "type": f"seawall.{what}.{event.event}",
        "subject": event.incident,
        "time": event.time,
    }


def cloud_event(event: Event | Trigger) -> dict[str, Any]:
    """Return the event in an envelope of JSON."""
    return {**attributes(event), "datacontenttype": "application/json", "data": event_json(event)}
