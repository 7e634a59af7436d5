"""`seawall run`: watch until told to stop."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click
import structlog

from monitor.cli.options import config_option, log_level_option

if TYPE_CHECKING:
    from monitor.pipeline import Now, Pipeline

log = structlog.get_logger()


@click.command()
@config_option
@log_level_option
def command(config: Path, log_level: str) -> None:
    """Watch the configured source until SIGTERM (or the end of a file)."""
    from monitor import __version__
    from monitor.assembly import clock, running, watched_models
    from monitor.config.loading import load
    from monitor.config.secrets import secrets_in
    from monitor.http.health import Health
    from monitor.http.metrics import Metrics
    from monitor.http.server import Server
    from monitor.http.site import Site
    from monitor.learning import learn_missing
    from monitor.logs import configure
    from monitor.state.snapshot import lock

    settings = load(config, secrets=True)
    configure(log_level, secrets=secrets_in(settings))  # type: ignore[arg-type] # click has checked it
    held = lock(settings.state_dir)
    health, metrics = Health(clock().steady), Metrics(__version__)
    server = Server(settings.http.address, Site(health, metrics, settings.http))
    host, port = server.start()
    log.info("seawall started", version=__version__, http=f"http://{host}:{port}", state_dir=str(settings.state_dir))
    stop = Stop()
    try:
        learn_missing(settings, health, stop)
        if not stop.asked:
            pipeline = running(settings, watched_models(settings, str(config)), health, metrics)
            pipeline.parts.observers.append(FirstPoll())
            stop.call(pipeline.stopping.set)
            pipeline.run()
    finally:
        server.close()
        held.close()
    log.info("seawall stopped")


class Stop:
    """SIGTERM and SIGINT: the first asks for an orderly end, a second ends at once."""

    def __init__(self) -> None:
        self.asked = False
        self._then: Callable[[], None] = _nothing
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def call(self, then: Callable[[], None]) -> None:
        """Call `then` when asked to stop, at once if that was already."""
        self._then = then
        if self.asked:
            self._then()

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self.asked:
            os._exit(128 + number)
        self.asked = True
        self._then()


def _nothing() -> None:
    """Nobody is there to be stopped yet."""


class FirstPoll:
    """Says once how long it took from the start of the process to the first poll."""

    def __init__(self) -> None:
        self.polled = False

    def counted(self, *_: object) -> None:
        """Look away: only turns count."""

    def judged(self, *_: object) -> None:
        """Look away: only turns count."""

    def turned(self, pipeline: Pipeline, now: Now) -> None:
        """Log the first turn."""
        if not self.polled:
            self.polled = True
            log.info("first poll", seconds_since_start=_age(), trouble=pipeline.parts.source.trouble())


def _age() -> float | None:
    """Return how many seconds ago this process started; None where /proc does not say."""
    try:
        started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
    return round(time.clock_gettime(time.CLOCK_BOOTTIME) - started, 2)
