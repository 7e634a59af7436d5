"""Real HTTP to the real server."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from http import HTTPStatus

import pytest

from monitor.errors import SeawallError
from monitor.http import server as server_module
from monitor.http.server import LARGEST_HEAD, MOST_CONNECTIONS, Server
from monitor.http.site import Answer, Site

TOKEN = "correct-horse-battery"
TARGETS = ["/", "/metrics", "/healthz", "/readyz", "/nothing"]


def test_the_page_names_what_there_is(served):
    answer = served.request("/")
    assert answer.status == 200
    assert {"/metrics", "/healthz", "/readyz"} <= set(answer.text.split())


@pytest.mark.parametrize("target", ["/nothing", "/metrics/", "/../etc/passwd", "/%2e%2e/", "*"])
def test_there_is_nothing_else(served, target):
    assert served.request(target).status == 404


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_every_answer_carries_the_security_headers(served, target, method):
    headers = dict(served.request(target, method).getheaders())
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"
    assert headers["Server"] == "seawall"


@pytest.mark.parametrize("target", TARGETS)
def test_head_says_what_get_says_without_the_body(served, target):
    get, head = served.request(target), served.request(target, "HEAD")
    assert (head.status, head.text) == (get.status, "")
    assert head.getheader("Content-Type") == get.getheader("Content-Type")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_can_be_changed_over_http(served, method):
    answer = served.request("/", method)
    assert (answer.status, answer.getheader("Allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize("target", ["/metrics", "/healthz", "/readyz"])
@pytest.mark.parametrize("token", [None, TOKEN])
def test_probes_and_prometheus_need_no_token_anywhere(serve, target, token):
    assert serve("0.0.0.0:0", token).request(target).status in {200, 503}


def test_beyond_loopback_the_page_is_closed_without_a_token(serve):
    answer = serve("0.0.0.0:0").request("/")
    assert answer.status == 403
    assert "http.token" in answer.text


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/", {}, 401),
        ("/?token=wrong", {}, 401),
        ("/?token=", {}, 401),
        ("/", {"Authorization": "Bearer wrong"}, 401),
        ("/", {"Authorization": f"Basic {TOKEN}"}, 401),
        (f"/?token={TOKEN}", {}, 200),
        ("/", {"Authorization": f"Bearer {TOKEN}"}, 200),
        ("/", {"Authorization": f"bearer {TOKEN}"}, 200),
        ("/?" + "&".join(["a=1"] * 50), {}, 401),
        ("/?token=%ff", {}, 401),
    ],
)
def test_beyond_loopback_the_page_asks_for_the_token(serve, target, headers, status):
    answer = serve("0.0.0.0:0", TOKEN).request(target, **headers)
    assert answer.status == status
    assert TOKEN not in answer.text


def test_on_loopback_the_page_asks_for_nothing(serve):
    assert serve("127.0.0.1:0", TOKEN).request("/").status == 200


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX: " + b"x" * LARGEST_HEAD,
        b"GET /" + b"x" * LARGEST_HEAD,
        b"X" * (LARGEST_HEAD + 1),
    ],
)
def test_a_request_that_is_too_large_is_turned_away(served, head):
    with served.connect() as connection:
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.0 431 ")


@pytest.mark.parametrize(
    "head", [b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"A B C D\r\n\r\n"]
)
def test_what_is_no_http_harms_nobody(served, head):
    with served.connect() as connection:
        connection.sendall(head)
        while connection.recv(1000):
            pass
    assert served.request("/healthz").status == 200


def test_a_client_that_never_ends_its_request_is_let_go(served, monkeypatch):
    monkeypatch.setattr(server_module, "LONGEST_CONNECTION", 0.05)
    with served.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        assert connection.recv(100) == b""


def test_one_connection_more_than_the_bound_closes_the_oldest_that_has_not_asked(served):
    waiting = [served.connect() for _ in range(MOST_CONNECTIONS)]
    for connection in waiting:
        connection.sendall(b"GET / HTTP/1.1\r\n")
    assert served.request("/healthz").status == 200
    oldest, *others = waiting
    with contextlib.suppress(ConnectionResetError):
        assert oldest.recv(100) == b""
    for connection in others:
        connection.sendall(b"\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.0 200 ")
    for connection in waiting:
        connection.close()


def test_an_answer_under_way_goes_before_connections_that_have_not_asked(served, monkeypatch):
    asked, go_on = threading.Event(), threading.Event()

    def slow(*_):
        asked.set()
        go_on.wait(10)
        return Answer(HTTPStatus.OK, "text/plain", b"done")

    monkeypatch.setattr(Site, "answer", slow)
    with served.connect() as first:
        first.sendall(b"GET / HTTP/1.1\r\n\r\n")
        asked.wait(10)
        waiting = [served.connect() for _ in range(3 * MOST_CONNECTIONS)]
        with contextlib.suppress(ConnectionResetError):
            assert waiting[0].recv(100) == b""  # so the bound was reached
        go_on.set()
        assert b"done" in b"".join(iter(lambda: first.recv(1_000), b""))
    for connection in waiting:
        connection.close()


def test_hundreds_of_connections_that_never_ask_and_come_again_starve_no_probe(served):
    over = threading.Event()

    def hold(count):
        held = []
        while not over.is_set():
            held = [one for one in held if not _closed(one)]
            held += [served.connect() for _ in range(count - len(held))]
            for one in held:
                with contextlib.suppress(OSError):
                    one.send(b"G")
        for one in held:
            one.close()

    threads = [threading.Thread(target=hold, args=(100,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert [_probed(served) for _ in range(50)] == [200] * 50
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _probed(served):
    """Return what a probe is answered: a busy machine may lose one, Kubernetes asks three times before it acts."""
    for _ in range(2):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return served.request("/healthz").status
    return served.request("/healthz").status


def _closed(connection):
    connection.setblocking(False)
    try:
        closed = connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        closed = True
    if closed:
        connection.close()
    return closed


def test_a_port_in_use_is_told_with_the_address_and_what_to_do(served):
    with pytest.raises(SeawallError, match=rf"cannot listen on 127\.0\.0\.1:{served.port}: .+ set another address"):
        Server(("127.0.0.1", served.port), None).start()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "300.1.1.1", "a" * 70 + ".b"])
def test_an_address_that_is_not_ours_is_told_too(host):
    with pytest.raises(SeawallError, match="cannot listen on"):
        Server((host, 0), None).start()


def test_after_close_nothing_listens(serve):
    served = serve()
    server = Server(("127.0.0.1", 0), None)
    _, port = server.start()
    server.close()
    server.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    assert served.request("/healthz").status == 200
