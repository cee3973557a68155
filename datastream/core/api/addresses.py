"""The address that a request came from, as far as it can be believed."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address


def address_of(request: HttpRequest) -> str:
    """The caller's address; "" where nothing tells it, as behind a socket without addresses.

    What is forwarded is believed only from the right, as long as it was said by one of
    TRUSTED_PROXIES: what stands further left anybody can have written.
    """
    here = _parsed(request.META.get("REMOTE_ADDR", ""))
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while hops and _is_trusted(here):
        said = _parsed(hops.pop())
        if said is None:
            break
        here = said
    return str(here or "")


def _is_trusted(address: Address | None) -> bool:
    """Whether one of our proxies; what comes through a socket of this machine is, if any is."""
    if address is None:
        return bool(settings.TRUSTED_PROXIES)
    return any(address in network for network in settings.TRUSTED_PROXIES)


def _parsed(text: str) -> Address | None:
    """An address with or without a port, IPv4 in IPv6 as IPv4; None for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # A zone such as %eth0 has a meaning on one machine only.
        return address.ipv4_mapped or IPv6Address(int(address))
    return address
