"""A stand-in for Slack: keeps each message that the Slack sink posts as a page that looks like it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from monitor.demo.stand_in import StandIn
from sinks.preview import slack_page


class Received(NamedTuple):
    """One message: the page it was kept in, and its first line."""

    page: Path
    headline: str


class SlackStandIn(StandIn):
    """Keeps the messages as `slack-1.html`, then `slack-2.html`, and so on.

    Attributes
    ----------
    received : list of Received
    """

    path = "/services/demo"

    def __init__(self, folder: Path) -> None:
        self.received: list[Received] = []
        super().__init__(folder)

    def keep(self, body: bytes) -> None:
        """Write a message's page."""
        blocks = msgspec.json.decode(body)["blocks"]
        page = self.folder / f"slack-{len(self.received) + 1}.html"
        page.write_text(slack_page([blocks]), encoding="utf-8")
        self.received.append(Received(page, blocks[0]["text"]["text"]))
