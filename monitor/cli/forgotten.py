"""What `seawall state reset` asks before it forgets: everything that it will touch, by name."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.config.config import Config
from monitor.config.source import KafkaSource
from monitor.incidents.incident import rfc3339
from monitor.remembered import SNAPSHOT

PLACES = {"earliest": "the earliest record", "latest": "records to come"}


def groups(config: Config) -> list[KafkaSource]:
    """Return the sources whose groups have committed how far was read, each with its group."""
    sources = [config.source, config.labels and config.labels.source, config.answers_source()]
    found = [source for source in sources if isinstance(source, KafkaSource)]
    if config.replicas is not None and isinstance(config.source, KafkaSource):
        from monitor.replicas.forgetting import judging_group

        found.append(config.source.model_copy(update={"group_id": judging_group(config)}))
    return found


def question(config: Config) -> str:
    """Return what is asked."""
    named = _and(str(source.group_id) for source in groups(config))
    read = f"what the group{'s' * (' and ' in named)} {named} {'have' if ' and ' in named else 'has'} read"
    folder = config.state_dir
    if config.replicas is None:
        what = f"Forget what is remembered in {folder}, open incidents included" + (f", and {read}" if named else "")
        return f"{what}? Reading begins then with {_beginning(config)}"
    from monitor.replicas.topics import wanted

    beside = f" The snapshot of one process in {folder} is put aside." if (folder / SNAPSHOT).exists() else ""
    return f"Delete the topics {_and(wanted(config))} and forget {read}, for every process?{beside}"


def _beginning(config: Config) -> str:
    source = config.source
    if not isinstance(source, KafkaSource):
        return "the first line of " + ("standard input" if source.path == "-" else str(source.path))
    start = f"records of {rfc3339(source.start)}" if isinstance(source.start, int) else PLACES[source.start]
    return f"{start} in {_and(source.topics)}"


def _and(names: Iterable[str]) -> str:
    *first, last = [*dict.fromkeys(names)] or [""]
    return f"{', '.join(first)} and {last}" if first else last
