"""Reading a source in tests until something is true."""

from __future__ import annotations

import time
from collections.abc import Callable

from monitor.types import Partition, RawMessage, Source

DEADLINE = 60.0


def read_until(source: Source, enough: Callable[[list[RawMessage]], bool]) -> list[RawMessage]:
    """Poll until `enough`; fail with what trouble the source has."""
    got: list[RawMessage] = []
    until = time.monotonic() + DEADLINE
    while not enough(got):
        if time.monotonic() > until:
            raise TimeoutError(f"after {len(got)} messages; trouble: {source.trouble()}")
        for messages in source.poll(0.2).values():
            got.extend(messages)
    return got


def read_to_end(source: Source) -> list[RawMessage]:
    """Return everything there is to read from the partitions that the source has."""

    def over(_: list[RawMessage]) -> bool:
        return bool(source.partitions()) and all(source.at_end(partition) for partition in source.partitions())

    return read_until(source, over)


def by_partition(messages: list[RawMessage]) -> dict[Partition, list[RawMessage]]:
    """Return the messages of each partition, in the order in which they came."""
    sorted_out: dict[Partition, list[RawMessage]] = {}
    for message in messages:
        sorted_out.setdefault(Partition(message.topic, message.partition), []).append(message)
    return sorted_out
