"""From a configuration to the stream of labels beside a pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitor.config.config import Config
from monitor.config.labels import LabelsSection
from monitor.counting.sampling import bound_of, key_of
from monitor.counting.tally import Layout
from monitor.labels.halves import Halves
from monitor.labels.outcomes import Note
from monitor.labels.reading import LabelReader
from monitor.labels.stream import LabelStream
from monitor.observers import SourceTrouble
from monitor.pipeline import Pipeline
from monitor.side import parts_beside
from monitor.types import Source


def label_stream(
    pipeline: Pipeline,
    config: Config,
    labels: LabelsSection,
    *,
    source: Source,
    path: Path | None,
    count: Note,
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
    models = pipeline.parts.models
    key = b""
    if path or labels.share < 1:  # else nothing of it is kept, and none is chosen by it
        key = key_of(config.privacy.key(models[0].settings.reference.path))
    only = models[0].name if len(models) == 1 else None
    halves = Halves(path, -(-labels.wait // config.slot), bound_of(labels.share), only=only, key=key)
    parts = parts_beside(
        pipeline, config, source, LabelReader(stamped=source.stamped), layouts=[Layout([])], saved=saved
    )
    stream = LabelStream(parts, halves, most=labels.max_pending, count=count, main=pipeline)
    stream.parts.observers.append(SourceTrouble())
    if saved:
        stream.restore(saved)
    return stream
