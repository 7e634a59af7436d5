"""What a process leaves behind, as tests compare it and take it away."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def forget(folder: Path) -> None:
    """Take away all that a process left behind."""
    for path in [*(folder / "state").iterdir(), *folder.glob("events.jsonl")]:
        path.unlink()


def plain(state: Any) -> Any:
    """Return remembered state as plain values, which compare."""
    if isinstance(state, dict):
        return {key: plain(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return [plain(value) for value in state]
    return state.tolist() if hasattr(state, "tolist") else state
