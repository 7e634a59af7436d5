"""What scorers say of single records: one line of JSON for each that is flagged, or for each that was scored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.config.verdicts import VerdictsSection
from monitor.counting.fold import Folded
from monitor.delivery.appended import AppendedFile, End
from monitor.formats.batch import Batch, Decoded
from monitor.incidents.incident import rfc3339
from monitor.parts import Observer
from monitor.types import Partition
from monitor.watched import Watched


class Verdicts(Observer):
    """Writes them on what counts, once each: not on what came late or twice, nor again after a restart.

    Parameters
    ----------
    models : sequence of Watched
        In the order of the decoder.
    ends : dict
        What `flush` returned before the last snapshot.
    instead : Path or None
        Where all of them go, instead of where the models' configuration says.
    """

    def __init__(
        self, models: Sequence[Watched], ends: Mapping[str, End | int] | None = None, instead: Path | None = None
    ) -> None:
        self.models = models
        self.sections = [
            VerdictsSection(path=instead, **_how(model)) if instead else model.settings.verdicts for model in models
        ]
        paths = sorted({section.path for section in self.sections if section})
        self.files = {path: AppendedFile(path, (ends or {}).get(str(path))) for path in paths}

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        """Write what was said of the block's records."""
        for index, (section, batch) in enumerate(zip(self.sections, decoded.batches, strict=True)):
            if section is not None and batch is not None:
                new = np.zeros(len(batch), dtype=bool)
                new[np.concatenate(folded.fresh.get(index, [np.zeros(0, dtype=np.int64)]))] = True
                new &= decoded.offsets[batch.rows] >= folded.done
                self.files[section.path].add(
                    [_line(said) for said in verdicts(batch, self.models[index].name, section, new)]
                )

    @property
    def full(self) -> bool:
        return any(file.full for file in self.files.values())

    def flush(self) -> Mapping[str, End]:
        """Make all that was written durable."""
        return {str(path): file.flush() for path, file in self.files.items()}

    def close(self) -> None:
        """Close the files."""
        for file in self.files.values():
            file.close()


def verdicts(batch: Batch, model: str, section: VerdictsSection, wanted: NDArray[np.bool_]) -> Iterator[dict[str, Any]]:
    """Yield the verdict on each wanted record of a batch that was binned, in its order.

    Of values nothing is said but their columns' names.
    """
    told: dict[int, dict[str, Any]] = {}
    flagged: set[int] = set()
    for name, scored in sorted(batch.scored.items()):
        chosen = scored.p <= section.level
        flagged |= set(scored.positions[chosen].tolist())
        for i, position in enumerate(scored.positions.tolist()):
            told.setdefault(position, {})[name] = (scored, i)
    for position in sorted(flagged if section.only == "flagged" else told):
        if wanted[position]:
            about = {"id": batch.ids[position], "time": rfc3339(int(batch.times[position])), "model": model}
            yield about | {name: _said(*scored) for name, scored in told[position].items()}


def _said(scored: Any, i: int) -> dict[str, Any]:
    return {
        "score": float(f"{scored.scores[i]:.6g}"),
        "p": float(f"{scored.p[i]:.6g}"),
        "features": list(scored.features(i)),
    }


def _line(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said).encode() + b"\n"


def _how(model: Watched) -> dict[str, Any]:
    """Return what of a model is written, wherever that is."""
    return model.settings.verdicts.model_dump(exclude={"path"}) if model.settings.verdicts else {}


def paths_of(models: Sequence[Watched]) -> list[Path]:
    """Return where `run` writes the models' verdicts."""
    return sorted({model.settings.verdicts.path for model in models if model.settings.verdicts})
