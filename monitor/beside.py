"""The streams that a configuration puts beside the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.config.config import Config
from monitor.config.labels import LabelsSection
from monitor.http.metrics import Metrics
from monitor.pipeline import Pipeline
from monitor.types import Source

if TYPE_CHECKING:
    from monitor.shadow.endpoint import Endpoint

LABELS = "labels.sqlite"


def check_sides(folder: Path, saved: Mapping[str, dict[str, Any]], *, thoroughly: bool = False) -> None:
    """Raise SnapshotError where what a side stream keeps beside the snapshot is not what the snapshot counts on."""
    if "labels" in saved:
        from monitor.labels.file import check

        check(folder / LABELS, saved["labels"], thoroughly=thoroughly)


def add_sides(
    pipeline: Pipeline,
    config: Config,
    metrics: Metrics,
    saved: Mapping[str, dict[str, Any]],
    endpoints: Mapping[str, Endpoint] | None,
    *,
    label_source: Source | None = None,
) -> None:
    """Put labels and shadow answers beside the records, as far as they are configured.

    Parameters
    ----------
    saved : mapping
        What the snapshot remembers of each stream.
    endpoints : mapping or None
        By model: who answers shadow queries instead of the configured endpoint.
    label_source : Source or None
        What to read labels from instead of the configured source.
    """
    if config.labels:
        _add_labels(pipeline, config, config.labels, metrics, saved.get("labels"), source=label_source)
    if any(model.shadow for model in pipeline.parts.models):
        _add_shadow(pipeline, config, metrics, saved.get("shadow"), endpoints)


def _add_shadow(
    pipeline: Pipeline,
    config: Config,
    metrics: Metrics,
    saved: dict[str, Any] | None,
    endpoints: Mapping[str, Endpoint] | None,
) -> None:
    """Put whoever asks the shadow endpoints, and the stream of their answers, beside the records."""
    from monitor.shadow.build import shadow_stream

    count, late = shadow_counts(pipeline, metrics)
    shadow_stream(pipeline, config, count=count, late=late, saved=saved, endpoints=endpoints)


def shadow_counts(
    pipeline: Pipeline, metrics: Metrics
) -> tuple[Callable[[str, str, str, int], None], Callable[[str, int], None]]:
    """Return what counts shadow queries, and what counts answers that came late."""
    counter = cache(metrics.shadow.labels)  # looking one up costs as much as counting a hundred

    def count(model: str, check: str, outcome: str, queries: int) -> None:
        counter(model, check, outcome).inc(queries)

    def late(model: str, answers: int) -> None:
        metrics.shadow_late.labels(model).inc(answers)

    metrics.begin_shadow(model.name for model in pipeline.parts.models if model.shadow)
    return count, late


def _add_labels(
    pipeline: Pipeline,
    config: Config,
    labels: LabelsSection,
    metrics: Metrics,
    saved: dict[str, Any] | None,
    *,
    source: Source | None,
) -> None:
    """Put the stream of labels beside that of the records."""
    from monitor.labels.build import label_stream

    metrics.begin_labels(model.name for model in pipeline.parts.models if model.labels)

    def count(model: str, outcome: str, pairs: int) -> None:
        metrics.labels.labels(model, outcome).inc(pairs)

    source = source or labels.source.build(pipeline.parts.models[0].name)
    path = config.state_dir / LABELS
    if saved is None:
        for left in config.state_dir.glob(f"{LABELS}*"):
            left.unlink()  # without positions nobody knows what it holds
    label_stream(pipeline, config, labels, source=source, path=path, count=count, saved=saved)
