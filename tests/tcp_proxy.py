"""A TCP proxy on loopback between two who talk: it delays, hangs up, or falls silent with the line held open."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE = 1 << 14


class Proxy:
    """Passes on what comes, to `port` of 127.0.0.1.

    Attributes
    ----------
    delay : float
        Seconds that each piece waits before it is passed on.
    mute : threading.Event
        As long as it is set nothing is passed on, either way, and nothing is closed: a line that is half open. Each
        line goes by the one that was here when it began.
    """

    def __init__(self, port: int = 0) -> None:
        self.to = port
        self.delay = 0.0
        self.mute = threading.Event()
        self._over = threading.Event()
        self._lines: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._server.getsockname()[1])

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Hang up on all who talk at present."""
        lines, self._lines = self._lines, []
        for line in lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._over.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._server.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.to))
                except OSError:
                    near.close()
                    continue
                self._lines += [near, far]
                for here, there in ((near, far), (far, near)):
                    self._threads.append(threading.Thread(target=self._pass_on, args=[here, there, self.mute]))
                    self._threads[-1].start()

    def _pass_on(self, here: socket.socket, there: socket.socket, mute: threading.Event) -> None:
        with here, suppress(OSError):
            while piece := here.recv(PIECE):
                self._over.wait(self.delay)
                while mute.is_set() and not self._over.wait(0.02):
                    pass
                there.sendall(piece)
        with suppress(OSError):
            there.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(port: int = 0) -> Iterator[Proxy]:
    """Lend one; where it leads to can be said later, by `to`."""
    lent = Proxy(port)
    try:
        yield lent
    finally:
        lent.close()
