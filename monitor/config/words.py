"""pydantic's errors in our words: what was found, what is allowed, which key was meant."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from monitor.config.config import Config
from monitor.config.permodel import PerModel
from monitor.config.places import LONGEST_SHOWN, Place, place, tags
from monitor.config.section import EMPTY, guess, keys_of, meant
from monitor.config.substitution import Location, Substituted
from sinks.text import plain

_NOT_A_MAP = "{found} is not a map of keys to values"
_EMPTY_WILL_DO = ". Write replicas: {}; as many share the work as are started"
_NOT_WHOLE = "{found} is not a whole number"
_NOT_A_NUMBER = "{found} is not a number"
_NEITHER = "{found} is neither true nor false"

# By pydantic's name of the error; {found} is what stands there, other names are of the error's own context.
_WORDS = {
    "bool_parsing": _NEITHER,
    "bool_type": _NEITHER,
    "dict_type": _NOT_A_MAP,
    "finite_number": "{found} is not a finite number",
    "float_parsing": _NOT_A_NUMBER,
    "float_type": _NOT_A_NUMBER,
    "greater_than": "{found} is too small. More than {gt}",
    "greater_than_equal": "{found} is too small. At least {ge}",
    "int_from_float": _NOT_WHOLE,
    "int_parsing": _NOT_WHOLE,
    "int_type": _NOT_WHOLE,
    "less_than": "{found} is too large. Less than {lt}",
    "less_than_equal": "{found} is too large. At most {le}",
    "model_attributes_type": _NOT_A_MAP,
    "model_type": _NOT_A_MAP,
    "string_too_short": "{found} is too short. At least {min_length} characters",
    "string_too_long": "{found} is too long. At most {max_length} characters",
    "too_short": "{found} is too short. At least {min_length}",
    "string_pattern_mismatch": "{found} does not fit the pattern {pattern}",
}
_LISTS = {"list_type", "tuple_type", "set_type", "frozen_set_type"}
_TEXTS = {"string_type", "path_type"}
_NOUNS = {"detectors": "a detector", "sinks": "a sink", "source": "a source", "action": "an action"}
_UNKNOWN = "unknown key"
_SHORTEST_SCRUBBED = 4
_LONGEST_WORDS = 1_000


def explain(error: ValidationError, document: Mapping[str, Any], put: Mapping[str, str]) -> list[tuple[Place, str]]:
    """Return every mistake: where, and what to say about it. Shows nothing that a substitution put in."""
    found = []
    for one in error.errors(include_url=False):
        where = place(Config, one["loc"], document)
        found.append(_one(where, one, put))
    return found


def _one(where: Place, one: Any, put: Mapping[str, str]) -> tuple[Place, str]:
    kind, key = one["type"], str(where.location[-1]) if where.location else ""
    if kind.startswith("union_tag"):
        return Place((*where.location, "type"), where.owner, None), _not_a_type(where, one)
    if kind == "missing":
        words = "missing" + _purpose(where, key)
    elif kind == "extra_forbidden":
        words = _unknown(where.owner, key)
    elif kind in {"value_error", "words"}:
        words = _scrubbed(str(one["ctx"].get("error", one["msg"])), put)
    elif one["input"] is None:
        words = EMPTY
    else:
        words = _not_a_value(where, one, put)
    return where, words


def _not_a_value(where: Place, one: Any, put: Mapping[str, str]) -> str:
    kind, value = one["type"], one["input"]
    found = "what stands here" if where.secret else show(value)
    if kind == "literal_error":
        return f"{found} is not one of: {', '.join(where.allowed)}{guess(written_as(value), where.allowed)}"
    if kind in _TEXTS:
        return f"{found} is not text{_quoting(value) if not where.secret else ''}"
    if kind in _LISTS:
        return f"{found} is not a list. {_as_list(where, value, found)}"
    if kind in _WORDS:
        words = _WORDS[kind].format(found=found, **{name: _bound(limit) for name, limit in one.get("ctx", {}).items()})
        words += _EMPTY_WILL_DO if where.location == ("replicas",) and _WORDS[kind] == _NOT_A_MAP else ""
        return f"{words}. Write {{type: {value}}}" if value in where.kinds else words
    return _scrubbed(one["msg"][:1].lower() + one["msg"][1:], put)


def _as_list(where: Place, value: Any, found: str) -> str:
    """Return what to write instead of a single item."""
    if not isinstance(value, dict):
        return f"Write [{found}]"
    kind = next((kind for kind in (value.get("type"), *value) if kind in where.kinds), "TYPE")
    return f"Write it as a list: {where.location[-1]}: [{{{f'type: {kind}, ' if where.kinds else ''}...}}]"


def written_as(value: Any) -> str:
    """Return the text of a value as the file has it: never what a substitution put there."""
    return value.written if isinstance(value, Substituted) else str(value)


def show(value: Any) -> str:
    """Return what stands in the file, as a person would recognise it; never what a substitution put there."""
    if isinstance(value, str):
        return f'"{plain(written_as(value), LONGEST_SHOWN)}"'
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return "a list" if isinstance(value, list) else "a map" if isinstance(value, dict) else "this value"


def _quoting(value: Any) -> str:
    if isinstance(value, bool):
        return ". YAML reads yes, no, on and off so: put the word in quotes"
    return f'. Put it in quotes: "{value}"' if isinstance(value, int | float) else ""


def _bound(limit: Any) -> Any:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _purpose(where: Place, key: str) -> str:
    field = keys_of(where.owner).get(key) if where.owner else None
    first = (field.description or "").split(". ")[0].replace("`", "").strip().removesuffix(".") if field else ""
    return f". {first}" if first else ""


def _not_a_type(where: Place, one: Any) -> str:
    known = list(tags(where.annotation))
    names = [part for part in where.location if isinstance(part, str)]
    listed = f"Known: {', '.join(known)}"
    if one["type"] == "union_tag_not_found":
        return f"missing. {listed}"
    value = one["input"]["type"]
    return f"{show(value)} is not {_NOUNS.get(names[-1], 'a type')}. {listed}{guess(written_as(value), known)}"


def _unknown(owner: type[BaseModel] | None, key: str) -> str:
    known = list(keys_of(owner)) if owner else []
    if owner is PerModel and key in Config.model_fields:
        return "set once for the whole process, not for one model. Move it to the top of the file"
    if close := guess(key, known):
        return _UNKNOWN + close
    return f"{_UNKNOWN}. Known here: {', '.join(known)}"


def without_echo(found: Sequence[tuple[Location, str]]) -> list[tuple[Location, str]]:
    """Return the mistakes without a key that is called missing only because its name is misspelt."""
    misspelt = {(where[:-1], words) for where, words in found if words.startswith(_UNKNOWN)}
    return [
        (where, words)
        for where, words in found
        if not (words.startswith("missing") and (where[:-1], _UNKNOWN + meant(str(where[-1]))) in misspelt)
    ]


def _scrubbed(words: str, put: Mapping[str, str]) -> str:
    """Return a validator's words with every value that a substitution put in shown as it was written."""
    for value in sorted(put, key=len, reverse=True):
        if len(value) < _SHORTEST_SCRUBBED:
            continue
        for form in {value, repr(value)[1:-1], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}:
            words = words.replace(form, put[value])
    return plain(words, _LONGEST_WORDS)
