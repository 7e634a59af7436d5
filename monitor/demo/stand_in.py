"""A stand-in for what lies outside: takes what is posted to it on this machine."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class StandIn:
    """Listens on a free loopback port until closed.

    Parameters
    ----------
    folder : Path
        Where what was posted is kept.

    Attributes
    ----------
    url : str
        Where to post.
    """

    path = "/"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
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
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{self.path}"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="stand-in", daemon=True).start()

    def keep(self, body: bytes) -> None:
        """Keep what was posted."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
