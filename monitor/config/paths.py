"""Paths in the configuration: relative to its file, `{model}` standing for a model's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

PLACEHOLDER = "{model}"

_M = TypeVar("_M", bound=BaseModel)


def _each_path(value: Any, change: Callable[[Path], Path]) -> Any:
    """Return `value` with every Path inside changed; the same object where nothing changes."""
    if isinstance(value, Path):
        return change(value)
    if isinstance(value, tuple | list):
        items = [_each_path(item, change) for item in value]
        return type(value)(items) if any(a is not b for a, b in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        changed = {key: _each_path(item, change) for key, item in value.items()}
        return changed if any(changed[key] is not item for key, item in value.items()) else value
    return _in_model(value, change) if isinstance(value, BaseModel) else value


def _in_model(section: _M, change: Callable[[Path], Path]) -> _M:
    update = {}
    for name in type(section).model_fields:
        old = getattr(section, name)
        new = _each_path(old, change)
        if new is not old:
            update[name] = new
    return section.model_copy(update=update) if update else section


def absolute(section: _M, folder: Path) -> _M:
    """Return the section with every relative path standing in `folder`."""
    return _in_model(section, lambda path: path if path.is_absolute() else folder / path)


def named(section: _M, model: str) -> _M:
    """Return the section with `model` put into every path that has a place for it."""
    return _in_model(section, lambda path: Path(str(path).replace(PLACEHOLDER, model)) if has_place(path) else path)


def has_place(path: Path) -> bool:
    """Return whether `{model}` stands in the path."""
    return PLACEHOLDER in str(path)


def fits_a_path(model: str) -> bool:
    """Return whether the name can be part of a path without leaving its folder."""
    return model not in {".", ".."} and not set(model) & set("/\\\0")


def folders_at_place(path: Path) -> list[str]:
    """Return the names of the folders that stand where the path has `{model}` for a whole part, sorted."""
    parts = path.parts
    parent = Path(*parts[: parts.index(PLACEHOLDER)])
    if not parent.is_dir():
        return []
    return sorted(entry.name for entry in parent.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def paths_in(value: Any) -> list[Path]:
    """Return every path that the section, list or map holds."""
    found: list[Path] = []

    def note(path: Path) -> Path:
        found.append(path)
        return path

    _each_path(value, note)
    return found
