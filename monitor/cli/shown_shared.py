"""What several processes remember together, in words."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from monitor.cli.shown import model_lines
from monitor.config.config import Config
from monitor.counting.fold import NEVER
from monitor.counting.sampling import share_of
from monitor.errors import SeawallError, SnapshotError, SourceError
from monitor.incidents.incident import rfc3339
from monitor.replicas.desk import reached_of
from monitor.replicas.expired import refuse_expired
from monitor.replicas.log import Log
from monitor.replicas.memory import Memory
from monitor.replicas.opening import check_slot
from monitor.replicas.topics import halves_topic, names
from monitor.sources.kafka_connecting import SOON, administrator
from monitor.state.snapshot import understood
from sinks.text import counted

if TYPE_CHECKING:
    from monitor.config.source import KafkaSource


def remembered(config: Config) -> dict[str, dict[str, Any]]:
    """Return by model what was remembered last.

    Raises
    ------
    SourceError
        Where the brokers do not answer.
    SnapshotError
        Where a record is not whole.
    """
    source = cast("KafkaSource", config.source)  # any other is refused where the configuration is read
    try:
        return _memory(config).read_all()
    except OSError as why:
        raise SourceError(f"Kafka at {', '.join(source.bootstrap_servers)}: {why.strerror}") from None


def _memory(config: Config) -> Memory:
    connection = config.source.connection()
    return Memory(connection, names(config)[1], Log(connection))


def shown_shared(config: Config) -> Iterator[str]:
    """Yield lines on how far the records were counted, and on each model."""
    states = remembered(config)
    topic = names(config)[1]
    if not states:
        yield f"nothing is remembered in {topic}"
        return
    yield f"{topic}: {counted(len(states), 'model')}"
    yield from (f"! {why}" for why in refused(config, states))
    with understood(Path(topic)):
        merged = [each for state in states.values() for each in (state, *state.get("beside", {}).values())]
        markers = {where: mark for each in merged for where, mark in reached_of(each["reached"]).markers.items()}
        for where, marker in sorted(markers.items()):
            idle = ", idle" if marker.idle else ""
            yield f"  {where.topic}/{where.partition} counted to {marker.offset:,} at least{idle}"
        for name, state in sorted(states.items()):
            if state["judged"] > NEVER:
                yield f"  {name}: judged through {rfc3339((state['judged'] + 1) * state['slot'])}"
            if (joined := state.get("joining")) and joined["judged"] > NEVER:
                through = rfc3339((joined["judged"] + 1) * state["slot"])
                share = 100 * share_of(bytes(joined["bound"]))
                yield f"  {name}: labels joined through {through}, from {halves_topic(config)} to {joined['next']:,}"
                yield f"  {name}: {counted(joined['held'], 'row')} kept at most, of {share:.3g} % of the ids"
            waiting = Counter(sink for sink, _ in state["pending"])
            yield from model_lines(name, state, waiting + Counter({"not handed to a sink yet": len(state["unsent"])}))


def verified_shared(config: Config) -> Iterator[str | SeawallError]:
    """Yield what is well, and what a run would refuse. Raises as `remembered`."""
    states, topic = remembered(config), names(config)[1]
    if states:
        yield f"what is remembered of {counted(len(states), 'model')} in {topic} is whole"
        yield from refused(config, states)
    else:
        yield f"nothing is remembered in {topic}"


def refused(config: Config, states: Mapping[str, dict[str, Any]]) -> Iterator[SeawallError]:
    """Yield what a run would refuse of what is whole, in its words."""
    for name in states.keys() & config.models_resolved().keys():
        try:
            check_slot(config, name, states[name])
        except SnapshotError as why:
            yield why
    try:
        _refuse_expired(config)
    except SourceError as why:
        yield why


def _refuse_expired(config: Config) -> None:
    """Raise SourceError where the group has no commits any more; nothing where the brokers do not say."""
    from kafka.errors import KafkaError

    with contextlib.suppress(KafkaError, OSError):
        admin = administrator(config.source.connection() | SOON)
        with contextlib.closing(admin):
            refuse_expired(config, admin, _memory(config))
