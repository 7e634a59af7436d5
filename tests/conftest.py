"""What tests in more than one folder share: a real Kafka, started once."""

from __future__ import annotations

import gc
import logging
import warnings
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
import structlog
from hypothesis import settings
from kafka_broker import Broker

from monitor import logs

with warnings.catch_warnings():
    # kafka-python 3.0.12 loads its schemas in a way that Python 3.11 deprecates and 3.13 does not.
    warnings.simplefilter("ignore", DeprecationWarning)
    import kafka  # noqa: F401 - loaded here once, where its warning is borne with


def pytest_configure(config: pytest.Config) -> None:
    """Bear with kafka-python 3.0.12, which leaves the sockets of failed connections to the garbage collector."""
    config.addinivalue_line("filterwarnings", "ignore:unclosed <s:ResourceWarning")


settings.register_profile("seawall", deadline=None)  # a busy machine is no broken promise
settings.load_profile("seawall")


def pytest_sessionfinish() -> None:
    """Let go of those sockets while their warnings are borne with: after the session they count as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Leave logging as it was: it is one for the whole process, and commands send it to where they were called."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.OURS}
    yield
    root.handlers[:], _ = handlers, root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A running Kafka of one node. A test that stops it has one of its own (`kafka_broker.Broker`)."""
    with Broker(tmp_path_factory.mktemp("kafka") / "cluster") as running:
        yield running


@pytest.fixture
def topic(broker: Broker) -> Callable[..., str]:
    """Return a function that creates a topic under a new name: `topic(partitions=4, cleanup_policy="compact")`."""

    def create(partitions: int = 1, **config: object) -> str:
        name = f"topic-{uuid4().hex[:12]}"
        broker.create_topic(name, partitions, **config)
        return name

    return create
