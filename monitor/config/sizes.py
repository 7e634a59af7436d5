"""Sizes in bytes, as Kubernetes writes them: `512Mi`, `1.5Gi`, `512M`, or a plain number."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from monitor.config.section import EMPTY

LEAST = 128 << 20
"""An idle monitor takes 80 MB."""

UNITS = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}

_QUANTITY = re.compile(r"(\d{1,18})(?:\.(\d{1,3}))? ?([A-Za-z]*?)B?", re.ASCII)


def parse_size(text: str) -> int:
    """Return the bytes in `512Mi` (or `512MiB`), `1.5Gi`, `512M`, `536870912`; ValueError, fit for a person, else."""
    found = _QUANTITY.fullmatch(text.strip())
    if found is None or found[3] not in {"", *UNITS}:
        raise ValueError(f'"{text}" is not a size. Use a number and a unit, as Kubernetes does: 512Mi, 1Gi')
    fraction = found[2] or ""
    return int(found[1] + fraction) * UNITS.get(found[3], 1) // int("1" + "0" * len(fraction))


def format_size(size: int) -> str:
    """Return a size as it is told: `218Mi`."""
    return f"{size >> 20}Mi"


def _size(value: Any) -> int:
    written = isinstance(value, str | int) and not isinstance(value, bool)
    size = parse_size(str(value)) if written else None
    if size is None:
        raise ValueError(EMPTY if value is None else "write a size, such as 512Mi")
    if size < LEAST:
        raise ValueError(f'"{value}" is less than Seawall runs in. At least {format_size(LEAST)}')
    return size


Size = Annotated[
    int,
    PlainValidator(_size),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "examples": ["512Mi", "1Gi"]}, {"type": "integer", "minimum": LEAST}]}
    ),
]
"""Bytes, written as a number and a unit or as a number."""
