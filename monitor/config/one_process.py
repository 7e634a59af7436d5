"""What only one process can do: refused where several share the work, with the reason."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config.config import Config
from monitor.config.permodel import ModelSettings
from monitor.config.substitution import Location

_IN_ORDER = {
    "queries": "remembers what each caller sent, in order, over all partitions",
    "river": "sees records one by one, in order, over all partitions",
    "alibi": "sees records one by one, in order, over all partitions",
}
NO_KEY = (
    "needed with replicas and {what}: a secret of 16 characters or more, the same for all processes. Each would hash "
    "ids under a random one of its own"
)
LEARN = (
    "`learn` takes the first records that one process reads, and others read some of them. Build a reference: "
    "seawall reference build DATA"
)


def one_process(config: Config) -> Iterator[tuple[Location, str]]:
    """Yield what does not go with `replicas`, for the whole process; see `of_model` for the rest."""
    if config.replicas is None:
        return
    if config.source.type != "kafka":
        yield ("replicas",), "several processes share the partitions of topics; a file has one. Remove replicas"
    if config.privacy.hash_key is None and any(model.shadow for model in config.models_resolved().values()):
        yield ("privacy", "hash_key"), NO_KEY.format(what="shadow")
    if config.labels is not None and config.labels.source.type != "kafka":
        yield ("labels", "source"), "several processes share the partitions of topics; a file has one. Remove replicas"
    if config.labels is not None and config.privacy.hash_key is None:
        yield ("privacy", "hash_key"), NO_KEY.format(what="labels")
    if config.format.type == "kserve":
        words = "a request and its response may lie in different partitions, and one process joins them"
        yield ("format",), f"{words}. Remove replicas"


def of_model(config: Config, model: ModelSettings) -> Iterator[tuple[str, str]]:
    """Yield by key what of one model does not go with `replicas`."""
    if config.replicas is None:
        return
    for detector in model.detectors:
        if words := _IN_ORDER.get(detector.type):
            yield "detectors", f"{detector.type} {words}: it needs one process. Remove it, or replicas"
    if model.reference.learn is not None:
        yield "reference", LEARN
