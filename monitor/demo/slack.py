"""A stand-in for Slack: takes what the Slack sink posts, and keeps each message as a page that looks like it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import msgspec

from sinks.preview import slack_page


class Received(NamedTuple):
    """One message: the page it was kept in, and its first line."""

    page: Path
    headline: str


class SlackStandIn:
    """Listens on a free loopback port until closed.

    Parameters
    ----------
    folder : Path
        Where to keep the messages: `slack-1.html`, `slack-2.html`, …

    Attributes
    ----------
    url : str
        What to configure as `webhook_url`.
    received : list of Received
    """

    def __init__(self, folder: Path) -> None:
        self.received: list[Received] = []
        self._folder = folder
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                stand_in.keep(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the terminal is the demo's."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/services/demo"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="slack", daemon=True).start()

    def keep(self, body: bytes) -> None:
        """Write a message's page."""
        blocks = msgspec.json.decode(body)["blocks"]
        page = self._folder / f"slack-{len(self.received) + 1}.html"
        page.write_text(slack_page([blocks]), encoding="utf-8")
        self.received.append(Received(page, blocks[0]["text"]["text"]))

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
