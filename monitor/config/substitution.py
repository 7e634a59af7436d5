"""`${NAME}` and `${file:/path}`: the only substitutions in a configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from monitor.config.document import DEEPEST, MOST_VALUES

Location = tuple[str | int, ...]

LARGEST_SECRET = 1 << 16
_PLACE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Substituted(str):
    """Text that came from outside the file. `written` is what the file says: the only part fit to be shown."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, value: str, written: str) -> Self:
        """Return `value`, remembering how it was written."""
        made = super().__new__(cls, value)
        made.written = written
        return made


class Substitution:
    """Puts values in the place of `${…}`, and remembers what it put where.

    Attributes
    ----------
    missing : dict[Location, str]
        Where a value could not be had, and why, in words. The text stays there as it was written.
    put : dict[str, str]
        Every value that was put in, and how it was written.
    """

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self.missing: dict[Location, str] = {}
        self.put: dict[str, str] = {}
        self._environ = environ
        self._folder = folder
        self._values = 0

    def apply(self, value: Any, where: Location = ()) -> Any:
        """Return `value` with every place in its texts filled; ValueError if it is too deep or too large."""
        self._values += 1
        if len(where) > DEEPEST or self._values > MOST_VALUES:
            raise ValueError("nested too deeply, or repeated too often by aliases")
        if isinstance(value, dict):
            return {key: self.apply(item, (*where, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.apply(item, (*where, index)) for index, item in enumerate(value)]
        return self._fill(value, where) if isinstance(value, str) and "${" in value else value

    def _fill(self, written: str, where: Location) -> str:
        try:
            filled = _PLACE.sub(lambda place: self._one(place[0], place[1]), written)
        except ValueError as why:
            self.missing[where] = str(why)
            return written
        if filled == written:
            return written
        if filled:
            self.put[filled] = written
        return Substituted(filled, written)

    def _one(self, place: str, what: str) -> str:
        if what.startswith("file:"):
            value = self._file(place, what.removeprefix("file:"))
        elif not _NAME.fullmatch(what):
            raise ValueError(f"{place} is not a substitution. There are two: ${{NAME}} and ${{file:/path}}")
        elif what not in self._environ:
            raise ValueError(f"the environment variable {what} is not set")
        else:
            value = self._environ[what]
        if value:
            self.put[value] = place
        return value

    def _file(self, place: str, name: str) -> str:
        path = self._folder / name
        try:
            with path.open("rb") as file:
                raw = file.read(LARGEST_SECRET + 1)  # /dev/zero has no end
            if len(raw) > LARGEST_SECRET:
                raise ValueError(f"{place}: the file is larger than {LARGEST_SECRET:,} bytes")
            return raw.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise ValueError(f"{place}: the file is not UTF-8 text") from None
        except OSError as why:
            raise ValueError(f"{place}: {path} cannot be read: {why.strerror}") from None
