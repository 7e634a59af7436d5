"""Which failures are worth another try, and what is said about them, for every sink that speaks HTTP."""

from __future__ import annotations

import logging
import socket
import traceback

import pytest
from http_receiver import Answer
from sample_events import SHIFT
from sink_cases import HTTP_CASES, SECRET

from monitor.errors import DeliveryError

every_http_sink = pytest.mark.parametrize("case", HTTP_CASES.values(), ids=HTTP_CASES.keys())
ECHO = f"no: {SECRET}".encode()


def refusal(sink):
    with pytest.raises(DeliveryError) as refused:
        sink.send(SHIFT, None)
    return refused.value


@every_http_sink
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_retryable_after_one_request(case, status, receiver, tmp_path):
    receiver.script = [Answer(status, ECHO)]
    error = refusal(case.build(receiver.url, tmp_path))
    assert error.retryable
    assert error.retry_after is None
    assert len(receiver.requests) == 1


@every_http_sink
@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
def test_a_lasting_failure_is_not_retryable(case, status, receiver, tmp_path):
    receiver.script = [Answer(status, ECHO)]
    error = refusal(case.build(receiver.url, tmp_path))
    assert not error.retryable
    assert str(status) in str(error)
    assert len(receiver.requests) == 1


@every_http_sink
def test_retry_after_is_passed_on(case, receiver, tmp_path):
    receiver.script = [Answer(429, ECHO, {"Retry-After": "7"})]
    assert refusal(case.build(receiver.url, tmp_path)).retry_after == 7


@every_http_sink
def test_a_date_in_retry_after_does_no_harm(case, receiver, tmp_path):
    receiver.script = [Answer(503, ECHO, {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"})]
    assert refusal(case.build(receiver.url, tmp_path)).retry_after is None


@every_http_sink
def test_a_hang_up_is_retryable(case, receiver, tmp_path):
    receiver.script = [Answer(0)]
    assert refusal(case.build(receiver.url, tmp_path)).retryable


@every_http_sink
def test_nobody_listening_is_retryable_and_said_in_words(case, tmp_path):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        error = refusal(case.build(f"http://127.0.0.1:{reserved.getsockname()[1]}", tmp_path))
    assert error.retryable
    assert str(error).endswith("gave no answer: Connection refused")


@every_http_sink
@pytest.mark.parametrize("answer", [Answer(), Answer(400, ECHO), Answer(500, ECHO), Answer(0)], ids=lambda a: a.status)
def test_no_secret_stands_in_an_error_or_a_log(case, answer, receiver, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    for logger in [logging.getLogger(name) for name in logging.root.manager.loggerDict]:
        if logger.name.startswith(("slack", "pagerduty", "httpx", "httpcore", "urllib")):
            logger.setLevel(logging.DEBUG)
    sink = case.build(receiver.url, tmp_path)
    receiver.script = [answer]
    said = ""
    try:
        sink.send(SHIFT, None)
    except DeliveryError as error:
        said = repr(error) + "".join(traceback.format_exception(error))
    assert SECRET in str(receiver.requests), "the secret was not even used: this test would see nothing"
    assert SECRET not in said
    assert SECRET not in caplog.text
