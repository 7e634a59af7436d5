"""From a configuration to the stream of labels beside a pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitor.config.config import Config
from monitor.config.labels import LabelsSection
from monitor.counting.partitions import Partitions, Timing, from_plain
from monitor.counting.tally import Layout
from monitor.delivery.dead_letters import Limit
from monitor.labels.halves import Halves, bound_of
from monitor.labels.reading import LabelReader
from monitor.labels.stream import Count, LabelStream
from monitor.observers import SourceTrouble
from monitor.pipeline import Pipeline
from monitor.types import Source


def label_stream(
    pipeline: Pipeline,
    config: Config,
    labels: LabelsSection,
    *,
    source: Source,
    path: Path | None,
    count: Count,
    saved: dict[str, Any] | None = None,
) -> LabelStream:
    """Return the stream of labels, put beside the pipeline of the records.

    Parameters
    ----------
    path : Path or None
        Where halves wait; None for as long as the process lives.
    saved : dict or None
        What the snapshot remembers of it.
    """
    halves = Halves(path, -(-labels.wait // config.slot), bound_of(labels.share), alone=len(pipeline.parts.models) == 1)
    timing = Timing(config.slot, config.allowed_lateness, config.max_ahead)
    parts = {
        "source": source,
        "decoder": LabelReader(stamped=source.stamped),
        "partitions": Partitions(timing, [Layout([])]),
        "letters": pipeline.parts.letters,
        "limit": Limit(config.dead_letters.max_share),
        "idle_timeout": pipeline.parts.idle_timeout,
        "remembered": from_plain(saved["partitions"]) if saved else None,
    }
    stream = LabelStream(parts, halves, most=labels.max_pending, count=count, main=pipeline)
    stream.parts.observers.append(SourceTrouble())
    if saved:
        stream.restore(saved)
    return stream
