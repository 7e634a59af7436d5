"""A stand-in for what trains models: keeps what a retraining is started with."""

from __future__ import annotations

from pathlib import Path

import msgspec

from monitor.demo.stand_in import StandIn


class TrainerStandIn(StandIn):
    """Keeps each call as `retraining-1.json`, then `retraining-2.json`, and so on.

    Attributes
    ----------
    received : list of Path
    """

    path = "/train"

    def __init__(self, folder: Path) -> None:
        self.received: list[Path] = []
        super().__init__(folder)

    def keep(self, body: bytes) -> None:
        """Write what was posted, for people to read."""
        file = self.folder / f"retraining-{len(self.received) + 1}.json"
        file.write_bytes(msgspec.json.format(body, indent=2) + b"\n")
        self.received.append(file)
