"""What a provider's manners learn of each try."""

from collections.abc import Iterator

import pytest

from datastream.core.errors import ProviderRefusedError, ProviderUnavailableError
from datastream.core.http import Client, Limits, Manners
from tests.connectors.fakes.server import (
    Call,
    FakeProvider,
    Fault,
    Reply,
    drip,
    redirect,
    status,
)


class Provider(FakeProvider):
    def answer(self, call: Call) -> Reply:
        return Reply(200, b"0123456789" * 20, {"Content-Type": "text/plain"})


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


class Counting(Manners):
    def __init__(self) -> None:
        self.asked: list[str | bool] = []

    def wait(self) -> None:
        self.asked.append("waited")

    def note(self, *, is_answered: bool) -> None:
        self.asked.append(is_answered)


def test_each_try_waits_for_its_turn_and_tells_what_became_of_it(
    provider: Provider,
) -> None:
    provider.script(status(503), status(429, Retry_After="1"), redirect("/elsewhere"))
    manners = Counting()
    with Client(provider.url, headers={}, manners=manners, sleep=lambda _: None) as client:
        client.get("data")
    assert manners.asked == ["waited", False, "waited", True, "waited", "waited", True]


def test_a_refusal_is_an_answer(provider: Provider) -> None:
    provider.script(status(404))
    manners = Counting()
    with (
        Client(provider.url, headers={}, manners=manners) as client,
        pytest.raises(ProviderRefusedError),
    ):
        client.get("data")
    assert manners.asked == ["waited", True]


@pytest.mark.parametrize("fault", [drip(0.05), status(501), status(520)])
def test_f_11_who_sends_too_slowly_or_has_troubles_did_not_answer(
    provider: Provider, fault: Fault
) -> None:
    provider.script(fault)
    manners, limits = Counting(), Limits(total_s=0.3)
    with (
        Client(provider.url, headers={}, manners=manners, limits=limits) as client,
        pytest.raises(ProviderUnavailableError),
    ):
        client.get("data")
    assert manners.asked == ["waited", False]


class Full(Counting):
    def wait(self) -> None:
        raise ProviderUnavailableError("Used up.")


def test_a_provider_that_may_not_be_asked_has_not_failed(provider: Provider) -> None:
    manners = Full()
    with (
        Client(provider.url, headers={}, manners=manners) as client,
        pytest.raises(ProviderUnavailableError, match="Used up"),
    ):
        client.get("data")
    assert (manners.asked, provider.calls) == ([], [])
