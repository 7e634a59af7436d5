"""Whether what is remembered is whole: both snapshots, and the files that they count on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from monitor.assembly import DEAD_LETTERS
from monitor.beside import check_sides
from monitor.config.config import Config
from monitor.delivery.appended import is_as_left
from monitor.errors import SnapshotError, TornSnapshot
from monitor.remembered import SNAPSHOT, check_fits, known
from monitor.shadow.answers import ANSWERS
from monitor.state import snapshot
from monitor.state.operator_log import FILE as WORDS
from monitor.state.snapshot import Found


def verified(config: Config) -> Iterator[str | SnapshotError]:
    """Yield what is well in a `state_dir`, and what is wrong."""
    path = config.state_dir / SNAPSHOT
    try:
        newest = snapshot.find(path)
    except SnapshotError as why:
        yield why
        return
    if newest is None:
        yield f"there is no snapshot at {path}"
        return
    if newest.instead:
        yield TornSnapshot(f"{newest.instead}: the next run goes on from {newest.path}, the one before it")
    for one in dict.fromkeys((newest.path, snapshot.previous(path))):
        try:
            if (content := snapshot.read(one)) is not None:
                saved = known(Found(one, content))
                yield f"{one} is whole"
                yield from _beside(saved, one)
                if one == newest.path:
                    check_fits(config, one, saved)
        except SnapshotError as why:
            yield why


def _beside(saved: Mapping[str, Any], path: Path) -> Iterator[str | SnapshotError]:
    """Yield what is wrong, or changed, of all that one snapshot counts on."""
    folder = path.parent
    try:
        check_sides(folder, saved["sides"], thoroughly=True)
    except SnapshotError as why:
        yield why
    yield from _answers(folder, saved)
    for file, end in {str(folder / DEAD_LETTERS): saved["dead_letters"], **saved["written"]}.items():
        if end is not None and not is_as_left(Path(file), end):
            yield f"{file} was changed since: a run leaves it alone, and goes on at its end"
    heard = max((model.get("heard", 0) for model in saved["models"].values()), default=0)
    if heard > _size(folder / WORDS):
        yield f"{folder / WORDS} was changed since: a run hears it from its beginning"


def _answers(folder: Path, saved: Mapping[str, Any]) -> Iterator[SnapshotError]:
    for topic, _, offset, *_ in saved["sides"].get("shadow", {}).get("partitions", []):
        if topic == ANSWERS and offset > _size(folder / ANSWERS):
            yield SnapshotError(
                f"{folder / ANSWERS} ends before {offset:,}, where reading should go on. Put it back, or forget what "
                "is remembered: seawall state reset"
            )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
