"""Snapshots of earlier builds, brought up to this one a version at a time.

Where a build remembers something else than the one before, `VERSION` grows by one and a step is added here, which is
then never changed. A snapshot of each version is stored with the tests, which go on from it. Where judging itself has
changed so much that nothing could go on, a step raises SnapshotError and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from monitor import __version__
from monitor.errors import SnapshotError
from monitor.state.snapshot import understood

VERSION = 2

Content = dict[str, Any]


def _from_1(content: Content) -> Content:
    """Name the build; hold what was left out where there was none of it."""
    return {"sides": {}, "trails": [], "waiting": [], "written": {}, "build": None} | content


STEPS: Mapping[int, Callable[[Content], Content]] = {1: _from_1}
"""By version: what makes the next one of it."""


def migrated(content: Content, path: Path) -> Content:
    """Return the content as this build reads it.

    Raises
    ------
    SnapshotError
        Where a later build wrote it; ForeignSnapshot, where it is not what its version says.
    """
    with understood(path):
        version = content["version"]
        if version > VERSION:
            build = content.get("build", "?")
            raise SnapshotError(
                f"{path} was written by a later build, Seawall {build} (snapshot version {version}; this one, "
                f"{__version__}, reads up to {VERSION}). Run that build, or forget what it counted: seawall state reset"
            )
        while version < VERSION:
            content = STEPS[version](content)
            version += 1
    return content | {"version": VERSION}
