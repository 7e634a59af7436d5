"""Where in the configuration an error of pydantic's lies, as its writer would say it."""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr

from monitor.config.section import keys_of
from monitor.config.substitution import Location
from sinks.text import plain

LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Place:
    """One place in the file.

    Attributes
    ----------
    location : Location
        Keys and list indices from the top, no further than the file goes.
    owner : type of BaseModel or None
        The section that the last key stands in.
    annotation : Any
        What may stand there; None where nothing may.
    """

    location: Location
    owner: type[BaseModel] | None
    annotation: Any

    @property
    def path(self) -> str:
        """`sinks[0].type`."""
        return written(self.location)

    @property
    def secret(self) -> bool:
        """Whether what stands there must not be shown."""
        return any(option in (SecretStr, SecretBytes) for option in options(self.annotation))

    @property
    def kinds(self) -> list[str]:
        """What `type` may be there, or in a list there."""
        return list(tags(self.annotation) or tags(_below(self.annotation, 0)))

    @property
    def allowed(self) -> list[str]:
        """The words that may stand there, where they are a closed list."""
        return [
            str(word)
            for option in options(self.annotation)
            if get_origin(option) is Literal
            for word in get_args(option)
        ]


def written(location: Location) -> str:
    """Return a location as text: `sinks[0].type`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{plain(part, LONGEST_SHOWN)}" for part in location]
    return "".join(parts).removeprefix(".")


def options(annotation: Any) -> list[Any]:
    """Return what a type may be: the members of a union, without wrappers."""
    if get_origin(annotation) is Annotated:
        return options(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [option for member in get_args(annotation) for option in options(member)]
    return [annotation]


def sections(annotation: Any) -> list[type[BaseModel]]:
    """Return the sections that a type may be."""
    return [option for option in options(annotation) if isinstance(option, type) and issubclass(option, BaseModel)]


def tags(annotation: Any) -> dict[str, type[BaseModel]]:
    """Return the sections of a union by what their `type` is called; empty where it is not a union."""
    found = sections(annotation)
    return {str(get_args(s.model_fields["type"].annotation)[0]): s for s in found} if len(found) > 1 else {}


def place(top: type[BaseModel], loc: tuple[int | str, ...], document: Any) -> Place:
    """Return where pydantic's `loc` lies: without the tags of unions, and no deeper than the document goes."""
    annotation: Any = top
    owner: type[BaseModel] | None = None
    location: Location = ()
    value = document
    for part in loc:
        by_tag = tags(annotation)
        if part in by_tag:
            annotation = by_tag[str(part)]
            continue
        if not isinstance(value, dict | list):
            annotation = _below(annotation, part)  # one value that stands for a whole section
            break
        owner = next(iter(sections(annotation)), None)
        location = (*location, part)
        annotation = _below(annotation, part)
        value = _item(value, part)
    return Place(location, owner, annotation)


def _below(annotation: Any, part: int | str) -> Any:
    for option in options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            field = keys_of(option).get(str(part))
            return field.annotation if field else None
        if get_origin(option) in (list, tuple):
            return get_args(option)[0]
        if get_origin(option) is dict:
            return get_args(option)[1]
    return None


def _item(value: Any, part: int | str) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None
