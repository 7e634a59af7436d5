"""How much memory this process takes, and how much it may take."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
from collections.abc import Iterator
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
UNLIMITED = 1 << 60
"""Version 1 of cgroups has a number for no limit, close to the largest there is."""

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # as glibc's malloc.h numbers them


def resident() -> int | None:
    """Return the bytes of this process that are in memory now; None where the system does not say (not Linux).

    What the kernel holds against a cgroup's limit is a little more (sockets, its own tables) and the page cache, which
    it gives up before it kills; files mapped from the disk are in both.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def cgroup_limit(groups: Path = GROUPS, own: Path = Path("/proc/self/cgroup")) -> int | None:
    """Return the bytes that this process's cgroups allow it, the smallest of all above it; None where none does."""
    try:
        memberships = [line.split(":", 2) for line in own.read_text().splitlines()]
    except OSError:
        return None
    limits: list[int] = []
    for _, controllers, path in (m for m in memberships if len(m) == 3):
        if not controllers:
            limits += _limits(groups, path, "memory.max")
        elif "memory" in controllers.split(","):
            limits += _limits(groups / "memory", path, "memory.limit_in_bytes")
    return min(limits, default=None)


def _limits(root: Path, path: str, name: str) -> Iterator[int]:
    """Yield the limits of a cgroup and of those above it. A container may see the host's path, and its own as root."""
    parts = [part for part in path.split("/") if part not in {"", ".."}]
    for depth in range(len(parts) + 1):
        with contextlib.suppress(OSError, ValueError):  # "max" is no limit, and no number
            limit = int(root.joinpath(*parts[:depth], name).read_text())
            if limit < UNLIMITED:
                yield limit


def give_back() -> None:
    """Let go of what nobody needs any more, and return it to the system."""
    gc.collect()
    trim()


def trim() -> None:
    """Return freed memory to the system, which the C library keeps otherwise (glibc only)."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def reuse() -> None:
    """Let the C library keep what one turn frees for the next (glibc only); by itself it gives it back each time.

    What is read in a turn comes in a few megabytes, and to be given them anew, page by page, is a twentieth of a busy
    monitor's time.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, 4 << 20)
        library.mallopt(M_TRIM_THRESHOLD, 8 << 20)
