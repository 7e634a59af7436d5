"""Get hold of a KafkaConsumer without waiting for it, and let go of it in bounded time.

kafka-python's constructor waits for a broker, raises when none comes and then leaves its thread running; its `close`
may wait for a name server. Both are done on a thread of their own here.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import CoordinatorNotAvailableError, KafkaTimeoutError
from kafka.net.compat import KafkaNetClient

from monitor.errors import SourceError

ATTEMPT_MS = 10_000

SOON = {"bootstrap_timeout_ms": 5_000, "request_timeout_ms": 5_000}
"""For whoever asks once, and then again or not at all."""

_MANAGER_LOG = logging.getLogger("kafka.net.manager")

OURS: dict[str, Any] = {
    "client_id": "seawall",
    "partition_assignment_strategy": (CooperativeStickyAssignor,),
    "isolation_level": "read_committed",
    # What is remembered decides; an offset that is gone is refused, never quietly replaced.
    "auto_offset_reset": "none",
    # With auto-commit on, `close` takes 30 s when the broker is down.
    "enable_auto_commit": False,
    "allow_auto_create_topics": False,
    "max_poll_records": 4_000,  # bytes bound a poll before that where records are large: see kafka_portions
    "max_partition_fetch_bytes": 1 << 20,
    "fetch_max_bytes": 2 << 20,
    # The broker gathers what trickles in: four turns a second instead of one for every few records.
    "fetch_min_bytes": 1 << 18,
    "fetch_max_wait_ms": 250,
    "session_timeout_ms": 10_000,
    "heartbeat_interval_ms": 1_000,
    # New partitions are seen within this time, and a broker that came back is tried again.
    "metadata_max_age_ms": 10_000,
    "reconnect_backoff_max_ms": 5_000,
    "metrics_enabled": False,
    "bootstrap_timeout_ms": ATTEMPT_MS,
}


def connect(settings: Mapping[str, Any]) -> KafkaConsumer:
    """Return a consumer that knows its brokers. Waits up to `ATTEMPT_MS`; raises what kafka-python raises.

    Nothing is left behind when it fails, and a topic that is missing is not created by asking for it.
    """
    consumer = _made(KafkaConsumer, settings)
    # kafka-python 3.0.12 does not hand its own setting of this name on.
    consumer._cluster.config["allow_auto_create_topics"] = False
    return consumer


def administrator(settings: Mapping[str, Any]) -> KafkaAdminClient:
    """Return a client that makes and describes topics. Raises UnreachableError; nothing is left behind then."""
    try:
        return _made(KafkaAdminClient, settings)
    except Exception as why:
        raise UnreachableError(in_words(why)) from why


def _made(kind: Callable[..., Any], settings: Mapping[str, Any]) -> Any:
    _knock(settings["bootstrap_servers"])
    clients: list[KafkaNetClient] = []

    def client(**configs: Any) -> KafkaNetClient:
        clients.append(KafkaNetClient(**configs))
        return clients[-1]

    reasons = _Reasons()
    _MANAGER_LOG.addFilter(reasons)
    try:
        return kind(**settings, kafka_client=client)
    except BaseException as why:
        for left in clients:
            left.close()
            left._manager._net.stop()  # the administrator's has a thread
        if isinstance(why, KafkaTimeoutError):
            raise _NotKafkaError(f"it takes connections but does not answer as Kafka{reasons.last}") from None
        raise
    finally:
        _MANAGER_LOG.removeFilter(reasons)


class UnreachableError(OSError):
    """No broker answers."""

    def __init__(self, why: str) -> None:
        super().__init__(None, f"cannot be reached ({why})")


class _NotKafkaError(Exception):
    """Something listens, and that is all."""


class _Reasons(logging.Filter):
    """Overhears why bootstrapping fails: the exception in the end only says that it took too long."""

    last = ""

    def filter(self, record: logging.LogRecord) -> bool:
        for heard in record.args or ():
            reason = isinstance(heard, Exception) and not isinstance(heard, KafkaTimeoutError)
            # A broker also hangs up after it has said why.
            if reason and not (self.last and "disconnected" in str(heard)):
                self.last = f": {heard}"
        return True


class Connecting:
    """One attempt to connect, under way on a thread of its own."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._lock = threading.Lock()
        self._abandoned = False
        self._consumer: KafkaConsumer | None = None
        self._settings = settings
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="kafka-connect", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            consumer = connect(self._settings)
        except Exception as why:  # noqa: BLE001 - whatever it is, the reader decides
            self.failure = why
            return
        with self._lock:
            if not self._abandoned:
                self._consumer = consumer
                return
        let_go(consumer, 1.0)

    def wait(self, seconds: float) -> KafkaConsumer | None:
        """Return the consumer if it is there within `seconds`. `failure` says whether it will ever be."""
        self._thread.join(seconds)
        return None if self._thread.is_alive() else self._consumer

    def abandon(self) -> None:
        """Let the attempt end by itself and close what it brings."""
        with self._lock:
            self._abandoned = True
            consumer, self._consumer = self._consumer, None
        if consumer is not None:
            let_go(consumer, 1.0)


def let_go(consumer: KafkaConsumer, seconds: float) -> None:
    """Leave the group and close, within `seconds`: what takes longer goes on behind and dies with the process."""
    arguments = {"autocommit": False, "timeout_ms": int(seconds * 800)}
    thread = threading.Thread(target=_close, args=(consumer, arguments), name="kafka-close", daemon=True)
    thread.start()
    thread.join(seconds)


def _close(consumer: KafkaConsumer, arguments: dict[str, Any]) -> None:
    try:
        consumer.close(**arguments)
    except Exception:  # noqa: BLE001 - it is thrown away; the caller has nothing to mend
        return


def _knock(addresses: Sequence[str]) -> None:
    """Raise OSError at once where no address takes a connection: kafka-python would only say so in its log."""
    refused = OSError("no address")
    for address in addresses:
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
            return
        except OSError as why:
            refused = why
    raise refused


def in_words(why: Exception) -> str:
    """Return in a few words why there is no connection."""
    if isinstance(why, OSError) and why.strerror:
        return why.strerror.lower() if why.errno is not None else why.strerror  # without a number it is our sentence
    if isinstance(why, CoordinatorNotAvailableError):
        return "no broker coordinates the group at present"  # for seconds after a cluster's first start
    return str(why) or type(why).__name__


def check_certificates(connection: Mapping[str, Any]) -> None:
    """Raise SourceError where the certificates or the private key cannot be used."""
    if connection.get("security_protocol") not in {"SSL", "SASL_SSL"}:
        return
    context = ssl.create_default_context()
    # A function, as OpenSSL would otherwise ask for a missing password at the terminal.
    password = connection.get("ssl_password") or ""
    uses: dict[str, Callable[[str], None]] = {
        "ssl_cafile": context.load_verify_locations,
        "ssl_certfile": lambda file: context.load_cert_chain(file, connection.get("ssl_keyfile"), lambda: password),
    }
    for key, use in uses.items():
        file = connection.get(key)
        try:
            if file is not None:
                use(file)
        except (OSError, ValueError) as why:
            words = getattr(why, "reason", None) or str(why)
            raise SourceError(f"source.{key}: {file} cannot be used: {words}") from None
