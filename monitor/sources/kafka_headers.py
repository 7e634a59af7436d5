"""Records whose header names are not UTF-8: a broker takes them, kafka-python 3.0.12 stops at them for ever."""

from __future__ import annotations

from typing import Any, SupportsIndex

from kafka.record import memory_records

from monitor.sources.kafka_batches import BoundedBatch


class _Name(bytearray):
    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace")


class _Buffer(bytearray):
    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        part = super().__getitem__(key)
        return _Name(part) if isinstance(part, bytearray) else part


class _AnyHeader(BoundedBatch):
    __slots__ = ()

    def _read_msg(self) -> Any:
        try:
            return super()._read_msg()
        except UnicodeDecodeError:
            self._buffer = _Buffer(self._buffer)
            return super()._read_msg()


def read_any_header() -> None:
    """Have kafka-python read such records from now on, with the bytes of the name escaped.

    It costs every record a little, so it is asked for when the first one was met.
    """
    memory_records.DefaultRecordBatch = _AnyHeader
