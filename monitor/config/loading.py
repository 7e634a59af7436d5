"""From a file to a configuration, or to all of its mistakes at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from monitor.config.checks import Mistake, placeholders, structure, together, without_planned
from monitor.config.config import Config
from monitor.config.document import read_document
from monitor.config.paths import PLACEHOLDER, absolute, named
from monitor.config.places import written
from monitor.config.source import FileSource, KafkaSource
from monitor.config.substitution import Location, Substitution
from monitor.errors import ConfigError, Problem


@dataclass(frozen=True)
class Reading:
    """What a file says.

    Attributes
    ----------
    config : Config
        Its paths are absolute. Sinks whose secrets were not to be had, and not needed, are left out.
    unset : tuple of Problem
        Where such a secret is missing: `run` would refuse it.
    """

    config: Config
    unset: tuple[Problem, ...]


def load(path: Path, *, secrets: bool) -> Config:
    """Return the configuration that the file holds; see `read`."""
    return read(path, secrets=secrets).config


def read(path: Path, *, secrets: bool, environ: Mapping[str, str] = os.environ) -> Reading:
    """Read and check a whole configuration.

    Parameters
    ----------
    path : Path
        A YAML file. Paths in it are relative to its folder.
    secrets : bool
        Whether what `source`, `http`, `sinks` and `retrain` take from outside must be there. Commands that tell nobody
        do not need it.
    environ : Mapping[str, str]
        The environment variables.

    Raises
    ------
    ConfigError
        Every mistake of the file, with its path. Shows no value that a substitution put in.
    """
    document = read_document(path)
    folder = path.absolute().parent
    substitution = Substitution(environ, folder)
    try:
        filled: dict[str, Any] = substitution.apply(document)
    except ValueError as why:
        raise ConfigError(str(path), [Problem("", str(why))]) from None
    needless = {} if secrets else {at: why for at, why in substitution.missing.items() if _for_telling(at)}
    found = [*structure(filled), *((at, why) for at, why in substitution.missing.items() if at not in needless)]
    document = without_planned(filled)
    config, wrong = _validated(document, folder, substitution, secrets=secrets)
    for where, words in wrong:
        cause = next(
            (at for at in substitution.missing if where[: len(at)] == at or (where and where == at[:-1])), None
        )
        if cause is None:
            found.append((where, words))
        elif cause in needless and not _in_sink(cause):
            found.append((cause, needless[cause]))
    if not found and any(map(_in_sink, needless)):
        config, found = _validated(_without_sinks(document, needless), folder, substitution, secrets=secrets)
    if config is not None and not found:
        found = list(placeholders(config))
    if config is None or found:
        raise _refused(path, document, found)
    config = _completed(config, folder)
    if found := list(together(config)):
        raise _refused(path, document, found)
    return Reading(config, tuple(Problem(written(at), why) for at, why in needless.items()))


def _validated(
    document: dict[str, Any], folder: Path, substitution: Substitution, *, secrets: bool
) -> tuple[Config | None, list[Mistake]]:
    try:
        return Config.model_validate(document, context={"folder": folder, "unfilled_is_fine": not secrets}), []
    except ValidationError as error:
        from monitor.config.words import explain

        return None, [(where.location, words) for where, words in explain(error, document, substitution.put)]


def _for_telling(at: Location) -> bool:
    return at[0] in {"source", "labels", "http", "retrain"} or at[2:3] == ("retrain",) or _in_sink(at)


def _in_sink(at: Location) -> bool:
    """Whether the place is inside one sink of a list of sinks."""
    return (at[0] == "sinks" and len(at) > 2) or (at[0] == "models" and at[2:3] == ("sinks",) and len(at) > 4)


def _without_sinks(value: Any, places: Iterable[Location], where: Location = ()) -> Any:
    """Return the document without the sinks that hold one of the places."""
    if isinstance(value, dict):
        return {key: _without_sinks(item, places, (*where, key)) for key, item in value.items()}
    if isinstance(value, list) and where[-1:] == ("sinks",):
        gone = {at[len(where)] for at in places if at[: len(where)] == where and _in_sink(at)}
        return [item for index, item in enumerate(value) if index not in gone]
    return value


def _completed(config: Config, folder: Path) -> Config:
    """Return the configuration with paths made absolute, `{model}` put in, and the consumer groups named."""
    source = _source(config.source, config, config.group_id, folder)
    update: dict[str, Any] = {"source": source}
    if config.labels:
        group = source.group_id if isinstance(source, KafkaSource) else config.group_id
        own = _source(config.labels.source, config, f"{group}-labels", folder)
        update["labels"] = config.labels.model_copy(update={"source": own})
    config = absolute(config.model_copy(update=update), folder)
    return config if config.model is None else named(config, config.model)


def _source(source: Any, config: Config, group: str, folder: Path) -> Any:
    if isinstance(source, KafkaSource) and source.group_id is None:
        return source.model_copy(update={"group_id": group})
    if isinstance(source, FileSource) and source.path != "-":
        name = source.path.replace(PLACEHOLDER, config.model) if config.model is not None else source.path
        return source.model_copy(update={"path": str(folder / name)})
    return source


def _refused(path: Path, document: dict[str, Any], found: Iterable[Mistake]) -> ConfigError:
    """Return the error that lists the mistakes in the order of the file; what is missing comes first."""

    def position(mistake: Mistake) -> list[int]:
        value: Any = document
        order = []
        for part in mistake[0]:
            keys = (
                list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
            )
            order.append(keys.index(part) if part in keys else -1)
            value = value[part] if part in keys else None
        return order

    from monitor.config.words import without_echo

    ordered = sorted(without_echo(list(dict.fromkeys(found))), key=position)
    return ConfigError(str(path), [Problem(written(where), words) for where, words in ordered])
