"""Halves of pairs on their way from those who count to those who join, and the markers behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from monitor.config.config import Config
from monitor.counting.handover import partition_of
from monitor.counting.sampling import fingerprint_of, key_of
from monitor.labels.handed import Queue, encode
from monitor.labels.rows import ANY_MODEL
from monitor.replicas.log import Entry


class HalvesOut:
    """What one pipeline has to hand over.

    Parameters
    ----------
    topic, partitions
        The topic of halves, and how many partitions it has.
    models : sequence of str
        Those of which labels tell something. Their halves lie where their tallies do.
    """

    def __init__(self, topic: str, partitions: int, models: Sequence[str], queue: Queue) -> None:
        self.topic = topic
        self.queue = queue
        places = {model: partition_of(model, partitions) for model in models}
        self._places: Mapping[str, list[int]] = {
            ANY_MODEL: sorted(set(places.values())),
            **{model: [number] for model, number in places.items()},
        }

    def entries(self) -> Iterator[Entry]:
        """Yield all that waits; labels that name no model go to whoever may have predicted."""
        for message in self.queue.messages():
            for number in self._places.get(message.model, ()):
                yield Entry(self.topic, number, message.model.encode(), encode(message))


def hash_key(config: Config) -> bytes:
    """Return the key under which every process hashes ids."""
    secret = config.privacy.hash_key
    return key_of(b"" if secret is None else secret.get_secret_value().encode())


def under(config: Config) -> str:
    """Return what two processes must share whose halves go together, as of `Waiting`."""
    return f"{fingerprint_of(hash_key(config))}/{config.slot}"
