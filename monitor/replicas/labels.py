"""Late labels where several share the work: halves go to a topic as they are read; who judges a model joins them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from monitor.config.config import Config
from monitor.config.labels import LabelsSection
from monitor.config.source import KafkaSource
from monitor.counting.markers import Markers
from monitor.counting.sampling import bound_of
from monitor.counting.tally import Layout
from monitor.http.metrics import Metrics
from monitor.labels.halves import Halves
from monitor.labels.handed import Queue
from monitor.labels.joining import Joining
from monitor.labels.keeping import Labels, Predictions
from monitor.labels.outcomes import Note, Outcomes
from monitor.labels.reading import LabelReader
from monitor.replicas.beside import CountingBeside
from monitor.replicas.counting import CountingPipeline
from monitor.replicas.halves import HalvesOut, hash_key, under
from monitor.replicas.topics import halves_topic, names
from monitor.side import parts_beside
from monitor.watched import Watched

CACHE = "halves.sqlite"


def count_labels(main: CountingPipeline, config: Config, partitions: int, metrics: Metrics) -> None:
    """Let the halves of records be handed over, and put whoever reads labels beside the records, where there are any.

    Parameters
    ----------
    partitions : int
        How many the topic of halves has.
    """
    labels = config.labels
    if labels is None:
        return
    models = main.parts.models
    topic, slot = halves_topic(config), config.slot
    labelled = [model.name for model in models if model.labels is not None]
    source = cast("KafkaSource", labels.source)  # any other is refused where the configuration is read
    reader = source.build_shared(models[0].name)
    parts = parts_beside(main, config, reader, LabelReader(stamped=True), layouts=[Layout([])], saved=None)
    beside = CountingBeside(parts, main, name="labels", noun="labels", models=[None])

    def out() -> HalvesOut:
        queue = Queue(hash_key(config), bound_of(labels.share), under(config))
        return HalvesOut(topic, partitions, labelled, queue)

    main.halves, beside.halves = out(), out()
    main.logs, beside.logs = (names(config)[0], topic), (topic,)
    main.parts.observers.append(Predictions(main.halves.queue, models, slot))
    every = [model.name for model in models]
    beside.parts.observers.append(Labels(beside.halves.queue, every, slot, counting_labels(metrics)))


def counting_labels(metrics: Metrics) -> Note:
    """Return what counts what becomes of labels and predictions; that a label came is no outcome."""

    def count(model: str, outcome: str, how_many: int) -> None:
        if outcome != "came":
            metrics.labels.labels(model, outcome).inc(how_many)

    return count


def joining_of(
    config: Config, model: Watched, counting: str, metrics: Metrics, saved: Mapping[str, Any] | None
) -> Joining | None:
    """Return what joins a model's labels, going on from what is remembered; None where there are none to join.

    Raises
    ------
    SnapshotError
        Where that cannot be used.
    OSError
        Where no file can be made.
    """
    labels = config.labels
    if labels is None or model.labels is None:
        return None
    metrics.begin_labels([model.name])
    topics = {*getattr(config.source, "topics", ()), *getattr(labels.source, "topics", ())}
    joining = Joining(
        model,
        _cache(config, labels, model.name),
        labels.max_pending,
        outcomes=Outcomes(counting_labels(metrics)),
        markers=Markers(topics, {}),
        counting=counting,
        under=under(config),
    )
    if saved is not None:
        joining.restore(saved)
    return joining


def _cache(config: Config, labels: LabelsSection, model: str) -> Halves:
    wait = -(-labels.wait // config.slot)
    bound, key = bound_of(labels.share), hash_key(config)
    return Halves(config.state_dir / CACHE, wait, bound, only=model, key=key, cache=True)
