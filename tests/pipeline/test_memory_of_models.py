"""What others wrote to the topic that remembers models is refused in words, whatever it is."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from monitor.errors import SnapshotError
from monitor.replicas import memory
from monitor.replicas.memory import Memory
from monitor.state import snapshot

STATE: dict[str, Any] = {"version": 1, "reached": {"offset": 5}, "judged": 7, "heard": 3}


def packed(state: dict[str, Any]) -> bytes:
    return zlib.compress(snapshot.packed(state))


def read(monkeypatch: pytest.MonkeyPatch, *records: tuple[bytes | None, bytes | None]) -> dict[str, Any]:
    one = Memory({}, "g.state", None)  # type: ignore[arg-type]
    monkeypatch.setattr(one, "_records", lambda _: records)
    return one.read(2)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"m", b"torn"),
        (b"m", packed(STATE)[:-9]),
        (b"m", zlib.compress(b"of another")),
        (b"m", packed({"version": 1})),
        (b"m", None),
        (None, packed(STATE)),
        (b"\xff", packed(STATE)),
    ],
)
def test_a_record_that_is_not_whole_is_refused_in_words(monkeypatch, key, value):
    with pytest.raises(SnapshotError, match=r"what g\.state/2 remembers of .* is not whole .*seawall state reset"):
        read(monkeypatch, (b"m", packed(STATE)), (key, value))


def test_a_record_unpacks_to_no_more_than_memory_holds(monkeypatch):
    monkeypatch.setattr(memory, "MOST_BYTES", 1_000)
    assert read(monkeypatch, (b"m", packed(STATE))) == {"m": STATE}
    with pytest.raises(SnapshotError, match="of more than 1,000 bytes"):
        read(monkeypatch, (b"m", packed(STATE | {"much": b" " * 1_000})))
