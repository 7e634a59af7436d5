"""What libraries load on the way and an idle monitor does not need: a sidecar's memory is the model's to spend."""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
from collections.abc import Iterator
from typing import Any

from monitor.memory import reuse, trim


@contextlib.contextmanager
def without(name: str) -> Iterator[None]:
    """Let what is imported here find the optional library `name` missing, unless it is loaded already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment] # what import takes for "is not there"
    try:
        yield
    finally:
        del sys.modules[name]


class Later:
    """Stands for a module until it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


def import_lean() -> None:
    """Import libraries without what they only look for: 6 MB less.

    structlog would colour tracebacks with rich, and we print them plainly; prometheus-client would pack with snappy
    what is pushed, and we are scraped.
    """
    with without("rich"):
        importlib.import_module("structlog")
    with without("snappy"):
        importlib.import_module("prometheus_client")


def import_kafka() -> None:
    """Import kafka-python without snappy, whose library holds a dozen codecs more, until it is needed."""
    with without("snappy"):
        import kafka.codec
    if kafka.codec.snappy is None:
        kafka.codec.snappy = Later("snappy")


def settle() -> None:
    """Give back what starting needed, and spare the collector what lives as long as the process."""
    gc.collect()
    gc.freeze()
    trim()
    reuse()
