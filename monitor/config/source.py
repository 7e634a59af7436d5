"""`source`: where the records come from, a Kafka topic or a file."""

from __future__ import annotations

import re
from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, WithJsonSchema, field_validator

from monitor.config.durations import parse_time
from monitor.config.section import Section, is_unfilled, left_unset
from monitor.lean import import_kafka
from monitor.types import Source

if TYPE_CHECKING:
    from monitor.sources.kafka_shared import SharedReader

Start = Literal["earliest", "latest"] | int
"""`earliest`, `latest`, or milliseconds since 1970."""

ADDRESSES_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
)

_NAME = re.compile(r"[A-Za-z0-9._-]{1,249}")
_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>\d{1,5})")


def addresses(value: Any) -> Any:
    """Return one address or more as a tuple of `host:port`; ValueError, fit for a person, otherwise."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise ValueError('write "host:port", or a list of them')
    if not value:
        raise ValueError("name at least one broker: host:port")
    for address in value:
        found = _ADDRESS.fullmatch(address)
        if found is None or not 0 < int(found["port"]) < 65536:
            raise ValueError(f'"{address}" is not an address. Write host:port, for example localhost:9092')
    return tuple(value)


def topic_name(value: Any) -> str:
    """Return what can name a topic; ValueError, fit for a person, otherwise."""
    if not isinstance(value, str) or not _NAME.fullmatch(value) or value in {".", ".."}:
        raise ValueError(f'"{value}" is not a topic name: letters, digits, ".", "_" and "-", at most 249 of them')
    return value


def _topics(value: Any) -> Any:
    if not isinstance(value, list | tuple) or not value:
        shown = value if isinstance(value, str) and _NAME.fullmatch(value) else "inference"
        raise ValueError(f"write a list of topic names: topics: [{shown}]")
    for topic in value:
        topic_name(topic)
    if len(set(value)) < len(value):
        raise ValueError("a topic is named twice")
    return tuple(value)


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _start(value: Any) -> Any:
    if value in ("earliest", "latest"):
        return value
    try:
        return parse_time(str(value))
    except ValueError as why:
        raise ValueError(f"{why}, or earliest, or latest") from None


CONNECTION = (
    "bootstrap_servers",
    "security_protocol",
    "ssl_cafile",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_password",
    "ssl_check_hostname",
    "sasl_mechanism",
    "sasl_username",
    "sasl_password",
)
"""The keys that say how to reach the brokers."""


class KafkaSource(Section):
    """Topics of a Kafka cluster, read as a member of a consumer group."""

    type: Literal["kafka"] = Field(description="Read Kafka topics.")
    bootstrap_servers: Annotated[
        tuple[str, ...],
        BeforeValidator(addresses),
        ADDRESSES_SCHEMA,
    ] = Field(description='"host:port" of one broker or more; the others are learnt from them.')
    topics: Annotated[tuple[str, ...], BeforeValidator(_topics)] = Field(
        description="The topics to read, a list. Seawall never creates one."
    )
    group_id: str | None = Field(
        default=None, min_length=1, description="Consumer group. `seawall-<model>` where it is not given."
    )
    group_instance_id: str | None = Field(
        default=None,
        description="A name for this process that outlives it (static membership): no rebalance at a restart. "
        "Each process of the group needs its own.",
    )
    start: Annotated[Start, BeforeValidator(_start), WithJsonSchema({"type": "string", "default": "earliest"})] = Field(
        default="earliest",
        description="Where to begin when nothing is remembered or committed: earliest, latest, or a time (RFC 3339). "
        "Partitions added later begin at earliest.",
    )
    transport: Literal["kafka-python", "confluent"] = Field(
        default="kafka-python", description="Client library. This build carries out kafka-python only."
    )
    security_protocol: Annotated[Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], BeforeValidator(_upper)] = (
        Field(default="PLAINTEXT", description="How to talk to the brokers.")
    )
    ssl_cafile: Path | None = Field(
        default=None, description="Certificates (PEM) that sign the brokers'. The system's where it is not given."
    )
    ssl_certfile: Path | None = Field(default=None, description="This client's certificate (PEM).")
    ssl_keyfile: Path | None = Field(default=None, description="Its private key (PEM), where not in ssl_certfile.")
    ssl_password: SecretStr | None = Field(default=None, description="Password of the private key.")
    ssl_check_hostname: bool = Field(default=True, description="Whether a broker's certificate must bear its name.")
    sasl_mechanism: Annotated[Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None, BeforeValidator(_upper)] = (
        Field(default=None, validate_default=True, description="How to log in, with SASL_PLAINTEXT or SASL_SSL.")
    )
    sasl_username: str | None = Field(default=None, validate_default=True, description="Who logs in.")
    sasl_password: SecretStr | None = Field(default=None, validate_default=True, description="The password to log in.")

    @field_validator("group_instance_id")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and (not _NAME.fullmatch(value) or value in {".", ".."}):
            raise ValueError(f'"{value}" is not a name: letters, digits, ".", "_" and "-", at most 249 of them')
        return value

    @field_validator("transport")
    @classmethod
    def _is_carried_out(cls, value: str) -> str:
        if value == "confluent":
            raise ValueError("confluent is not carried out by this build. Leave the key out, or write kafka-python")
        return value

    @field_validator("ssl_cafile", "ssl_certfile", "ssl_keyfile", "ssl_password")
    @classmethod
    def _has_use(cls, value: Path | SecretStr | None, info: ValidationInfo) -> Path | SecretStr | None:
        protocol = info.data.get("security_protocol", "SSL")
        if is_unfilled(protocol):
            return value
        if value is not None and protocol not in {"SSL", "SASL_SSL"}:
            raise ValueError(f"has no use with security_protocol {protocol}. Write SSL or SASL_SSL there")
        if info.field_name == "ssl_keyfile" and value is not None and info.data.get("ssl_certfile", "") is None:
            raise ValueError("a private key alone proves nothing. Give its ssl_certfile too")
        if isinstance(value, Path):
            folder = Path((info.context or {}).get("folder", "."))
            if not (folder / value).is_file():
                raise ValueError(f"there is no file {folder / value}")
        return value

    @field_validator("sasl_mechanism", "sasl_username", "sasl_password")
    @classmethod
    def _logs_in(cls, value: Any, info: ValidationInfo) -> Any:
        protocol = info.data.get("security_protocol")
        if is_unfilled(protocol):
            return value
        if protocol is not None and value is None and protocol.startswith("SASL"):
            raise ValueError(f"is needed with security_protocol {protocol}")
        if protocol is not None and value is not None and not protocol.startswith("SASL"):
            raise ValueError(f"has no use with security_protocol {protocol}. Write SASL_SSL or SASL_PLAINTEXT there")
        return value

    _unset = field_validator(*(name for name in __annotations__ if name != "type"), mode="wrap")(left_unset)

    def connection(self) -> dict[str, Any]:
        """Return how to reach the brokers, as keyword arguments of every kafka-python client. Holds secrets."""
        files = {"ssl_cafile": self.ssl_cafile, "ssl_certfile": self.ssl_certfile, "ssl_keyfile": self.ssl_keyfile}
        secrets = {"ssl_password": self.ssl_password, "sasl_plain_password": self.sasl_password}
        return {
            "bootstrap_servers": list(self.bootstrap_servers),
            "security_protocol": self.security_protocol,
            "ssl_check_hostname": self.ssl_check_hostname,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            **{key: path and str(path) for key, path in files.items()},
            **{key: secret and secret.get_secret_value() for key, secret in secrets.items()},
        }

    def build(self, model: str) -> Source:
        """Return the reader; nothing is connected before its `open`.

        Parameters
        ----------
        model : str
            Names the consumer group where the configuration does not.
        """
        import_kafka()  # before anybody else does
        from monitor.sources.kafka import KafkaReader

        return KafkaReader(
            self.connection(),
            topics=self.topics,
            group_id=self.group_id or f"seawall-{model}",
            group_instance_id=self.group_instance_id,
            start=self.start,
        )

    def build_shared(self, model: str) -> SharedReader:
        """Return a reader whose partitions come and go, several processes reading; see `build`."""
        import_kafka()
        from monitor.sources.kafka_shared import SharedReader

        return SharedReader(
            self.connection(),
            topics=self.topics,
            group_id=self.group_id or f"seawall-{model}",
            group_instance_id=self.group_instance_id,
            start=self.start,
        )


class FileSource(Section):
    """A file of records, read once."""

    type: Literal["file"] = Field(description="Read a file.")
    path: str = Field(
        min_length=1,
        description="`.jsonl` or `.csv`, each also `.gz`; `-` is standard input (JSON lines). "
        "Any other name is taken for JSON lines.",
    )
    rate: float = Field(
        default=100.0, gt=0, le=1_000_000, description="Records a second, from 1970, where a record has no time."
    )

    @field_validator("path")
    @classmethod
    def _can_be_read(cls, value: str) -> str:
        if value.removesuffix(".gz").endswith(".parquet"):
            raise ValueError("Parquet is not read by this build. Write the table as .csv or .jsonl")
        return value

    _unset = field_validator(*(name for name in __annotations__ if name != "type"), mode="wrap")(left_unset)

    def connection(self) -> dict[str, Any]:
        """Return how to reach the brokers of a file: there are none."""
        return {}

    def build(self, model: str, *, codes: Set[str] = frozenset()) -> Source:
        """Return the reader; the file is opened by its `open`. Of a table the cells of `codes` are texts."""
        from monitor.sources.file import FileReader

        return FileReader(self.path, rate=self.rate, codes=codes)
