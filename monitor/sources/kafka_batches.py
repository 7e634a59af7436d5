"""Compressed batches that unpack to far more than they are: kafka-python 3.0.12 takes all the memory there is for them.

A megabyte of gzip holds up to a gigabyte, one of zstd far more. The broker takes it, and a monitor that dies of it
would read it again at the next start.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import structlog
from kafka.record import memory_records
from kafka.record.default_records import DefaultRecord, DefaultRecordBatch

LARGEST = 32 << 20
"""Bytes of an unpacked batch: producers pack about a megabyte, and one record may be that large."""

log = structlog.get_logger()


def _gzip(packed: bytes) -> bytes:
    return gzip.GzipFile(fileobj=io.BytesIO(packed)).read(LARGEST + 1)


def _lz4(packed: bytes) -> bytes:
    from lz4.frame import LZ4FrameDecompressor

    frame = LZ4FrameDecompressor()
    unpacked: bytes = frame.decompress(packed, max_length=LARGEST + 1)
    if len(unpacked) <= LARGEST and not frame.eof:
        raise RuntimeError("an lz4 frame without an end")
    return unpacked


def _zstd(packed: bytes) -> bytes:
    from zstandard import ZstdDecompressor

    with ZstdDecompressor().stream_reader(io.BytesIO(packed), read_across_frames=True) as reader:
        return reader.read(LARGEST + 1)


# Snappy cannot pack more than about 21 into one.
_UNPACK: Mapping[int, Callable[[bytes], bytes]] = {
    DefaultRecordBatch.CODEC_GZIP: _gzip,
    DefaultRecordBatch.CODEC_LZ4: _lz4,
    DefaultRecordBatch.CODEC_ZSTD: _zstd,
}


class BoundedBatch(DefaultRecordBatch):  # type: ignore[misc]
    """A batch of records; of one that unpacks to more than `LARGEST`, one record: its packed bytes, a dead letter."""

    __slots__ = ("_instead",)
    _buffer: Any
    _pos: Any
    _decompressed: Any

    def __iter__(self) -> Iterator[DefaultRecord]:
        self._maybe_uncompress()
        instead = getattr(self, "_instead", None)
        return self if instead is None else iter((instead,))

    def _maybe_uncompress(self) -> None:
        unpack = _UNPACK.get(self.compression_type)
        if self._decompressed or unpack is None:
            super()._maybe_uncompress()
            return
        self._assert_has_codec(self.compression_type)
        packed = bytes(memoryview(self._buffer)[self._pos :])
        unpacked = unpack(packed)
        self._decompressed = True
        if len(unpacked) > LARGEST:
            self._instead = self._as_it_came(packed)
        else:
            self._buffer, self._pos = bytearray(unpacked), 0

    def _as_it_came(self, packed: bytes) -> DefaultRecord:
        words = f"packed: {len(packed):,} bytes, records: {self.records_count:,}, unpacked: over {LARGEST >> 20} MiB"
        log.warning("batch not unpacked", why=words, first_offset=self.base_offset, last_offset=self.last_offset)
        # At the last offset, so that reading goes on behind the batch.
        headers = [("seawall", words.encode())]
        about = (self.last_offset, self.max_timestamp, self.timestamp_type, None, packed, headers)
        return DefaultRecord(len(packed), *about)


def bound_batches() -> None:
    """Have kafka-python read every batch so from now on."""
    if memory_records.DefaultRecordBatch is DefaultRecordBatch:
        memory_records.DefaultRecordBatch = BoundedBatch
