"""The demo from beginning to end: accept clean traffic, watch the story, say what came of it."""

from __future__ import annotations

import contextlib
import gzip
import heapq
import math
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from monitor import __version__
from monitor.assembly import clock, running
from monitor.config.config import Config
from monitor.config.loading import read
from monitor.demo.curve import Curve
from monitor.demo.feed import Feed, recorded, slowed
from monitor.demo.folder import Folder
from monitor.demo.labels import LABELS, first_label, label_chunks
from monitor.demo.report import counts, introduction, look_next, received, retrained, watched
from monitor.demo.shadow import Deployed, answer_promptly, with_curve
from monitor.demo.show import Show
from monitor.demo.slack import SlackStandIn
from monitor.demo.story import STORY_SECONDS
from monitor.demo.terminal import Terminal
from monitor.demo.topic import Topic
from monitor.demo.traffic import CHUNK_MS, MODEL, RATE, REQUESTS, Service, Traffic
from monitor.demo.trainer import TrainerStandIn
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.http.server import Server
from monitor.http.site import Site
from monitor.incidents.incident import rfc3339
from monitor.judged import Judged
from monitor.logs import configure
from monitor.pipeline import Pipeline
from monitor.reference.build import build
from monitor.reference.store import Reference, Store
from monitor.shadow.endpoint import InProcess
from monitor.types import Source
from monitor.watched import Watched

RECORDS_ACCEPTED = 10_000
TAIL = 3
"""Seconds of traffic after the story at least, so that its last slot closes."""

FAST_BEGAN = 1_767_225_600_000
"""2026-01-01T00:00:00Z: without waiting any time will do, and one time gives the same incidents in every run."""


@dataclass(frozen=True)
class Options:
    """How to run.

    Attributes
    ----------
    folder : Path
    fast : bool
        Do not wait for the traffic's time to come.
    serve : bool
        Serve metrics, and go on with clean traffic until stopped.
    brokers : str or None
        Send the traffic through Kafka.
    listen : str
        Where to serve.
    """

    folder: Path
    fast: bool = False
    serve: bool = False
    brokers: str | None = None
    listen: str = "127.0.0.1:9464"


def play(options: Options, stopping: threading.Event) -> bool:
    """Run the demo; return whether its story came to the end.

    Parameters
    ----------
    stopping : Event
        Set when somebody wants the demo to stop.

    Raises
    ------
    SeawallError
        Where the folder, the port or the brokers cannot be used.
    """
    folder = Folder(options.folder)
    with contextlib.ExitStack() as held:
        held.enter_context(folder.prepare())
        configure("info", stream=held.enter_context(folder.log.open("w")))
        recording = held.enter_context(gzip.open(folder.traffic, "wb", compresslevel=1))
        return _Demo(options, folder, recording, held).run(stopping)


