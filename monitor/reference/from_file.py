"""A reference from a file of accepted records."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path
from typing import Any

from monitor.config.permodel import ModelSettings
from monitor.config.shadow import ShadowSection
from monitor.errors import BadReference
from monitor.formats.joined import SLOT, WAIT
from monitor.reference.bins import FeatureOptions
from monitor.reference.build import build
from monitor.reference.codes import code_caution
from monitor.reference.store import Reference
from monitor.shadow.endpoint import Endpoint
from monitor.sources.file import FileReader
from monitor.types import RawMessage

Answering = Callable[[ShadowSection, Reference], Endpoint]


def options_of(settings: ModelSettings) -> dict[str, FeatureOptions]:
    """Return what the configuration says about the features' reference."""
    return {name: FeatureOptions(own.type, own.min, own.max, own.ignore) for name, own in settings.features.items()}


def build_from_file(
    data: str,
    settings: ModelSettings,
    format: str,
    wait: int = WAIT,
    *,
    slot: int = SLOT,
    answering: Answering | None = None,
) -> tuple[Reference, dict[str, Any]]:
    """Return the reference of a file's records and where it came from.

    Parameters
    ----------
    answering : callable or None
        Who answers shadow queries instead of the configured endpoint.

    Raises
    ------
    BadReference
        For standard input, which cannot be read twice, too few records, or a shadow endpoint that does not answer.
    SourceError
        Where the file cannot be read.
    """
    if data == "-":
        raise BadReference(
            "a reference is built in two readings, and standard input can be read only once. Save it to a file first."
        )
    table = data.removesuffix(".gz").endswith(".csv")
    reference = build(
        _progress(data, _codes(settings), ("reading", "counting", "fitting")),
        model=settings.name,
        options=options_of(settings),
        from_table=table,
        format=format,
        detectors=settings.detectors,
        wait=wait,
        slot=slot,
    )
    if settings.shadow:
        from monitor.shadow.build import endpoint_of
        from monitor.shadow.curve import Source, measured

        blocks = _progress(data, _codes(settings), ("measuring", "asking the endpoint about"))
        reference = measured(reference, Source(blocks, format), settings.shadow, answering or endpoint_of)
    return reference, {"source": str(Path(data).absolute()), "rows": reference.rows}


def cautions_of_file(data: str, reference: Reference, settings: ModelSettings) -> list[str]:
    """Return what a person should know of how a table is written."""
    if not data.removesuffix(".gz").endswith(".csv"):
        return []
    told = {name for name, own in settings.features.items() if own.type is not None}
    opened = gzip.open if data.endswith(".gz") else open
    with opened(data, "rt", encoding="utf-8-sig", errors="replace", newline="") as lines:
        return code_caution(lines, reference, told)


def _codes(settings: ModelSettings) -> set[str]:
    """Return the features whose cells are texts as they are written."""
    return {name for name, own in settings.features.items() if own.type == "categorical"}


def _progress(data: str, codes: Set[str], steps: Sequence[str]) -> Any:
    """Return a callable that reads the file from its beginning, with a progress bar on a terminal.

    Parameters
    ----------
    steps : sequence of str
        What each reading is for.
    """
    readings = iter(steps)

    def blocks() -> Iterator[Sequence[RawMessage]]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn

        source = FileReader(data, codes=codes)
        source.open({})
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            MofNCompleteColumn(),
            TextColumn("bytes"),
        )
        terminal = Console(stderr=True)
        with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
            whole = None if data.endswith(".gz") else Path(data).stat().st_size
            task = bar.add_task(f"{next(readings, 'reading')} {Path(data).name}", total=whole)
            try:
                while not source.finished:
                    for messages in source.poll(1.0).values():
                        bar.update(task, completed=messages[-1].offset)
                        yield messages
            finally:
                source.close(1.0)

    return blocks
