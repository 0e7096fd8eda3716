"""Where deliveries may go: never into the operator's own network by a name that somebody else gave, unless allowed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeAlias

from domain.errors import InvalidInput

if TYPE_CHECKING:
    from httpx import URL  # a start without deliveries goes without it

IpAddress: TypeAlias = IPv4Address | IPv6Address
IpNetwork: TypeAlias = IPv4Network | IPv6Network
# an IPv4 address in the last 32 bits: NAT64 (RFC 6052), IPv4-compatible (RFC 4291), IPv4-translated (RFC 2765)
CARRY_IPV4 = tuple(map(IPv6Network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
# a site's own, which Python (3.11) holds to be global: site-local (RFC 3879), a NAT64 of its own (RFC 8215)
OF_A_SITE = tuple(map(IPv6Network, ("fec0::/10", "64:ff9b:1::/48")))
LONGEST = 2_000


class TargetRefused(Exception):
    """The address may not be delivered to; to try again is useless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Addresses that may be delivered to: the public ones, by https, and those in the `allowed` networks."""

    allowed: tuple[IpNetwork, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[str]) -> Targets:
        """From texts like 10.0.0.0/8. Raises InvalidInput."""
        try:
            return cls(allowed=tuple(ip_network(one.strip()) for one in networks if one.strip()))
        except ValueError as error:
            raise InvalidInput(
                field="allowed networks", problem=str(error), mend="Give networks like 10.0.0.0/8"
            ) from error

    def check_url(self, text: str) -> URL:
        """The URL, where it can be a target. Raises InvalidInput."""
        from httpx import URL, InvalidURL

        problem = None
        try:
            url = URL(text)
        except InvalidURL as error:
            raise _unfit(f"not a URL: {error}") from error
        if url.scheme not in ("https", "http") or not url.host:
            problem = "not an https address"
        elif url.userinfo:
            problem = "names a user or password, which logs would show"
        elif len(text) > LONGEST or not text.isprintable():
            problem = f"longer than {LONGEST} characters, or unprintable"
        elif url.scheme == "http" and not self.allowed:
            problem = "http, which anybody on the way can read"
        elif (address := _literal(url.host)) is not None:
            problem = self.refusal(address, url.scheme)
        if problem is not None:
            raise _unfit(problem)
        return url

    def refusal(self, address: IpAddress, scheme: str) -> str | None:
        """Why nothing is delivered to the address; None where it may be."""
        inner = _inner(address)
        if _is_in(self.allowed, inner):
            return None
        if not inner.is_global or inner.is_multicast or _is_in(OF_A_SITE, inner):
            return f"{address} lies in a network that is not public"
        return "http, which anybody on the way can read" if scheme != "https" else None

    async def resolve(self, url: URL) -> list[str]:
        """The host's addresses, checked, to connect to. Raises TargetRefused, or OSError without any."""
        found = await _looked_up(url.host, url.port or (443 if url.scheme == "https" else 80))
        addresses = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
        # all of them: a name with one foot in the private network is up to something
        for one in addresses:
            if (problem := self.refusal(ip_address(one), url.scheme)) is not None:
                raise TargetRefused(f"{url.host}: {problem}")
        return addresses


async def _looked_up(host: str, port: int) -> list[Any]:
    """`socket.getaddrinfo`, by a thread of its own: it cannot be ended, and may take minutes.

    The event loop's threads are few: names that no server answers for would keep all of them.
    """
    looking = Future[list[Any]]()

    def look() -> None:
        try:
            looking.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits
            looking.set_exception(error)

    looking.set_running_or_notify_cancel()  # who waits no longer leaves the thread to end by itself
    Thread(target=look, name="gridroute-look-up", daemon=True).start()
    return await asyncio.wrap_future(looking)


def _literal(host: str) -> IpAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_in(networks: Iterable[IpNetwork], address: IpAddress) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _inner(address: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 one stands for, if it stands for one."""
    if isinstance(address, IPv4Address):
        return address
    # the loopback and no address at all are among the IPv4-compatible ones, and are none
    if _is_in(CARRY_IPV4, address) and not (address.is_loopback or address.is_unspecified):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def _unfit(problem: str) -> InvalidInput:
    return InvalidInput(
        field="url",
        problem=problem,
        mend="Give a public https address; networks of your own are allowed by the operator (--deliver-to)",
    )
