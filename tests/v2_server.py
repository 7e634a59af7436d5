"""A server of the Open Inference Protocol V2, as small as it can be, that can also answer wrongly."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, bytes]
Model = Callable[[Sequence[Sequence[Any]]], dict[str, Sequence[Any]]]
"""Rows to outputs: each a list of as many, flat."""


class V2Server(ThreadingHTTPServer):
    """Answers what `model` says, unless `reply` says otherwise.

    Attributes
    ----------
    reply : callable or None
        The request's body to status and content.
    headers : dict
        What the head of an answer says besides.
    requests : list of (path, headers, body)
    """

    daemon_threads = True

    def __init__(self, model: Model) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.model = model
        self.reply: Callable[[dict[str, Any]], Reply] | None = None
        self.headers: dict[str, str] = {}
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.stuck = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""

    def answered(self, body: dict[str, Any], version: str = "1") -> dict[str, Any]:
        """Return the response to a request."""
        rows = rows_of(body)
        outputs = [
            {"name": name, "datatype": "FP64", "shape": [len(rows), len(data) // len(rows)], "data": list(data)}
            for name, data in self.model(rows).items()
        ]
        return {"model_name": "m", "model_version": version, "outputs": outputs}


class _Handler(BaseHTTPRequestHandler):
    server: V2Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append((self.path, dict(self.headers), body))
        reply = self.server.reply
        status, content = reply(body) if reply else (200, json.dumps(self.server.answered(body)).encode())
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("location", f"{self.server.url}/elsewhere")
        for key, value in self.server.headers.items():
            self.send_header(key, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def rows_of(body: dict[str, Any]) -> list[list[Any]]:
    """Return the rows of a request, whether they came as one tensor or as columns."""
    first, *rest = body["inputs"]
    if rest or body.get("parameters", {}).get("content_type") == "pd":
        return [list(row) for row in zip(*(column["data"] for column in body["inputs"]), strict=True)]
    width = first["shape"][1]
    return [first["data"][at : at + width] for at in range(0, len(first["data"]), width)]


@contextmanager
def v2_server(model: Model) -> Iterator[V2Server]:
    """Serve on a free port of this machine."""
    with V2Server(model) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.stuck.set()
            server.shutdown()
            thread.join()
