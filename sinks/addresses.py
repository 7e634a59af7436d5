"""Which addresses a configured host may stand for."""

from __future__ import annotations

import ipaddress
import socket

from monitor.errors import DeliveryError
from sinks.failures import no_answer

METADATA = ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
"""Addresses at which clouds hand out credentials, besides the link-local ones."""

CARRIERS = tuple(map(ipaddress.IPv6Network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48")))
"""Where the last four bytes are an IPv4 address: compatible ones (RFC 4291), NAT64 (RFC 6052, RFC 8215)."""


def addresses(host: str, port: int, destination: str = "the webhook") -> list[str]:
    """Resolve a host once, in the order to try.

    Loopback and private addresses are allowed, for the configuration names the host; link-local ones, where cloud
    machines find their credentials, never are.

    Raises
    ------
    DeliveryError
        The name does not resolve (to be tried again), or one of its addresses is not allowed.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise no_answer(destination, error) from None
    texts = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if any(_forbidden(text) for text in texts):
        raise DeliveryError(
            f"{destination}'s host is a link-local or metadata address, where nothing is sent", retryable=False
        )
    return texts


def _forbidden(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    inner = _inside(address) if isinstance(address, ipaddress.IPv6Address) else []
    return any(map(_unusable, [address, *inner]))


def _unusable(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    unusable = address.is_link_local or address.is_multicast or address.is_unspecified
    return unusable or str(address) in METADATA


def _inside(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses that an IPv6 one stands for, or is carried by."""
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in CARRIERS) and int(address) > 1:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in found if each is not None]
