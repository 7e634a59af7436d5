"""One name for everything that a tally depends on besides the records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from monitor import __version__
from monitor.config.config import Config
from monitor.counting.sampling import fingerprint_of, key_of
from monitor.watched import Watched


def counting_digest(config: Config, models: Sequence[Watched], partitions: int) -> str:
    """Return it: processes whose names differ must not add up what they count.

    Nor must those of another group, who go on elsewhere, or who look for models in other partitions of the tallies.
    """
    about = {
        "build": __version__,
        "group": config.group,
        "partitions": partitions,
        "slot": config.slot,
        "allowed_lateness": config.allowed_lateness,
        "format": config.format.model_dump(mode="json"),
        "topics": sorted(getattr(config.source, "topics", ())),
        "labels": _of_labels(config),
        "show": list(config.privacy.show),
        "answers": list(answers.topics) if (answers := config.answers_source()) else [],
        "ids": _fingerprint(config),
        "models": {model.name: _of_model(model) for model in models},
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]


def _of_model(model: Watched) -> dict[str, object]:
    settings = model.settings
    return {
        "reference": model.reference.digest,
        "cells": model.layout.total,
        "detectors": [detector.model_dump(mode="json") for detector in settings.detectors],
        "features": {name: feature.model_dump(mode="json") for name, feature in settings.features.items()},
        "beside": {name: layout.total for name, layout in model.layouts.items()},
        "questions": sorted(settings.shadow.questions) if settings.shadow else [],
    }


def _fingerprint(config: Config) -> str:
    """Return what tells one key that ids are hashed under from another, and nothing of either."""
    key = config.privacy.hash_key
    return "" if key is None else fingerprint_of(key_of(key.get_secret_value().encode()))


def _of_labels(config: Config) -> dict[str, object] | None:
    labels = config.labels
    if labels is None:
        return None
    about = labels.model_dump(include={"wait", "share", "max_pending"})
    return {**about, "topics": sorted(getattr(labels.source, "topics", ()))}
