"""`http`: where metrics, health and a list of them are served."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator

from monitor.config.section import Section, left_unset

_LISTEN = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9.-]*)):(?P<port>\d{1,5})", re.ASCII)


def _listen(value: str) -> str:
    found = _LISTEN.fullmatch(value)
    if found is None or int(found["port"]) > 65_535:
        raise ValueError(f'"{value}" is not an address to listen on. Use host:port, such as 127.0.0.1:9464')
    return value


class HttpSection(Section):
    """The HTTP endpoints; a plain string is the address to listen on."""

    listen: Annotated[str, AfterValidator(_listen)] = Field(
        default="127.0.0.1:9464",
        description="`host:port` of `/metrics`, `/healthz`, `/readyz` and `/`, a plain list of these. `0.0.0.0:9464` "
        "or `[::]:9464` listens on all addresses, as kubelet and Prometheus need.",
    )
    token: SecretStr | None = Field(
        default=None,
        min_length=8,
        description="A secret that `/` asks for beyond loopback (`Authorization: Bearer`, or `?token=`). "
        "Without one `/` stays closed there. Metrics and health never ask.",
    )

    _unset = field_validator("*", mode="wrap")(left_unset)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; an empty host stands for all addresses."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        host = self.address[0]
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


def _address_alone(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        words = f"{value} is not an address to listen on. Use host:port, such as 127.0.0.1:{value}"
        raise ValueError(words)  # noqa: TRY004 - pydantic collects ValueErrors only
    return {"listen": value} if isinstance(value, str) else value


Http = Annotated[HttpSection, BeforeValidator(_address_alone, json_schema_input_type=str | HttpSection)]
