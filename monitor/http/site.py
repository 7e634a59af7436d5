"""What is served over HTTP: paths to answers, without a connection in sight."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qs

from prometheus_client.exposition import choose_encoder
from pydantic import SecretStr

from monitor.config.http import HttpSection
from monitor.http.health import Health, Verdict
from monitor.http.metrics import Metrics

_INDEX = """Seawall

/metrics   for Prometheus
/healthz   whether the process lives
/readyz    whether it watches, and if not, why
"""
_ASKS = "Beyond loopback this page asks for its token: Authorization: Bearer TOKEN, or ?token=TOKEN\n"
_CLOSED = "Beyond loopback this page is closed until the configuration has http.token\n"


class Answer(NamedTuple):
    """What goes back for one request."""

    status: HTTPStatus
    content_type: str
    body: bytes


class Site:
    """What is served: paths to answers. Knows nothing of connections.

    Parameters
    ----------
    http : HttpSection
        Says whether only this machine can connect; where others can, the page asks for the token.
    clock : callable
        Monotonic seconds, the clock that `health` is written by.
    """

    def __init__(
        self, health: Health, metrics: Metrics, http: HttpSection, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._health = health
        self._metrics = metrics
        self._http = http
        self._clock = clock
        metrics.ready.set_function(lambda: float(health.readyz(clock()).well))

    def answer(self, target: str, accept: str, authorization: str) -> Answer:
        """Return the answer to a GET of `target`, given its Accept and Authorization headers."""
        path, _, query = target.partition("?")
        if path == "/metrics":
            encode, content_type = choose_encoder(accept)
            return Answer(HTTPStatus.OK, content_type, encode(self._metrics.registry))
        if path == "/healthz":
            return _probe(self._health.healthz(self._clock()))
        if path == "/readyz":
            return _probe(self._health.readyz(self._clock()))
        if path == "/":
            return self._page(authorization, query)
        return _text(HTTPStatus.NOT_FOUND, "Nothing here. There are /, /metrics, /healthz and /readyz\n")

    def _page(self, authorization: str, query: str) -> Answer:
        if self._http.loopback:
            return _text(HTTPStatus.OK, _INDEX)
        if self._http.token is None:
            return _text(HTTPStatus.FORBIDDEN, _CLOSED)
        if not _holds(self._http.token, authorization, query):
            return _text(HTTPStatus.UNAUTHORIZED, _ASKS)
        return _text(HTTPStatus.OK, _INDEX)


def _holds(token: SecretStr, authorization: str, query: str) -> bool:
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "bearer":
        given = parse_qs(query).get("token", [""])[0]
    return hmac.compare_digest(given.strip().encode(), token.get_secret_value().encode())


def _probe(verdict: Verdict) -> Answer:
    why = {"why": verdict.why} if verdict.why else {}
    body = json.dumps({"state": verdict.state, **why}).encode() + b"\n"
    return Answer(HTTPStatus.OK if verdict.well else HTTPStatus.SERVICE_UNAVAILABLE, "application/json", body)


def _text(status: HTTPStatus, words: str) -> Answer:
    return Answer(status, "text/plain; charset=utf-8", words.encode())
