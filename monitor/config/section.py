"""What every section of the configuration has in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, ValidatorFunctionWrapHandler
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

EMPTY = "empty. Give it a value, or remove the key"


class Section(BaseModel):
    """A part of the configuration: immutable, and strict about its keys.

    A field of type `Path` is relative to the configuration file; loading makes it absolute.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


def keys_of(section: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """Return the fields of a section by what the file calls them: `for` is no name that Python allows."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def left_unset(value: Any, check: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """Check a value, and leave as it is written what could not be filled and is not needed (see `loading.read`)."""
    try:
        return check(value)
    except ValueError:
        if not (info.context or {}).get("unfilled_is_fine"):
            raise
        if isinstance(value, str) and is_unfilled(value):
            return value if info.field_name not in _LISTS else (value,)
        if isinstance(value, list) and any(map(is_unfilled, value)):
            return tuple(map(str, value))
        raise


_LISTS = {"bootstrap_servers", "topics"}


def is_unfilled(value: Any) -> bool:
    """Return whether a text still has a place for something from outside."""
    return isinstance(value, str) and "${" in value


def mistakes(title: str, found: dict[str, tuple[str, Any]]) -> ValidationError:
    """Return the error that carries several mistakes of one value at once: key to (words, what was found)."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("words", "{words}", {"words": words}), loc=(key,) if key else (), input=value
        )
        for key, (words, value) in found.items()
    ]
    return ValidationError.from_exception_data(title, details)


def guess(found: str, known: Iterable[str]) -> str:
    """Return ". Did you mean …?" where one of the known words is close to what was found, else nothing."""
    import difflib

    close = difflib.get_close_matches(found.lower(), list(known), n=1)
    return meant(close[0]) if close else ""


def meant(word: str) -> str:
    """Return the end of a complaint that guesses what was meant."""
    return f". Did you mean {word}?"
