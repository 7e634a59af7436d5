"""A monitor of a fake source, with a clock that stands where the test puts it."""

from __future__ import annotations

import io
import json

import traffic
from traffic import START

from monitor.assembly import parts_of, watched_models
from monitor.config.loading import load
from monitor.http.health import Health
from monitor.parts import Now, Parts
from monitor.pipeline import Pipeline
from monitor.replay import CountedOnly, Told
from monitor.sight import Sight
from monitor.types import Message, Partition

A, B = Partition("t", 0), Partition("t", 1)
TEN_MINUTES = 600
RECORD = json.dumps(next(iter(traffic.traffic(1, seed=1)))).encode()


def timed(seconds):
    """Return a record that happened so many seconds after the start."""
    return json.dumps(json.loads(RECORD) | {"id": f"r{seconds}", "time": START / 1000 + seconds}).encode()


class Watch:
    """A monitor of a fake source, with a clock that stands where the test puts it."""

    def __init__(self, path, source, states=()):
        config = load(path, secrets=False)
        self.source, self.health, self.told = source, Health(0.0), io.StringIO()
        self.models = watched_models(config, str(path))
        for model, state in zip(self.models, states, strict=False):
            model.restore(state, START)
        parts = parts_of(config, self.models, source)
        self.sight = sight = Sight(self.health, config.freshness / 1000)
        self.pipeline = Pipeline(
            Parts(**parts, letters=CountedOnly(), outbox=Told(self.told, {}), observers=[sight]), self.now
        )
        self.pipeline.stopping.set()  # nobody waits where reading has stopped
        self.seconds = 0.0

    def now(self):
        return Now(self.seconds, START + int(self.seconds * 1000))

    def at(self, seconds, **messages):
        """Turn once at this time, with so many messages of partition `a` or `b`."""
        self.seconds = float(seconds)
        for name, values in messages.items():
            self.arrive({"a": A, "b": B}[name], values)
        self.pipeline.step()

    def arrive(self, partition, values):
        fold = self.pipeline.parts.partitions.folds.get(partition)
        begin = max(fold.next.offset, 0) if fold else 0
        self.source.arriving[partition] = [
            Message(*partition, begin + i, START + int(self.seconds * 1000), None, value)
            for i, value in enumerate(values)
        ]

    def events(self):
        """Return what was told since this was asked last: change, signal, severity."""
        events = [json.loads(line) for line in self.told.getvalue().splitlines()]
        self.told.truncate(0)
        self.told.seek(0)
        return [(event["event"], event["signals"][0]["signal"], event["severity"]) for event in events]

    def ready(self):
        return self.health.readyz(self.seconds)

    def state(self):
        return [model.state() for model in self.models]
