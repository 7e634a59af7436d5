"""`seawall run`: watch until told to stop."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

import click

from monitor.cli.options import config_option, log_level_option

SAME_SIGNAL_SECONDS = 1.0
"""Another signal this soon after the first is the same one, sent twice."""


@click.command()
@config_option
@log_level_option
def command(config: Path, log_level: str) -> None:
    """Watch the configured source until SIGTERM (or the end of a file)."""
    stopping = asked_to_stop()  # before what takes a second to import
    from monitor.lean import import_lean

    import_lean()  # before anybody else does

    import structlog

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
    from monitor.observers import FirstPoll, SourceTrouble
    from monitor.state.lock import lock

    log = structlog.get_logger()
    settings = load(config, secrets=True)
    configure(log_level, secrets=secrets_in(settings))  # type: ignore[arg-type] # click has checked it
    held = lock(settings.state_dir)
    health, metrics = Health(clock().steady), Metrics(__version__)
    server = Server(settings.http.address, Site(health, metrics, settings.http))
    host, port = server.start()
    http, folder = f"http://{host}:{port}", str(settings.state_dir)
    start: Any = running
    if settings.replicas is not None:
        from monitor.replicas.build import sharing

        start = sharing
    try:
        learn_missing(settings, health, metrics, stopping)
        if not stopping.is_set():
            models = watched_models(settings, str(config))
            log.info("seawall started", version=__version__, http=http, state_dir=folder)
            pipeline = start(settings, models, health, metrics, stopping=stopping)
            if pipeline is not None:
                pipeline.parts.observers += [FirstPoll(started_ago), SourceTrouble()]
                pipeline.run()
    finally:
        server.close()
        held.close()
    log.info("seawall stopped")


def asked_to_stop() -> threading.Event:
    """Return an event that the first SIGTERM or SIGINT sets; another ends the process at once.

    `timeout` and some inits send theirs twice, to the process and to its group: that is asking once.
    """
    asked = threading.Event()
    since = 0.0

    def handle(number: int, _: FrameType | None) -> None:
        nonlocal since
        if not asked.is_set():
            since = time.monotonic()
            asked.set()
        elif time.monotonic() - since > SAME_SIGNAL_SECONDS:
            os._exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return asked


def started_ago() -> float | None:
    """Return how many seconds ago this process started; None where /proc does not say."""
    try:
        started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
    return round(time.clock_gettime(time.CLOCK_BOOTTIME) - started, 2)
