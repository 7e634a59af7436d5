"""The files that `seawall replay` writes: none of them is one that it reads, or another, or one of `seawall run`."""

from __future__ import annotations

import contextlib
import gzip
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

if TYPE_CHECKING:
    from monitor.parts import Observer
    from monitor.watched import Watched

PACKED = 6
"""How hard gzip tries: a replay's findings are 32 times smaller then, and it costs less than to judge them."""


class Outputs:
    """What a replay writes.

    Parameters
    ----------
    read : sequence of Path
    events, findings, dead_letters : Path or None
        None: they are not written.
    verdicts : Path or None
        None: they are written where the configuration says.

    Attributes
    ----------
    paths : list of Path
        All that is written.

    Raises
    ------
    UsageError
        Where a file is named twice, or is one of those that are read.
    """

    def __init__(
        self,
        read: Sequence[Path],
        *,
        events: Path | None,
        findings: Path | None,
        dead_letters: Path | None,
        verdicts: Path | None,
    ) -> None:
        self.read = read
        self.events, self.findings, self.dead_letters, self.verdicts = events, findings, dead_letters, verdicts
        self.paths = [path for path in (events, findings, dead_letters, verdicts) if path]
        self._check()

    def _check(self) -> None:
        """Raise where a file to be written is one that is read, or written twice: it would be emptied first."""
        taken = [path.resolve() for path in self.read]
        for path in self.paths:
            if path.resolve() in taken:
                raise click.UsageError(f"{path} is named twice. What is written needs a file of its own.")
            taken.append(path.resolve())

    def begin(self, models: Sequence[Watched], snapshot: Path) -> list[Observer]:
        """Take away what an earlier replay wrote and this one would continue; return what writes verdicts."""
        from monitor.verdicts import Verdicts

        scored = self._scored(models, snapshot)
        self.paths += [path for path in scored if path != self.verdicts]
        self._check()
        for path in filter(None, (self.dead_letters, *scored)):
            path.unlink(missing_ok=True)
        return [Verdicts(models, instead=self.verdicts)] if scored else []

    def _scored(self, models: Sequence[Watched], snapshot: Path) -> list[Path]:
        """Return where verdicts are written, each begun anew: not over those that `seawall run` wrote."""
        from detectors.config import scorers
        from monitor.verdicts import paths_of

        own, of_run, instead = paths_of(models), snapshot.exists(), self.verdicts
        if instead is None:
            if own and of_run:
                where = f"{own[0]} is where `seawall run` writes"
                click.echo(f"no verdicts: {where}. Name another file: --verdicts", err=True)
            return [] if of_run else own
        if not any(scorers(model.settings.detectors, classes=True) for model in models):
            raise click.UsageError("--verdicts: no detector scores records. Add one: detectors: [{type: auto}]")
        if of_run and instead.resolve() in [path.resolve() for path in own]:
            where = f"{instead} is where `seawall run` writes"
            raise click.UsageError(f"--verdicts: {where}. Give the replay another file.")
        return [instead]

    @contextlib.contextmanager
    def opened(self) -> Iterator[tuple[IO[str] | None, IO[str] | None]]:
        """Open the files of events and of findings."""
        with contextlib.ExitStack() as files:
            yield _opened(self.events, files), _opened(self.findings, files)


def _opened(path: Path | None, files: contextlib.ExitStack) -> IO[str] | None:
    """Open a file to write, packed where it is named so."""
    if path is None:
        return None
    try:
        if path.suffix != ".gz":
            return files.enter_context(path.open("w"))
        plain = files.enter_context(path.open("wb"))
        packed = gzip.GzipFile("", "wb", PACKED, plain, mtime=0)  # neither name nor time: the same bytes each time
        return files.enter_context(io.TextIOWrapper(packed, encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from None
