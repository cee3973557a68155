"""IN-58, IN-59, IN-61: which addresses are asked, decided where the socket opens."""

import socket
import ssl
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from datastream.core import outbound
from datastream.core.errors import ProviderRefusedError, ProviderUnavailableError
from datastream.core.http import Client, Limits
from tests.connectors.fakes.server import Call, FakeProvider, Reply

# ruff: noqa: S104 - nothing is bound to these
FORBIDDEN = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
    # IPv4 in IPv6: mapped, compatible, 6to4, Teredo (server and client), translated.
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "2001:0:7f00:1::1", "2001:0:808:808:0:0:80ff:fffe", "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1", "64:ff9b:1::127.0.0.1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "137.75.8.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]

Resolve = Callable[..., None]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Lets every name lead to these addresses, each time to the next set of them."""

    def lead(*answers: list[str]) -> None:
        left = list(answers)

        def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
            # No name server is asked about a number.
            is_name = not host[0].isdigit()
            found = (left.pop(0) if len(left) > 1 else left[0]) if is_name else [host]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return lead


class Provider(FakeProvider):
    def answer(self, call: Call) -> Reply:
        return Reply(200, call.headers["host"].encode())


@pytest.mark.parametrize("text", FORBIDDEN)
def test_in_58_an_address_that_is_not_public_is_not_asked(text: str, settings: Any) -> None:
    settings.OUTBOUND_NETWORKS = []
    assert not outbound.is_allowed(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_asked(text: str, settings: Any) -> None:
    settings.OUTBOUND_NETWORKS = []
    assert outbound.is_allowed(ip_address(text))


def test_an_operator_may_list_further_networks(settings: Any) -> None:
    settings.OUTBOUND_NETWORKS = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]
    allowed = [outbound.is_allowed(ip_address(one)) for one in ("10.1.2.3", "10.2.0.1", "fd00::5")]
    assert allowed == [True, False, True]


@pytest.mark.parametrize("text", ["127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254"])
def test_in_61_a_name_that_leads_there_is_refused_at_the_socket(names: Resolve, text: str) -> None:
    names([text])
    with (
        Client("https://data.example.org/", headers={}) as client,
        pytest.raises(ProviderRefusedError, match=r"data\.example\.org leads to an address"),
    ):
        client.get("data")


def test_in_61_a_name_that_leads_elsewhere_the_second_time_gains_nothing(
    names: Resolve,
) -> None:
    # What passed is what is connected to: a second look at the name is never taken.
    names(["127.0.0.2"], ["127.0.0.1"])
    with Provider() as provider:
        address = provider.url.replace("127.0.0.2", "localhost")
        with Client(address, headers={}) as named:
            assert named.get("data").status == 200
        assert len(provider.calls) == 1


def test_of_several_addresses_only_the_allowed_ones_are_tried(names: Resolve) -> None:
    names(["127.0.0.1", "127.0.0.2"])
    with Provider() as provider:
        address = provider.url.replace("127.0.0.2", "localhost")
        with Client(address, headers={}) as client:
            client.get("data")
        assert len(provider.calls) == 1


def test_the_name_is_what_the_host_header_and_the_certificate_are_about(
    names: Resolve, tmp_path: Path
) -> None:
    provider = Provider()
    provider.encrypt(tmp_path)
    seen: list[str | None] = []
    real = ssl.SSLContext.wrap_socket

    def wrap(context: ssl.SSLContext, sock: Any, *args: Any, **options: Any) -> Any:
        seen.append(options.get("server_hostname"))
        return real(context, sock, *args, **options)

    names(["127.0.0.2"])
    with provider, pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl.SSLContext, "wrap_socket", wrap)
        address = provider.url.replace("127.0.0.2", "data.example.org")
        with (
            Client(address, headers={}, limits=Limits(tries=1)) as client,
            pytest.raises(ProviderUnavailableError, match="certificate"),
        ):
            client.get("data")
    assert [name for name in seen if name] == ["data.example.org"]


def test_a_name_that_nobody_knows_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with (
        Client("https://nowhere.example.org/", headers={}, limits=Limits(tries=1)) as client,
        pytest.raises(ProviderUnavailableError, match="no connection"),
    ):
        client.get("data")
