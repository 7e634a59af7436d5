"""The deadline of a whole request holds through TLS and a proxy too, and hinders nobody who is in time."""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager

import httpx
import pytest
from dripping import serving

from sinks.deadline import bounded, within

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
ENDLESS = b"HTTP/1.1 200 OK\r\nx: "


def anonymous(side):
    """Return a context of TLS without certificates, which only a test may use."""
    context = ssl.SSLContext(side)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
    return context


@contextmanager
def tunnel(answer):
    """Serve TLS on a free port, also to whoever asks first for a tunnel; after `ENDLESS` a byte at a time."""

    def one(client, done):
        if client.recv(1 << 16, socket.MSG_PEEK).startswith(b"CONNECT"):
            client.recv(1 << 16)
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with anonymous(ssl.PROTOCOL_TLS_SERVER).wrap_socket(client, server_side=True) as secured:
            while secured.recv(1 << 16):
                secured.sendall(answer)
                while answer == ENDLESS and not done.wait(0.02):
                    secured.sendall(b"a")

    with serving(one) as port:
        yield f"127.0.0.1:{port}"


@contextmanager
def asking(where, proxied):
    """Return a client and a URL."""
    transport = httpx.HTTPTransport(
        verify=anonymous(ssl.PROTOCOL_TLS_CLIENT), proxy=f"http://{where}" if proxied else None
    )
    with httpx.Client(transport=bounded(transport), timeout=5) as client:
        yield client, "https://receiver.example" if proxied else f"https://{where}"


@pytest.mark.parametrize("proxied", [False, True])
def test_whoever_is_in_time_is_read_again_and_again(proxied):
    with tunnel(OK) as where, asking(where, proxied) as (client, url):
        for _ in range(3):
            with within(5.0):
                assert client.post(url, content=b"{}").content == b"ok"


@pytest.mark.parametrize("proxied", [False, True])
def test_whoever_is_not_is_given_up_though_each_read_was_in_time(proxied):
    with (
        tunnel(ENDLESS) as where,
        asking(where, proxied) as (client, url),
        within(0.3),
        pytest.raises((TimeoutError, httpx.TimeoutException)),
    ):
        client.post(url, content=b"{}")


def test_what_is_asked_without_a_deadline_is_a_mistake_and_not_endless():
    with tunnel(OK) as where, asking(where, proxied=False) as (client, url), pytest.raises(LookupError):
        client.post(url)
