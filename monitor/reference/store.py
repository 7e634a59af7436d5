"""A folder of reference versions: immutable, content-addressed, one of them promoted.

<folder>/<digest>/reference.json   schema, detectors, sample size, time range, design effects
<folder>/<digest>/counts.npz       count per cell
<folder>/<digest>/arrays.npz       what scorers of single records were fitted to, where there are any
<folder>/<digest>/provenance.json  where it came from (not part of the digest)
<folder>/promotions.jsonl          who accepted which, when and why; the last line counts
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from monitor.errors import BadReference, Damaged
from monitor.reference.version import DAMAGE, Reference, read, write

__all__ = ["ITSELF", "Reference", "Store", "look_and_accept"]

ITSELF = "seawall"  # promotes what was learned from live traffic, and accepts nothing

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Store:
    """The folder. Only `save` and `promote` write, each in one atomic step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, reference: Reference, provenance: dict[str, Any]) -> bool:
        """Write a version. Returns False where it is there already; its provenance then stays the first one.

        A version that was damaged is written anew.

        Raises
        ------
        Damaged
            Where what was written cannot be read back: then nothing is saved.
        """
        target = self._path(reference.digest)
        if target.exists() and self._whole(reference.digest):
            return False
        building = target.with_name(f".{target.name}.{os.getpid()}")
        building.mkdir(parents=True, exist_ok=True)
        write(reference, building)
        (building / "provenance.json").write_text(json.dumps(provenance, indent=1, sort_keys=True) + "\n")
        _read_back(building, reference.digest)
        if target.exists():
            shutil.rmtree(target)
        building.rename(target)
        return True

    def _whole(self, digest: str) -> bool:
        try:
            self.load(digest)
        except Damaged:
            return False
        return True

    def load(self, name: str) -> Reference:
        """Return a version by its digest or the beginning of it.

        Raises
        ------
        BadReference
            Where there is none, or several; `Damaged`, where its content does not match its digest.
        """
        digest = self.find(name)
        folder = self._path(digest)
        try:
            reference = read(folder)
        except DAMAGE as error:
            raise Damaged(
                f"reference {digest[:19]} in {self.folder} cannot be read ({error}). "
                "Build it again: seawall reference build DATA"
            ) from None
        if reference.digest != digest:
            raise Damaged(
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
        return next((promotion["reference"] for promotion in reversed(self.promotions())), None)

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
        try:
            self.find(digest)
        except BadReference as why:
            raise Damaged(f"{why}. It is the promoted one. Build it again: seawall reference build DATA") from None
        return self.load(digest)

    def _path(self, digest: str) -> Path:
        return self.folder / digest.removeprefix("sha256:")


def _read_back(folder: Path, digest: str) -> None:
    """Raise Damaged, and leave nothing behind, where a version that was just written cannot be read."""
    try:
        found = read(folder).digest
        why = "" if found == digest else f"its content is {found[:19]}"
    except DAMAGE as error:
        why = str(error) or type(error).__name__
    if why:
        shutil.rmtree(folder)
        raise Damaged(
            f"the reference could not be read back after it was written ({why}), so nothing was saved or promoted. "
            "If the disk is well, this is a mistake of Seawall's: please report it"
        )


def look_and_accept(digests: Sequence[str]) -> str:
    """Return what to do where none of these versions is promoted: the newest is not always the right one."""
    name = digests[0][7:19] if len(digests) == 1 else "VERSION"
    look = f"seawall reference show {name}" if len(digests) == 1 else f"seawall reference list, then show {name}"
    return f'Look: {look}. Then accept it: seawall reference promote {name} --by YOU --why "…"'
