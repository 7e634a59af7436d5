"""Those who say a word while the monitor runs: their log is read each turn, like any source."""

from __future__ import annotations

from pathlib import Path

import structlog

from monitor.parts import Now, Observer
from monitor.pipeline import Pipeline
from monitor.state.operator_log import heard
from monitor.types import Word
from monitor.watched import Watched

log = structlog.get_logger()


class Operators(Observer):
    """Hands each model what operators said about it. How far was read is remembered with the model.

    Parameters
    ----------
    folder : Path
        The `state_dir` where the log is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unreadable = False

    def turned(self, pipeline: Pipeline, now: Now) -> None:
        """Read on."""
        for model in pipeline.parts.models:
            for word in self._heard(model):
                news = model.hear(word, pipeline.parts.partitions.trails)
                pipeline.parts.outbox.put(model.name, news)
                log.info("operator's word", word=word.word, run=word.run_id, by=word.by, model=model.name)

    def _heard(self, model: Watched) -> list[Word]:
        try:
            words, model.heard = heard(self.folder, model.heard)
        except OSError as error:
            if not self._unreadable:
                log.warning("operators' words cannot be read", folder=str(self.folder), why=error.strerror)
            self._unreadable = True
            return []
        self._unreadable = False
        return [word for word in words if word.model == model.name]