class _Demo:
    """One run: what is the demo's own around a pipeline that is not."""

    def __init__(self, options: Options, folder: Folder, recording: gzip.GzipFile, held: contextlib.ExitStack) -> None:
        self.options = options
        self.folder = folder
        self.recording = recording
        self.held = held
        self.terminal = Terminal(hurried=options.fast)
        self.slack = SlackStandIn(folder.path)
        held.callback(self.slack.close)
        self.trainer = TrainerStandIn(folder.path)
        held.callback(self.trainer.close)

    def run(self, stopping: threading.Event) -> bool:
        self._say(introduction(self.options.brokers))
        topic = self._topic()
        service = Service()
        config = self._configure(topic)
        reference = self._accept(service, config)
        health, metrics = Health(clock().steady), Metrics(__version__)
        self._say(watched(service, reference))
        if self.options.serve:
            self._serve(config, health, metrics)
        self._say([""])
        began = FAST_BEGAN if self.options.fast else math.ceil(time.time()) * 1_000
        traffic = Traffic(service, began)
        curve = Curve(reference, config.models_resolved()[MODEL], began)
        show = Show(self.terminal, traffic, curve, None if self.options.fast else time.time)
        source, labels = self._sources(traffic, topic)
        deployed = Deployed(service, reference)
        pipeline = running(
            config,
            [_watched_by(config, reference, show)],
            health,
            metrics,
            stopping=stopping,
            source=source,
            label_source=labels,
            endpoints={MODEL: InProcess(deployed)},
        )
        answer_promptly(pipeline, deployed, traffic, curve.add)
        pipeline.parts.observers.append(show)
        show.at_end = partial(self._ended, show, pipeline)
        pipeline.run()
        self.terminal.note("")
        if show.over and not self.options.serve:
            self._conclude(show, pipeline)
        return show.over

    def _ended(self, show: Show, pipeline: Pipeline, judged: Judged) -> None:
        """One stream has come to the story's end."""
        if not self.options.serve:  # then this is the end of all logs, as that of a file is
            pipeline.parts.outbox.put(MODEL, judged.flush())
            if show.over:
                pipeline.stopping.set()
        elif show.over:
            self._conclude(show, pipeline)

    def _conclude(self, show: Show, pipeline: Pipeline) -> None:
        self.terminal.flush()
        self._say(counts(show, pipeline.parts.limit.dead))
        self._say(received(self.slack.received, self.folder))
        self._say(retrained(self.trainer.received))
        self._say(look_next(self.folder, serving=self.options.serve))

    def _say(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.terminal.say(line)

    def _accept(self, service: Service, config: Config) -> Reference:
        """Build the reference from clean traffic and accept it."""
        now = FAST_BEGAN if self.options.fast else clock().wall
        count = RECORDS_ACCEPTED * 1_000 // (RATE * CHUNK_MS)
        blocks = list(islice(Traffic(service, now, labelled=True).chunks(-count), count))
        settings = config.models_resolved()[MODEL]
        reference = build(
            lambda: blocks, model=MODEL, options={}, from_table=False, stamped=True, detectors=settings.detectors
        )
        reference = with_curve(reference, blocks, settings, service)
        store = Store(self.folder.reference)
        store.save(reference, {"source": "clean traffic of the demo", "rows": reference.rows, "built": rfc3339(now)})
        store.promote(reference.digest, by="demo", why="clean traffic", at=rfc3339(now))
        return reference

    def _topic(self) -> Topic | None:
        if self.options.brokers is None:
            return None
        topic = Topic(self.options.brokers, f"seawall-demo-{int(time.time())}")
        self.held.callback(topic.close)
        return topic

    def _configure(self, topic: Topic | None) -> Config:
        files = (self.folder.traffic, self.folder.labels)
        source, labels = (
            (topic.source, topic.labels) if topic else ({"type": "file", "path": file.name} for file in files)
        )
        self.folder.configure(source, labels, self.options.listen)
        environ = {**os.environ, "SLACK_WEBHOOK_URL": self.slack.url, "TRAINER_URL": self.trainer.url}
        return read(self.folder.config, secrets=True, environ=environ).config

    def _serve(self, config: Config, health: Health, metrics: Metrics) -> None:
        server = Server(config.http.address, Site(health, metrics, config.http))
        host, port = server.start()
        self.held.callback(server.close)
        self._say([f"metrics   http://{host}:{port}/metrics"])

    def _sources(self, traffic: Traffic, topic: Topic | None) -> tuple[Source | None, Source | None]:
        """Start the traffic; return where requests and labels come in, None where those are the configured sources."""
        story, tail = (seconds * 1_000 // CHUNK_MS for seconds in (STORY_SECONDS, TAIL))
        chunks = recorded(traffic.chunks(0), self.recording, story)
        chunks = slowed(chunks, story + tail) if self.options.serve else islice(chunks, story + tail)
        said = self.held.enter_context(self.folder.labels.open("wb"))
        late = recorded(label_chunks(traffic), said, story - first_label(traffic) // CHUNK_MS)
        hurried = self.options.fast
        if topic is None:
            return Feed(REQUESTS, chunks, hurried=hurried), Feed(LABELS, late, hurried=hurried)
        topic.produce(heapq.merge(chunks, late, key=lambda chunk: chunk[-1].timestamp), hurried=hurried)
        return None, None


def _watched_by(config: Config, reference: Reference, show: Show) -> Watched:
    """Return the watched model, with the demo's terminal in place of the configured standard output."""
    settings = config.models_resolved()[MODEL]
    sinks: tuple[Any, ...] = tuple(show if sink.type == "stdout" else sink for sink in settings.sinks)
    key = partial(config.privacy.key, settings.reference.path)
    return Watched(replace(settings, sinks=sinks), reference, config.slot, key=key, late_labels=True)
