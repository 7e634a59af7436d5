"""From a configuration to the stream of answers beside a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from monitor.config.config import Config
from monitor.config.shadow import ShadowSection
from monitor.counting.sampling import key_of
from monitor.counting.tally import Layout
from monitor.observers import SourceTrouble
from monitor.parts import Now
from monitor.pipeline import Pipeline
from monitor.reference.store import Reference
from monitor.shadow.answers import ANSWERS, AnswerFile, AnswerLog, AnswerTopic
from monitor.shadow.asking import Asker, Count
from monitor.shadow.budget import QueryBudget, shared_budget
from monitor.shadow.counts import AnswerCounts
from monitor.shadow.endpoint import Endpoint
from monitor.shadow.inputs import inputs_of
from monitor.shadow.probing import Prober
from monitor.shadow.reading import AnswerReader
from monitor.shadow.stamping import Stamps
from monitor.shadow.stream import ShadowStream
from monitor.side import parts_beside
from monitor.sources.growing import GrowingFile
from monitor.types import Source


def endpoint_of(section: ShadowSection, reference: Reference) -> Endpoint:
    """Return who answers for a model. Raises BadReference."""
    from monitor.shadow.v2 import V2Client

    schema, inputs = reference.schema, inputs_of(reference, section.endpoint)
    return V2Client(section.endpoint, inputs, schema.scores, numeric=schema.prediction == "number")


def shadow_stream(
    pipeline: Pipeline,
    config: Config,
    *,
    count: Count,
    late: Callable[[str, int], None],
    saved: dict[str, Any] | None = None,
    endpoints: Mapping[str, Endpoint] | None = None,
) -> ShadowStream:
    """Return the stream of answers, put beside the pipeline of the records, and whoever asks for them.

    Parameters
    ----------
    count : callable
        Called from any thread as ``count(model, check, outcome, how_many)``.
    late : callable
        Called as ``late(model, how_many)`` for answers that came too late to be judged.
    saved : dict or None
        What the snapshot remembers of it.
    endpoints : mapping
        By model: who answers instead of the configured endpoint.
    """
    answers, source = _places(config, pipeline.parts.models)
    asker = asker_of(pipeline, config, answers, count=count, saved=saved, endpoints=endpoints or {})
    stream = _stream(pipeline, config, source, late, asker=asker, answers=answers, saved=saved)
    stream.parts.observers.append(SourceTrouble())
    return stream


def read_answers(pipeline: Pipeline, config: Config, source: Source) -> ShadowStream:
    """Return the stream of answers that were given before: nobody is asked."""
    return _stream(pipeline, config, source, lambda _model, _answers: None)


def _stream(
    pipeline: Pipeline,
    config: Config,
    source: Source,
    late: Callable[[str, int], None],
    *,
    asker: Asker | None = None,
    answers: AnswerLog | None = None,
    saved: dict[str, Any] | None = None,
) -> ShadowStream:
    parts = parts_of_answers(pipeline, config, source, saved)
    counts = AnswerCounts([model.name for model in pipeline.parts.models], late)
    return ShadowStream(parts, pipeline, asker, answers, counts)


def parts_of_answers(
    pipeline: Pipeline, config: Config, source: Source, saved: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the parts of a pipeline that reads answers; `saved` is what a snapshot remembers of it."""
    models = pipeline.parts.models
    layouts = [model.layouts.get("shadow", Layout([])) for model in models]
    decoder = AnswerReader([model.name for model in models], stamped=source.stamped)
    return parts_beside(pipeline, config, source, decoder, layouts=layouts, saved=saved)


def _places(config: Config, models: Any) -> tuple[AnswerLog, Source]:
    """Return where answers are written, and the source that reads them back."""
    if source := config.answers_source():
        return AnswerTopic(source.connection(), source.topics[0]), source.build(models[0].name)
    path = config.state_dir / ANSWERS
    return AnswerFile(path), GrowingFile(path)


def asker_of(
    pipeline: Pipeline,
    config: Config,
    answers: AnswerLog,
    *,
    count: Count,
    saved: dict[str, Any] | None = None,
    endpoints: Mapping[str, Endpoint] = MappingProxyType({}),
) -> Asker:
    """Return who asks about the records that a pipeline reads; see `shadow_stream`."""
    probers, budgets = {}, {}
    spent = saved["spent"] if saved else {}
    for index, model in enumerate(pipeline.parts.models):
        if section := model.settings.shadow:
            endpoint = endpoints.get(model.name) or endpoint_of(section, model.reference)
            key = key_of(config.privacy.key(model.settings.reference.path))
            probers[index] = Prober(model.name, model.reference, section, endpoint, key)
            most = 1 + len(section.questions)
            build = QueryBudget if config.replicas is None else shared_budget
            budgets[index] = budget = build(section.budget.per_second, section.budget.per_day, most)
            budget.day, budget.spent = spent.get(model.name, (0, 0))

    def clock() -> Now:
        return pipeline.clock()  # as it is by then

    return Asker(probers, budgets, answers, Stamps(config.max_ahead), clock=clock, count=count)
