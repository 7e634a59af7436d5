"""A real HTTP server on loopback that answers as told and remembers what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What to answer; status 0 hangs up without a word."""

    status: int = 200
    body: bytes = json.dumps({"ok": True, "channel": "C024BE91L", "ts": "1767279600.000100", "dedup_key": "k"}).encode()
    headers: Mapping[str, str] = field(default_factory=dict)


SLACK = Answer(200, b"ok")
"""What an incoming webhook of Slack answers."""


@dataclass
class Receiver:
    """What came, and what is answered next; when nothing is scripted, success in the words of every destination."""

    url: str
    requests: list[Received] = field(default_factory=list)
    script: list[Answer] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            headers = {key.lower(): value for key, value in self.headers.items()}
            receiver.requests.append(Received(self.command, self.path, headers, body))
            answer = receiver.script.pop(0) if receiver.script else SLACK if "/services/" in self.path else Answer()
            if not answer.status:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for key, value in answer.headers.items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST  # noqa: N815 - http.server calls it by that name

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
