"""A folder of reference versions: immutable, content-addressed, one of them promoted.

<folder>/<digest>/reference.json   schema, detectors, sample size, time range, design effects
<folder>/<digest>/counts.npz       count per cell
<folder>/<digest>/provenance.json  where it came from (not part of the digest)
<folder>/promotions.jsonl          who accepted which, when and why; the last line counts
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors import KINDS
from detectors.closeness import Closeness
from detectors.detector import Detector, Signal, constructor_fields
from detectors.sample import Accepted
from monitor.counting.tally import FLOW_CELLS, Layout
from monitor.errors import BadReference
from monitor.reference.schema import Schema

FORMAT = 1
ITSELF = "seawall"  # promotes what was learned from live traffic, and accepts nothing

_DIGEST = re.compile(r"[0-9a-f]{64}")
_DAMAGE = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, msgspec.MsgspecError),
)
"""What reading raises where files are not as they were written: a flipped bit can make a zip claim to be encrypted."""


@dataclass(frozen=True)
class Reference:
    """What was accepted.

    Attributes
    ----------
    model : str
    schema : Schema
    layout : Layout
        The detectors and where their cells stand.
    counts : int array (layout.total,)
        Reference records per cell.
    rows : int
        Usable records behind it.
    design_effects : dict
        By signal: by how much dependence in time shrinks the sample; 1 where none was found.
    first, last : int or None
        Time range in milliseconds, None where records had no time.
    provisional : bool
        Learned from live traffic; nobody accepted it.
    growing : tuple of str
        Signals whose design effect still grew with the block length: it is larger than these records can show.
    closeness : Closeness or None
        How close its inputs are to each other, where query attacks are to be told.
    accepted : Accepted or None
        Some of its records, where a detector compares with records.
    digest : str
        `sha256:…` of all of the above.
    """

    model: str
    schema: Schema
    layout: Layout
    counts: NDArray[np.int64]
    rows: int
    design_effects: dict[str, float]
    first: int | None
    last: int | None
    provisional: bool = False
    growing: tuple[str, ...] = ()
    closeness: Closeness | None = None
    accepted: Accepted | None = None

    @cached_property
    def signals(self) -> list[tuple[Signal, int]]:
        """Every signal, with the first cell of what it gathers."""
        return self.layout.signals(self.counts)

    @cached_property
    def digest(self) -> str:
        return "sha256:" + hashlib.sha256(self.document() + self.counts.astype("<i8").tobytes()).hexdigest()

    def part(self, wanted: Callable[[Detector], bool]) -> Reference:
        """Return what was accepted of some detectors alone."""
        chosen = [(d, at) for d, at in zip(self.layout.detectors, self.layout.starts, strict=True) if wanted(d)]
        counts = np.concatenate([self.counts[:FLOW_CELLS], *(self.counts[at : at + d.cells] for d, at in chosen)])
        return replace(self, layout=Layout([d for d, _ in chosen]), counts=counts)

    def document(self) -> bytes:
        """Return the JSON part, the same bytes for the same content."""
        return msgspec.json.format(
            msgspec.json.encode(
                {
                    "format": FORMAT,
                    "model": self.model,
                    "rows": self.rows,
                    "first": self.first,
                    "last": self.last,
                    "provisional": self.provisional,
                    "schema": self._schema_as_stored(),
                    "detectors": [constructor_fields(d) for d in self.layout.detectors],
                    "design_effects": dict(sorted(self.design_effects.items())),
                    **{name: own for name in ("growing", "closeness", "accepted") if (own := getattr(self, name))},
                }
            ),
            indent=1,
        )

    def _schema_as_stored(self) -> dict[str, Any]:
        """Return the schema as plain values; without labels it is written as before there were any."""
        plain: dict[str, Any] = msgspec.to_builtins(self.schema)
        if self.schema.label is None:
            del plain["label"]
        return plain


class Store:
    """The folder. Only `save` and `promote` write, each in one atomic step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, reference: Reference, provenance: dict[str, Any]) -> bool:
        """Write a version. Returns False where it is there already; its provenance then stays the first one.

        A version that was damaged is written anew.
        """
        target = self._path(reference.digest)
        if target.exists():
            if self._whole(reference.digest):
                return False
            shutil.rmtree(target)
        building = target.with_name(f".{target.name}.{os.getpid()}")
        building.mkdir(parents=True, exist_ok=True)
        (building / "reference.json").write_bytes(reference.document())
        arrays = io.BytesIO()
        np.savez_compressed(arrays, counts=reference.counts)
        (building / "counts.npz").write_bytes(arrays.getvalue())
        (building / "provenance.json").write_text(json.dumps(provenance, indent=1, sort_keys=True) + "\n")
        building.rename(target)
        return True

    def _whole(self, digest: str) -> bool:
        try:
            self.load(digest)
        except BadReference:
            return False
        return True

    def load(self, name: str) -> Reference:
        """Return a version by its digest or the beginning of it.

        Raises
        ------
        BadReference
            Where there is none, or several, or its content does not match its digest.
        """
        digest = self.find(name)
        folder = self._path(digest)
        try:
            document = json.loads((folder / "reference.json").read_bytes())
            with np.load(io.BytesIO((folder / "counts.npz").read_bytes()), allow_pickle=False) as arrays:
                counts = arrays["counts"].astype(np.int64)
            reference = _from_document(document, counts)
        except _DAMAGE as error:
            raise BadReference(
                f"reference {digest[:19]} in {self.folder} cannot be read ({error}). "
                "Build it again: seawall reference build DATA"
            ) from None
        if reference.digest != digest:
            raise BadReference(
                f"reference {digest[:19]} in {self.folder} was changed after it was built: "
                f"its content is {reference.digest[:19]}. Build it again: seawall reference build DATA"
            )
        return reference

    def find(self, name: str) -> str:
        """Return the whole digest for the beginning of one. Raises BadReference."""
        wanted = name.removeprefix("sha256:")
        found = [d for d in self.digests() if wanted and d.removeprefix("sha256:").startswith(wanted)]
        if len(found) == 1:
            return found[0]
        known = ", ".join(d[7:19] for d in self.digests()) or "none"
        what = "is not there" if not found else f"could be any of {len(found)}"
        raise BadReference(f'reference "{name}" {what}: {self.folder} has {known}')

    def digests(self) -> list[str]:
        """Return the versions there are, oldest first."""
        if not self.folder.is_dir():
            return []
        found = ["sha256:" + path.name for path in self.folder.iterdir() if _DIGEST.fullmatch(path.name)]
        return sorted(found, key=lambda digest: (str(self.provenance(digest).get("built", "")), digest))

    def provenance(self, digest: str) -> dict[str, Any]:
        """Return where a version came from; nothing where that is lost, because no verdict depends on it."""
        try:
            loaded = json.loads((self._path(digest) / "provenance.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return loaded if isinstance(loaded, dict) else {}

    def promote(self, digest: str, *, by: str, why: str, at: str) -> bool:
        """Make a version the accepted one. Returns False where it is already, and by somebody."""
        last = self.promotions()[-1:]
        if any(p["reference"] == digest and (p["by"] != ITSELF or by == ITSELF) for p in last):
            return False
        line = json.dumps({"reference": digest, "by": by, "why": why, "at": at}).encode() + b"\n"
        with (self.folder / "promotions.jsonl").open("ab+") as log:
            if log.tell() and os.pread(log.fileno(), 1, log.tell() - 1) != b"\n":
                line = b"\n" + line  # behind a line that a crash tore
            log.write(line)
            log.flush()
            os.fsync(log.fileno())
        return True

    def promotions(self) -> list[dict[str, str]]:
        """Return every promotion, oldest first; a line torn by a crash is left out."""
        path = self.folder / "promotions.jsonl"
        found = []
        for line in path.read_bytes().split(b"\n") if path.is_file() else []:
            with contextlib.suppress(ValueError, msgspec.MsgspecError):
                found.append(msgspec.json.decode(line, type=dict[str, str]))
        return [promotion for promotion in found if {"reference", "by", "why", "at"} <= promotion.keys()]

    def promoted(self) -> str | None:
        """Return the digest of the accepted version."""
        promotions = self.promotions()
        return promotions[-1]["reference"] if promotions else None

    def unaccepted(self, reference: Reference) -> bool:
        """Return whether nobody accepted a version: it was learned, and promoted by Seawall itself alone."""
        who = {p["by"] for p in self.promotions() if p["reference"] == reference.digest}
        return reference.provisional and who <= {ITSELF}

    def accepted(self) -> Reference:
        """Return the accepted version. Raises BadReference, with the command that helps."""
        digest = self.promoted()
        if digest is None and (digests := self.digests()):
            raise BadReference(f"no reference in {self.folder} is promoted. {look_and_accept(digests)}")
        if digest is None:
            raise BadReference(
                f"no reference in {self.folder}: nothing says what this model's traffic should look like. "
                'Build one from accepted records: seawall reference build DATA --promote --by YOU --why "…"'
            )
        return self.load(digest)

    def _path(self, digest: str) -> Path:
        return self.folder / digest.removeprefix("sha256:")


def look_and_accept(digests: Sequence[str]) -> str:
    """Return what to do where none of these versions is promoted: the newest is not always the right one."""
    name = digests[0][7:19] if len(digests) == 1 else "VERSION"
    look = f"seawall reference show {name}" if len(digests) == 1 else f"seawall reference list, then show {name}"
    return f'Look: {look}. Then accept it: seawall reference promote {name} --by YOU --why "…"'


def _from_document(document: dict[str, Any], counts: NDArray[np.int64]) -> Reference:
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']}, this build reads {FORMAT}")
    layout = Layout([_detector(d) for d in document["detectors"]])
    if counts.shape != (layout.total,):
        raise ValueError(f"{counts.shape} counts for {layout.total} cells")
    return Reference(
        model=document["model"],
        schema=msgspec.convert(document["schema"], Schema),
        layout=layout,
        counts=counts,
        rows=document["rows"],
        design_effects=document["design_effects"],
        first=document["first"],
        last=document["last"],
        provisional=document["provisional"],
        growing=tuple(document.get("growing", ())),
        closeness=msgspec.convert(document.get("closeness"), Closeness | None),
        accepted=msgspec.convert(document.get("accepted"), Accepted | None),
    )


def _detector(stored: dict[str, Any]) -> Detector:
    fields = {k: v for k, v in stored.items() if k != "kind"}
    return msgspec.convert(fields, KINDS[stored["kind"]])
