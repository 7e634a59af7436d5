"""A POST to the host that the configuration names, and to no other: no redirects, its name resolved once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pydantic import SecretStr

from sinks.addresses import addresses
from sinks.deadline import bounded, within
from sinks.failures import no_answer

if TYPE_CHECKING:
    import httpx

TIMEOUT = 15.0


class Answer(NamedTuple):
    """What came back; of the body as much as was asked for."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Poster:
    """Posts to one URL, which is a secret, for many carry a token.

    Attributes
    ----------
    destination : str
        What errors call it.
    proxied : bool
        Whether a proxy resolves the name.
    """

    destination: str
    url: SecretStr
    client: httpx.Client
    proxied: bool = False

    def post(self, body: bytes, headers: Mapping[str, str], *, look: int = 0) -> Answer:
        """Post to the first address of the host that can be connected to; read `look` bytes of the answer.

        They are as they came, not unpacked. Each address has `TIMEOUT` seconds for everything.

        Raises
        ------
        DeliveryError
            Where nobody answers, or the address is not allowed.
        """
        import httpx

        url = httpx.URL(self.url.get_secret_value())
        failed: Exception | None = None
        for address in self._addresses(url):
            try:
                with (
                    within(TIMEOUT),
                    self.client.stream(
                        "POST",
                        url.copy_with(host=address),
                        content=body,
                        headers={"accept-encoding": "identity", **headers, "host": url.netloc.decode()},
                        extensions={"sni_hostname": url.host},
                    ) as response,
                ):
                    beginning = next(response.iter_raw(look), b"") if look else b""
                    return Answer(response.status_code, dict(response.headers), beginning)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
            except (httpx.HTTPError, OSError) as error:
                raise no_answer(self.destination, error) from None
        raise no_answer(self.destination, failed or OSError()) from None

    def _addresses(self, url: httpx.URL) -> Sequence[str]:
        return [url.host] if self.proxied else addresses(url.host, url.port or {"https": 443}.get(url.scheme, 80))

    def close(self) -> None:
        """Close connections."""
        self.client.close()


def poster(destination: str, url: SecretStr, proxy: str | None = None) -> Poster:
    """Return what posts to a URL; it follows no redirect, logs no URL, and asks no proxy but the one given."""
    import logging

    import httpx

    logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it logs every URL
    transport = bounded(httpx.HTTPTransport(proxy=proxy))
    client = httpx.Client(transport=transport, trust_env=False, timeout=TIMEOUT, follow_redirects=False)
    return Poster(destination, url, client, proxied=proxy is not None)
