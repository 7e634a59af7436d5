"""What a process leaves behind, as tests compare it, harm it and take it away."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from monitor.state import snapshot


def forget(folder: Path) -> None:
    """Take away all that a process left behind."""
    for path in [*(folder / "state").iterdir(), *folder.glob("events.jsonl")]:
        path.unlink()


def harmed(path: Path, rng: Random) -> None:
    """Cut off the newest snapshot, turn a bit of it, or take it away, where there is one before it."""
    if not snapshot.previous(path).exists() or not path.exists():
        return
    whole = path.read_bytes()
    place = rng.randrange(len(whole))
    torn, turned = whole[:place], whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
    path.write_bytes(rng.choice([b"", torn, turned]))
    if rng.random() < 0.2:
        path.unlink()


def plain(state: Any) -> Any:
    """Return remembered state as plain values, which compare."""
    if isinstance(state, dict):
        return {key: plain(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return [plain(value) for value in state]
    return state.tolist() if hasattr(state, "tolist") else state
