"""A reference from a file of accepted records."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from monitor.config.permodel import ModelSettings
from monitor.config.shadow import ShadowSection
from monitor.errors import BadReference
from monitor.formats.joined import SLOT, WAIT
from monitor.reference.bins import FeatureOptions
from monitor.reference.build import build
from monitor.reference.store import Reference
from monitor.review.codes import code_caution
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
        contexts=settings.reference.allowed,
        wait=wait,
        slot=slot,
    )
    if settings.shadow:
        from monitor.shadow.build import endpoint_of
        from monitor.shadow.curve import Source, measured

        source = Source(_progress(data, _codes(settings), ("measuring",)), format)
        with ExitStack() as open_bars:
            counts = _counting(settings.shadow, open_bars)
            reference = measured(reference, source, settings.shadow, answering or endpoint_of, progress=counts)
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


def _counting(section: ShadowSection, open_bars: ExitStack) -> Callable[[int], Callable[[int], None]]:
    """Return a callable that begins to show, of so many records, how many were asked about: as a bar on a terminal."""

    def begin(records: int) -> Callable[[int], None]:
        from rich.console import Console
        from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

        terminal = Console(stderr=True)
        words = f"asking {section.endpoint.url} about {records:,} accepted records"
        if not terminal.is_terminal:
            terminal.print(words, highlight=False, soft_wrap=True)
        columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
        bar = Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal)
        task = open_bars.enter_context(bar).add_task(words, total=records)
        return lambda asked: bar.update(task, completed=asked)

    return begin


def _progress(data: str, codes: Set[str], steps: Sequence[str]) -> Any:
    """Return a callable that reads the file from its beginning, with a progress bar on a terminal.

    Parameters
    ----------
    steps : sequence of str
        What each reading is for; those behind them have no bar.
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
        step = next(readings, None)
        unseen = step is None or not terminal.is_terminal
        with Progress(*columns, console=terminal, transient=True, disable=unseen) as bar:
            whole = None if data.endswith(".gz") else Path(data).stat().st_size
            task = bar.add_task(f"{step} {Path(data).name}", total=whole)
            try:
                while not source.finished:
                    for messages in source.poll(1.0).values():
                        bar.update(task, completed=messages[-1].offset)
                        yield messages
            finally:
                source.close(1.0)

    return blocks
