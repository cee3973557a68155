"""Where a request came from: forwarded addresses count only as far as our own proxies say them."""

from ipaddress import ip_network

import pytest
from django.test import RequestFactory, override_settings

from datastream.core.api.addresses import address_of

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


def seen(peer: str, forwarded: str | None = None) -> str:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return address_of(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer))


@pytest.mark.parametrize(
    ("peer", "forwarded"),
    [
        ("192.0.2.1", None),
        ("192.0.2.1", "198.51.100.7"),
        ("192.0.2.1", "198.51.100.7, 10.0.0.1"),
    ],
)
def test_k_14_what_a_stranger_forwards_is_not_believed(peer: str, forwarded: str | None) -> None:
    with override_settings(TRUSTED_PROXIES=PROXIES):
        assert seen(peer, forwarded) == peer
    with override_settings(TRUSTED_PROXIES=[]):
        assert seen(peer, forwarded) == peer
        assert seen("10.0.0.1", "198.51.100.7") == "10.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7, 10.9.9.9", "198.51.100.7"),
        ("6.6.6.6,198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8::7%eth0", "2001:db8::7"),
        ("10.0.0.2, 10.0.0.3", "10.0.0.2"),
        ("", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("198.51.100.7, garbage", "10.0.0.1"),
        ("198.51.100.7, <script>, 10.0.0.2", "10.0.0.2"),
        ("1" * 5000, "10.0.0.1"),
    ],
)
@override_settings(TRUSTED_PROXIES=PROXIES)
def test_k_14_of_what_a_proxy_forwards_the_last_stranger_counts(
    forwarded: str, address: str
) -> None:
    assert seen("10.0.0.1", forwarded) == address
    assert seen("::ffff:10.0.0.1", forwarded or None) == address


def test_a_socket_of_this_machine_is_a_proxy_where_there_are_any() -> None:
    with override_settings(TRUSTED_PROXIES=PROXIES):
        assert seen("", "198.51.100.7") == "198.51.100.7"
    with override_settings(TRUSTED_PROXIES=[]):
        assert seen("", "198.51.100.7") == ""
