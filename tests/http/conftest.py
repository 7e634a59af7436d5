from __future__ import annotations

import http.client
import socket
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from monitor.config.http import HttpSection
from monitor.http import server
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.http.server import Server
from monitor.http.site import Site


class Clock:
    """Monotonic seconds that pass when a test says so."""

    now = 1_000.0

    def __call__(self):
        return self.now


@dataclass
class Served:
    """A running server, and what it shows."""

    health: Health
    metrics: Metrics
    clock: Clock
    port: int

    def request(self, target, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, target, headers=headers)
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        return answer

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


@pytest.fixture
def serve(monkeypatch):
    """Return a function that starts a server on a free port, listening as configured."""
    monkeypatch.setattr(server, "STOP_WITHIN", 0.005)
    servers = []

    def serve(listen="127.0.0.1:0", token=None):
        clock = Clock()
        health, metrics = Health(clock()), Metrics("1.2.3")
        section = HttpSection(listen=listen, token=SecretStr(token) if token else None)
        servers.append(Server(section.address, Site(health, metrics, section, clock)))
        _, port = servers[-1].start()
        return Served(health, metrics, clock, port)

    yield serve
    for running in servers:
        running.close()


@pytest.fixture
def served(serve):
    return serve()
