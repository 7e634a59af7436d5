from __future__ import annotations

import io
import json
import logging
import warnings
from pathlib import Path

import pytest
import structlog

from monitor import logs


class Terminal(io.StringIO):
    def isatty(self):
        return True


def failing(words):
    raise ValueError(words)


@pytest.fixture
def container():
    return io.StringIO()


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    return Terminal()


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def ours():
    return structlog.get_logger("monitor.somewhere")


def test_in_a_container_every_event_is_one_line_of_json(container):
    logs.configure(stream=container)
    ours().info("partition assigned", topic="in\nference", partition=3)
    (line,) = lines(container)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "partition assigned",
        "topic": "in\nference",
        "partition": 3,
        "level": "info",
        "logger": "monitor.somewhere",
    }


def test_a_library_s_record_is_an_event_like_ours(container):
    logs.configure(stream=container)
    logging.getLogger("some.library").warning("lost %d of %s", 3, "them")
    (line,) = lines(container)
    assert (line["event"], line["level"], line["logger"]) == ("lost 3 of them", "warning", "some.library")


def test_a_python_warning_is_an_event_too(container):
    logs.configure(stream=container)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("soon gone", stacklevel=1)
    assert "soon gone" in lines(container)[0]["event"]


@pytest.mark.parametrize(("level", "heard"), [("debug", 3), ("info", 2), ("warning", 1), ("error", 0)])
def test_the_level_is_that_of_our_own_events(container, level, heard):
    logs.configure(level, stream=container)
    ours().debug("a")
    ours().info("b")
    ours().warning("c")
    assert len(lines(container)) == heard


@pytest.mark.parametrize("level", ["debug", "info"])
def test_libraries_are_heard_from_warnings_on_whatever_the_level(container, level):
    logs.configure(level, stream=container)
    logging.getLogger("httpx").info("HTTP Request: POST https://hooks.example/services/secret")
    logging.getLogger("urllib3.connectionpool").debug("POST /services/secret")
    assert container.getvalue() == ""


SECRET = 'se"cr\\et-1234'


@pytest.mark.parametrize("stream", ["container", "terminal"])
def test_secrets_are_masked_wherever_they_turn_up(request, stream):
    out = request.getfixturevalue(stream)
    logs.configure(secrets=[SECRET, ""], stream=out)
    ours().info(f"calling {SECRET}", url=f"https://x/{SECRET}", nested={"a": [SECRET]}, key=SECRET.encode())
    logging.getLogger("library").error("no answer from %s", SECRET)
    try:
        failing(SECRET)
    except ValueError:
        ours().exception("failed")
    assert "cr" + "\\" not in out.getvalue()
    assert "et-1234" not in out.getvalue()
    assert out.getvalue().count("********") >= 5


def test_what_json_has_no_word_for_is_still_json(container):
    logs.configure(stream=container)
    ours().info("odd", ratio=float("nan"), where=Path("/x"), found={1: {2}})
    (line,) = lines(container)
    assert (line["ratio"], line["where"], line["found"]) == ("nan", "/x", {"1": "{2}"})


def test_a_secret_too_short_to_be_one_does_not_blot_the_log(container):
    logs.configure(secrets=["a"], stream=container)
    ours().info("a day")
    assert lines(container)[0]["event"] == "a day"


def test_on_a_terminal_an_event_is_readable(terminal):
    logs.configure(stream=terminal)
    ours().info("partition assigned", partition=3)
    assert "partition assigned" in terminal.getvalue()
    assert "partition=3" in terminal.getvalue()


def test_on_a_terminal_nothing_from_outside_is_acted_upon(terminal):
    logs.configure(stream=terminal)
    ours().warning("odd\x1b[2J\nname", topic="\x1b[31mred\r\nforged line", deep={"k": "\x07"})
    logging.getLogger("library").error("said \x1b[1m this\nand more")
    try:
        failing("\x1b]0;title\x07")
    except ValueError:
        ours().exception("failed")
    shown = terminal.getvalue()
    assert not set(shown) & {"\x1b", "\x07", "\r"}
    assert not [line for line in shown.splitlines() if line.startswith(("name", "forged line", "and more"))]
    assert "Traceback" in shown


def test_colours_are_for_terminals_that_want_them(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    logs.configure(stream=terminal)
    ours().info("hello")
    assert "\x1b[" in terminal.getvalue()


def test_a_traceback_shows_no_local_values(container):
    logs.configure(stream=container)
    local = "x" * 11
    try:
        failing(len(local))
    except ValueError:
        ours().exception("failed")
    told = lines(container)[0]["exception"]
    assert "ValueError: 11" in told
    assert local not in told


def test_configuring_again_replaces_what_was_before(container):
    logs.configure(stream=io.StringIO())
    logs.configure(stream=container)
    ours().info("once")
    assert len(lines(container)) == 1
