"""How much of Kafka's records is in memory at once: what a poll takes, and what was fetched beforehand.

kafka-python 3.0.12 counts records, not bytes: a thousand of a megabyte each are one poll, and a hostile batch may
unpack to many of them. It also fetches every partition beforehand, a megabyte each, however many there are.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from kafka.consumer.fetcher import Fetcher

PORTION = 2 << 20
"""Bytes of records after which a poll takes no more."""

AT_ONCE = 16
"""Records taken between two looks at their size: to look at each is a twentieth of what reading it costs."""

FETCHED = 8 << 20
"""Bytes that are fetched beforehand, of all partitions together."""

LEAST, MOST = 1 << 16, 1 << 20
"""Bytes of one partition; a record that is larger is fetched all the same."""


class Portions:
    """Bounds what a fetcher holds and what a poll takes of it.

    Parameters
    ----------
    fetcher : Fetcher
        Of a consumer that has not polled yet.
    """

    def __init__(self, fetcher: Fetcher) -> None:
        self.left = PORTION
        self._fetcher = fetcher
        self._append = fetcher._append  # noqa: SLF001 - kafka-python has no place of its own for a bound in bytes
        fetcher._append = self._append_some  # noqa: SLF001 - the same
        fetcher.PartitionRecords = self._records

    def begin(self, partitions: int) -> None:
        """Begin a poll, with so many partitions to read."""
        self.left = PORTION
        self._fetcher.config["max_partition_fetch_bytes"] = min(MOST, max(LEAST, FETCHED // max(1, partitions)))

    def _records(self, *args: Any, **options: Any) -> _Records:
        return _Records(self, *args, **options)

    def _append_some(self, drained: Any, part: Any, max_records: int, update_offsets: bool) -> int:  # noqa: FBT001 - as kafka-python calls it
        """Say that all records were taken that may be, once all bytes were."""
        taken: int = self._append(drained, part, max_records, update_offsets)
        return taken if self.left > 0 else max_records


class _Records(Fetcher.PartitionRecords):  # type: ignore[misc] # the library left it without types
    """What was fetched of one partition, taken until the portion is used up."""

    def __init__(self, portions: Portions, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._portions = portions

    def take(self, n: int) -> list[Any]:
        self._maybe_raise_next_inline_exception()
        records: list[Any] = []
        begin = self.bytes_read
        try:
            self._take(records, n, begin + self._portions.left)
        except Exception as why:
            if not records:
                raise
            self._next_inline_exception = why  # the next call raises it, as kafka-python does
        self._portions.left -= self.bytes_read - begin
        return records

    def _take(self, records: list[Any], most: int, enough: int) -> None:
        """Take as many records as should fit, by the size of those before, until there are `enough` bytes."""
        begin, fitting = self.bytes_read, 1
        while self.record_iterator is not None and len(records) < most:
            before = len(records)
            records.extend(islice(self.record_iterator, min(fitting, most - before)))  # keeps those before one raises
            if len(records) == before or self.bytes_read >= enough:
                break
            size = (self.bytes_read - begin) // len(records)
            fitting = max(1, min(AT_ONCE, (enough - self.bytes_read) // max(1, size)))
