"""Which addresses may be called: of listed hosts, and of the public network alone where no other network is listed.

Whoever can name an address for the server to call could otherwise look around in the network that it stands in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from server.errors import Invalid
from server.settings import NOT_IN_ADDRESSES

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST = 500

_CARRYING = tuple(ip_network(each) for each in ("64:ff9b::/32", "2002::/16", "2001::/32", "::/96"))
"""Networks of IPv6 whose addresses lead on to one of IPv4, which is not looked at: none of them is called."""

_SITE_LOCAL = ip_network("fec0::/10")
"""Private once, and taken for public by the standard library; networks that still use it are no public ones."""


class Url(NamedTuple):
    """An address to call. host: its name in lower case, or an address. target: path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def host_header(self) -> str:
        """The host as a request names it: with its port where that is not the scheme's own."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == _PORTS[self.scheme] else f"{shown}:{self.port}"


_PORTS = {"http": 80, "https": 443}


class AddressRefused(Exception):
    """The address may not be called. message: why, for whoever looks after the receiver."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def parsed(url: str) -> Url:
    """Return an address in parts. Raises Invalid for what is none, holds a password, or is longer than ``LONGEST``."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port
        is_one = parts.scheme in _PORTS and host != "" and port != 0 and len(url) <= LONGEST
    except ValueError:  # brackets that hold no address, a port that is no number
        is_one = False
    if not is_one or any(mark in NOT_IN_ADDRESSES - {"?"} or not "!" <= mark <= "~" for mark in url):
        message = "接收地址应是完整网址，不带密码，如 https://dispatch.example.org/firegrid 。"
        raise Invalid(message, field="url")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Url(parts.scheme, host, port or _PORTS[parts.scheme], target)


def require_listed(url: Url, hosts: Collection[str]) -> None:
    """Do nothing for an address of a listed host. hosts: in lower case. Raises Invalid with the cure."""
    if url.host not in hosts:
        message = f"接收地址的主机 {url.host} 不在允许名单里；请在服务器上把它写进 FIREGRID_WEBHOOK_HOSTS，重启后再试。"
        raise Invalid(message, field="url", host=url.host)


def permitted(url: Url, resolved: Iterable[str], networks: Collection[Network]) -> str:
    """Return the one address to connect to, of those that a name stands for; nothing else is connected to.

    networks: that are allowed though they are no public ones. Raises AddressRefused where any of the addresses may not
    be called, or where a public one would be called without TLS.
    """
    found = [ip_address(each.partition("%")[0]) for each in resolved]
    if not found:
        raise AddressRefused(f"{url.host} 没有网络地址；请核对接收地址。")
    for each in found:
        is_listed = any(each.version == network.version and each in network for network in networks)
        if not is_listed and not _is_public(each):
            raise AddressRefused(
                f"{url.host} 指向内部地址 {each}，没有调用；确实要用，请把它的网段写进 FIREGRID_WEBHOOK_NETWORKS。"
            )
        if not is_listed and url.scheme != "https":
            raise AddressRefused(f"{url.host} 在公网上，接收地址应为 https。")
    return str(found[0])


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if any(address in network for network in (*_CARRYING, _SITE_LOCAL)):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
