"""One reference version, and its files: JSON and arrays, never a pickle."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors import KINDS, Scorer
from detectors.closeness import Closeness
from detectors.detector import Detector, Signal, array_fields, constructor_fields, fingerprint
from detectors.sample import Accepted
from monitor.counting.tally import FLOW_CELLS, Layout
from monitor.reference.contexts import Contexts, names_of
from monitor.reference.notes import Note
from monitor.reference.schema import Schema

FORMAT = 1

_SOMETIMES = ("growing", "closeness", "accepted", "within", "slot", "notes")

DAMAGE = (
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
    contexts : tuple of Contexts
        Where signals have a cycle: what was accepted in each part of it.
    within : dict of str to float
        Of signals that have a cycle: how far (Cohen's w) their law moves within a part of it, where it does.
    slot : int
        Milliseconds of the slots by whose beginnings contexts were told; 0 where there are none.
    notes : tuple of Note
        What building it noticed, and its counts do not show.
    part_of : str or None
        Where detectors were left out: the digest of the whole.
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
    contexts: tuple[Contexts, ...] = ()
    within: Mapping[str, float] = field(default_factory=dict)
    slot: int = 0
    notes: tuple[Note, ...] = ()
    part_of: str | None = None

    @cached_property
    def signals(self) -> list[tuple[Signal, int]]:
        """Every signal, with the first cell of what it gathers."""
        return self.layout.signals(self.counts)

    @cached_property
    def digest(self) -> str:
        return (
            self.part_of
            or "sha256:"
            + hashlib.sha256(
                self.document() + b"".join(a.astype("<i8").tobytes() for a in self.counted().values())
            ).hexdigest()
        )

    def counted(self) -> dict[str, NDArray[np.int64]]:
        """Return what is counted, by name."""
        found = {"counts": self.counts}
        for each in self.contexts:
            found |= each.counted()
        return found

    @property
    def scorers(self) -> dict[str, Scorer]:
        """The scorers of single records, by kind."""
        return {detector.kind: detector for detector in self.layout.detectors if isinstance(detector, Scorer)}

    def counts_of(self, detector: Detector) -> NDArray[np.int64]:
        """Return the reference records per cell of one of its detectors."""
        start = self.layout.starts[self.layout.detectors.index(detector)]
        return self.counts[start : start + detector.cells]

    def part(self, wanted: Callable[[Detector], bool]) -> Reference:
        """Return what was accepted of some detectors alone; its digest is that of the whole."""
        places = [(d, at) for d, at in zip(self.layout.detectors, self.layout.starts, strict=True) if wanted(d)]
        cells = np.concatenate([np.arange(FLOW_CELLS), *(np.arange(at, at + d.cells) for d, at in places)])
        contexts = tuple(each.mapped(lambda own: own[:, cells]) for each in self.contexts)
        layout = Layout([detector for detector, _ in places])
        return replace(self, layout=layout, counts=self.counts[cells], contexts=contexts, part_of=self.digest)

    def extended(
        self, detectors: Sequence[Detector], counts: NDArray[np.int64], effects: Mapping[str, float]
    ) -> Reference:
        """Return the reference with more detectors, which know no contexts."""
        none = tuple(c.mapped(lambda own: np.pad(own, ((0, 0), (0, len(counts))))) for c in self.contexts)
        return replace(
            self,
            layout=Layout([*self.layout.detectors, *detectors]),
            counts=np.concatenate([self.counts, counts]),
            design_effects={**self.design_effects, **effects},
            contexts=none,
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of detectors, by the detector's position and the field's name."""
        return {
            f"{position}.{name}": getattr(detector, name)
            for position, detector in enumerate(self.layout.detectors)
            for name in array_fields(type(detector))
        }

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
                    **{name: own for name in _SOMETIMES if (own := getattr(self, name))},
                    **({"contexts": {c.by: c.signals for c in self.contexts}} if self.contexts else {}),
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


def write(reference: Reference, folder: Path) -> None:
    """Write the files that hold the content of a version."""
    (folder / "reference.json").write_bytes(reference.document())
    _pack(folder / "counts.npz", reference.counted())
    if arrays := reference.arrays():
        _pack(folder / "arrays.npz", arrays)


def read(folder: Path) -> Reference:
    """Return what the files hold. Raises one of `DAMAGE` where they are not as they were written."""
    document = json.loads((folder / "reference.json").read_bytes())
    counts = {name: found.astype(np.int64) for name, found in _unpacked(folder / "counts.npz").items()}
    fitted = any(array_fields(KINDS[stored["kind"]]) for stored in document["detectors"])
    return _from_document(document, counts, _unpacked(folder / "arrays.npz") if fitted else {})


def _pack(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type] # no array is called allow_pickle
    path.write_bytes(packed.getvalue())


def _unpacked(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
        return dict(arrays)


def _from_document(
    document: dict[str, Any], counts: Mapping[str, NDArray[np.int64]], arrays: Mapping[str, NDArray[Any]]
) -> Reference:
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']}, this build reads {FORMAT}")
    layout = Layout([_detector(d, position, arrays) for position, d in enumerate(document["detectors"])])
    signals = {by: tuple(own) for by, own in document.get("contexts", {}).items()}
    names = {by: names_of(by, layout) for by in signals}
    shapes = {"counts": (layout.total,), **{by: (len(own), layout.total) for by, own in names.items()}}
    shapes |= {name: shapes[by] for by in names if (name := f"{by}.choosing") in counts}
    if (found := {name: each.shape for name, each in counts.items()}) != shapes:
        raise ValueError(f"counts of {found} for cells of {shapes}")
    return Reference(
        model=document["model"],
        schema=msgspec.convert(document["schema"], Schema),
        layout=layout,
        counts=counts["counts"],
        rows=document["rows"],
        design_effects=document["design_effects"],
        first=document["first"],
        last=document["last"],
        provisional=document["provisional"],
        growing=tuple(document.get("growing", ())),
        closeness=msgspec.convert(document.get("closeness"), Closeness | None),
        accepted=msgspec.convert(document.get("accepted"), Accepted | None),
        contexts=tuple(
            Contexts(by, names[by], own, counts[by], counts.get(f"{by}.choosing")) for by, own in signals.items()
        ),
        within=document.get("within", {}),
        slot=document.get("slot", 0),
        notes=msgspec.convert(document.get("notes", ()), tuple[Note, ...]),
    )


def _detector(stored: dict[str, Any], position: int, arrays: Mapping[str, NDArray[Any]]) -> Detector:
    kind = KINDS[stored["kind"]]
    fitted = {name: arrays[f"{position}.{name}"] for name in array_fields(kind)}
    if fitted and fingerprint(*fitted.values()) != stored["fingerprint"]:
        raise ValueError(f"the arrays of {stored['kind']} are not those it was fitted with")
    return msgspec.convert({k: v for k, v in stored.items() if k != "kind"} | fitted, kind)
