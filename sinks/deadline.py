"""One deadline for a whole request: a server may send a byte a second for ever, in the headers too.

The timeouts of an HTTP library are of one read each. So every read gets what is left until the deadline of the thread.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any, TypeVar

Transport = TypeVar("Transport", bound=Any)

_until: ContextVar[float] = ContextVar("_until")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let all that this thread sends and receives by a `bounded` transport in this block end within so many seconds."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def bounded(transport: Transport) -> Transport:
    """Return a transport of httpx or httpx2, which keeps to `within`: beyond it TimeoutError is raised."""
    pool: Any = transport._pool  # noqa: SLF001 - there is no public way to hand it a network backend
    pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001 - likewise
    return transport


def packed(headers: Mapping[str, str]) -> bool:
    """Return whether an answer must be unpacked, which could be of any size: it was asked for as it is."""
    return headers.get("content-encoding", "identity").lower() != "identity"


def _left() -> float:
    left = _until.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError(errno.ETIMEDOUT, "not answered whole in time")
    return left


class _Backend:
    """Connects as httpcore's own does."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def connect_tcp(self, **how: Any) -> _Stream:
        return _Stream(self._inner.connect_tcp(**{**how, "timeout": _left()}))


class _Stream:
    """A connection; each call may take no longer than what is left, whatever it is allowed."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.close = inner.close
        self.get_extra_info = inner.get_extra_info

    def read(self, most: int, timeout: float | None = None) -> Any:
        return self._inner.read(most, timeout=_left())

    def write(self, data: bytes, timeout: float | None = None) -> None:
        self._inner.write(data, timeout=_left())

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left()))
