"""A server on loopback that says what it is told, and then a byte at a time without an end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

PACKED = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n"
DRIPS = {
    "a header": (b"HTTP/1.1 200 OK\r\nx: ", b"a"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the body": (b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b"a"),
    "a chunk's extension": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;", b"a"),
    "a file name in gzip": (PACKED + b"b\r\n\x1f\x8b\x08\x08\0\0\0\0\0\xffa\r\n", b"1\r\na\r\n"),
}
"""How it may begin, and what comes then for ever; each piece is in time for a timeout of one read."""


@contextmanager
def dripping(drip: str) -> Iterator[str]:
    """Serve on a free port of 127.0.0.1; return the URL."""
    begin, more = DRIPS[drip]

    def answer(client: socket.socket, done: threading.Event) -> None:
        client.recv(1 << 16)
        client.sendall(begin)
        while not done.wait(0.02):
            client.sendall(more)

    with serving(answer) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def serving(answer: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """Answer each client of a free port of 127.0.0.1 on a thread, until the event is set; return the port."""
    done = threading.Event()

    def one(client: socket.socket) -> None:
        with client, suppress(OSError):  # whoever asked has gone
            answer(client, done)

    def serve() -> None:
        with suppress(OSError):  # the server is shut down
            while True:
                threads.append(threading.Thread(target=one, args=server.accept()[:1]))
                threads[-1].start()

    server = socket.create_server(("127.0.0.1", 0))
    threads = [threading.Thread(target=serve)]
    threads[0].start()
    try:
        yield server.getsockname()[1]
    finally:
        done.set()
        server.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        server.close()
