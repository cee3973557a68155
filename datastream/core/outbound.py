"""Which addresses of the network may be asked; checked where the socket opens, on the address used.

A name may lead to one address when it is looked at and to another when it is connected to, so the
check stands between both: what was resolved and passed is what is connected to.
"""

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError

from datastream.core.errors import ProviderRefusedError

Address = IPv4Address | IPv6Address
# RFC 6052 and RFC 8215: an IPv4 address in the last 32 bits.
TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
# RFC 4291, section 2.5.5.1, with an IPv4 address at the end; long out of use, and still understood.
COMPATIBLE = IPv6Network("::/96")


class ForbiddenAddressError(ProviderRefusedError):
    """The host leads to an address that may not be asked."""


def is_allowed(address: Address) -> bool:
    """Whether an address is public, or in a network that the operator has listed."""
    return any(
        address.version == network.version and address in network
        for network in settings.OUTBOUND_NETWORKS
    ) or all(map(_is_public, _unwrapped(address)))


def _is_public(address: Address) -> bool:
    # A multicast address may be global, and nobody serves pages there.
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _unwrapped(address: Address) -> Iterator[Address]:
    """The address, or the IPv4 addresses that it stands for."""
    inside = list(_embedded(address)) if isinstance(address, IPv6Address) else []
    yield from inside or [address]


def _embedded(address: IPv6Address) -> Iterator[Address]:
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    elif address.sixtofour:
        yield address.sixtofour
    elif address.teredo:
        yield from address.teredo
    elif any(address in network for network in TRANSLATED):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
    elif address in COMPATIBLE and int(address) > 1:
        yield IPv4Address(int(address))


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host that may be asked, in the order of its name server.

    Raises
    ------
    ForbiddenAddressError
        There is none.
    """
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    # An address may carry a zone, fe80::1%eth0, which is local anyway.
    addresses = dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found)
    allowed = [text for text in addresses if is_allowed(ip_address(text))]
    if not allowed:
        raise ForbiddenAddressError(
            f"{host} leads to an address that is not public; an operator may list its network in "
            "OUTBOUND_NETWORKS."
        )
    return allowed


class _Checked(HTTPConnection):
    """A connection to one of the addresses that passed."""

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        try:
            addresses = resolved(name, self.port)
        except (socket.gaierror, UnicodeError) as error:
            reason = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
            raise NameResolutionError(self.host, self, reason) from error
        try:
            return self._connect_to_one(addresses)
        finally:
            # Certificates are about the name.
            self._dns_host = name

    def _connect_to_one(self, addresses: list[str]) -> socket.socket:
        for address in addresses[:-1]:
            self._dns_host = address
            try:
                return super()._new_conn()
            except NewConnectionError:
                continue
        self._dns_host = addresses[-1]
        return super()._new_conn()


class _CheckedTLS(_Checked, HTTPSConnection):
    """The same over TLS, whose certificate is verified."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Checked


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedTLS


class CheckingAdapter(HTTPAdapter):
    """For sessions of `requests` that shall reach allowed addresses only."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
