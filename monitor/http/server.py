"""The HTTP endpoints: a small server of the standard library in a thread of its own."""

from __future__ import annotations

import contextlib
import io
import socket
import socketserver
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog

from monitor.errors import SeawallError
from monitor.http.site import Answer, Site

log = structlog.get_logger()

LONGEST_CONNECTION = 5.0
MOST_CONNECTIONS = 16
LARGEST_HEAD = 16_384
STOP_WITHIN = 0.25

_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Server:
    """Serves a site until closed. Nothing listens before `start`.

    Parameters
    ----------
    address : (str, int)
        Host and port; an empty host is all addresses, port 0 a free one.
    """

    def __init__(self, address: tuple[str, int], site: Site) -> None:
        self._address = address
        self._site = site
        self._server: _Bound | None = None

    def start(self) -> tuple[str, int]:
        """Listen, answer from a daemon thread, and return host and port; SeawallError where that cannot be."""
        host, port = self._address
        try:
            self._server = _Bound((host, port), self._site)
        except (OSError, UnicodeError, OverflowError) as why:
            shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            raise SeawallError(
                f"cannot listen on {shown}: {getattr(why, 'strerror', None) or why}. "
                "Stop what listens there, or set another address: http: 127.0.0.1:9465"
            ) from why
        threading.Thread(target=self._server.serve_forever, args=(STOP_WITHIN,), name="http", daemon=True).start()
        bound = self._server.server_address
        log.info("listening", host=bound[0], port=bound[1])
        return str(bound[0]), int(bound[1])

    def close(self) -> None:
        """Stop listening. Answers under way are not waited for."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Bound(ThreadingHTTPServer):
    """A listening socket with at most `MOST_CONNECTIONS` open, so that threads stay few.

    One more closes the oldest, those whose request is not whole first: who keeps connections open starves no probe.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], site: Site) -> None:
        self.site = site
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._lock = threading.Lock()
        self._asked: dict[socket.socket, bool] = {}  # whether the whole request has come, the oldest connection first
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # http.server's own asks DNS for the host's name here, which can take seconds and is used for nothing.
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            if len(self._asked) >= MOST_CONNECTIONS:
                oldest = min(self._asked, key=self._asked.__getitem__)
                del self._asked[oldest]
                with contextlib.suppress(OSError):  # the client has gone by itself
                    oldest.shutdown(socket.SHUT_RDWR)  # its thread sees the end, and closes it
            self._asked[request] = False
        super().process_request(request, client_address)

    def note_asked(self, request: socket.socket) -> None:
        """Note that the whole request has come."""
        with self._lock:
            if request in self._asked:
                self._asked[request] = True

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._asked.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(why := sys.exception(), OSError):  # an OSError is the client's going away
            log.error("answering failed", why=repr(why))


class _Handler(BaseHTTPRequestHandler):
    """One connection, one request: GET or HEAD, its head within `LARGEST_HEAD` and `LONGEST_CONNECTION`."""

    server: _Bound
    timeout = LONGEST_CONNECTION  # of sending; `_head` sees to the whole of receiving

    def handle(self) -> None:
        head = _head(self.connection)
        if len(head) > LARGEST_HEAD:
            self.requestline = self.request_version = self.command = ""
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif head:
            self.server.note_asked(self.connection)
            self.rfile = io.BytesIO(head)
            super().handle()

    def do_GET(self) -> None:
        get = self.headers.get
        self._send(self.server.site.answer(self.path, get("Accept", ""), get("Authorization", "")))

    do_HEAD = do_GET  # noqa: N815 - likewise

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self._send(Answer(status, "text/plain; charset=utf-8", f"{status.phrase}\n".encode()))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in _SECURITY.items():
            self.send_header(name, value)
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def version_string(self) -> str:
        return "seawall"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: probes come every few seconds, and a target may hold the token."""


def _head(connection: socket.socket) -> bytes:
    """Return the head of the request; nothing if it does not come in time, more than `LARGEST_HEAD` if too long."""
    end = time.monotonic() + LONGEST_CONNECTION
    head = b""
    try:
        while b"\r\n\r\n" not in head and b"\n\n" not in head and len(head) <= LARGEST_HEAD:
            connection.settimeout(max(end - time.monotonic(), 0.001))
            more = connection.recv(4_096)
            if not more:
                return b""
            head += more
    except TimeoutError:
        return b""
    connection.settimeout(LONGEST_CONNECTION)
    return head
