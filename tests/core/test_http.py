import gzip
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datastream.core.answers import Answer
from datastream.core.errors import ProviderRefusedError, ProviderUnavailableError
from datastream.core.http import Client, Limits, retry_after_s
from tests.connectors.fakes.server import (
    Call,
    FakeProvider,
    Fault,
    Reply,
    cut,
    cut_chunks,
    outage_page,
    redirect,
    silence,
    status,
    wrong_length,
)

BODY = b"0123456789" * 2000


class Provider(FakeProvider):
    def answer(self, call: Call) -> Reply:
        return Reply(200, BODY, {"Content-Type": "text/plain"})


class FakeTime:
    """Time that passes only while somebody sleeps, or by `tick` at each look at the clock."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now = 0.0
        self.tick = tick
        self.slept: list[float] = []

    def clock(self) -> float:
        self.now += self.tick
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    running.reset()
    return running


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


def ask(url: str, fake_time: FakeTime, path: str = "data", **limits: float) -> Answer:
    with Client(
        url,
        headers={"User-Agent": "DataStream Pro tests"},
        limits=Limits(**limits),  # type: ignore[arg-type]
        clock=fake_time.clock,
        sleep=fake_time.sleep,
    ) as client:
        return client.get(path, {"q": "a b,c"})


def test_an_answer_carries_address_status_headers_body_and_time(
    provider: Provider, fake_time: FakeTime
) -> None:
    answer = ask(provider.url, fake_time)
    assert answer.url == f"{provider.url}/data?q=a+b%2Cc"
    assert (answer.status, answer.body) == (200, BODY)
    assert answer.headers["content-type"] == "text/plain"
    assert abs(datetime.now(UTC) - answer.received_at) < timedelta(seconds=60)
    assert provider.calls[0].params == {"q": "a b,c"}
    assert provider.calls[0].headers["user-agent"] == "DataStream Pro tests"


@pytest.mark.parametrize(
    "fault",
    [
        status(429),
        status(500),
        outage_page(502),
        outage_page(503),
        status(504),
        cut(),
        cut(0.0),
        cut_chunks(),
        wrong_length(7),
    ],
    ids=[
        "429",
        "500",
        "502",
        "503",
        "504",
        "cut",
        "cut at once",
        "cut chunks",
        "too long a length",
    ],
)
def test_what_may_pass_is_asked_again(
    provider: Provider, fake_time: FakeTime, fault: Fault
) -> None:
    provider.script(fault, fault)
    assert ask(provider.url, fake_time).body == BODY
    assert len(provider.calls) == 3


def test_waits_double_and_are_never_shorter_than_that(
    provider: Provider, fake_time: FakeTime
) -> None:
    provider.script(*[status(500)] * 4)
    ask(provider.url, fake_time)
    assert len(fake_time.slept) == 4
    for slept, least in zip(fake_time.slept, (2, 4, 8, 16), strict=True):
        assert least <= slept <= 1.5 * least


def test_after_five_tries_the_provider_is_unavailable_with_its_words(
    provider: Provider, fake_time: FakeTime
) -> None:
    provider.script(*[outage_page(502)] * 9)
    with pytest.raises(
        ProviderUnavailableError, match=r"asked 5 times.*502, Outage We will be back"
    ):
        ask(provider.url, fake_time)
    assert len(provider.calls) == 5


def test_retry_after_in_seconds_is_obeyed(provider: Provider, fake_time: FakeTime) -> None:
    provider.script(status(429, Retry_After="7"))
    ask(provider.url, fake_time)
    assert fake_time.slept == [7]


def test_retry_after_as_a_date_is_obeyed(provider: Provider, fake_time: FakeTime) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=30)
    provider.script(status(503, Retry_After=format_datetime(moment, usegmt=True)))
    ask(provider.url, fake_time)
    assert 25 < fake_time.slept[0] <= 30


@pytest.mark.parametrize("header", ["61", "86400", "9" * 30, "Fri, 31 Dec 2199 23:59:59 GMT"])
def test_a_longer_wait_than_the_cap_is_left_to_the_caller(
    provider: Provider, fake_time: FakeTime, header: str
) -> None:
    provider.script(status(429, Retry_After=header))
    with pytest.raises(ProviderUnavailableError, match="Try again after") as caught:
        ask(provider.url, fake_time)
    retry_at = datetime.fromisoformat(caught.value.details["retry_at"])
    assert timedelta(seconds=50) < retry_at - datetime.now(UTC) <= timedelta(hours=24)
    assert (len(provider.calls), fake_time.slept) == (1, [])


@pytest.mark.parametrize("header", ["", "soon", "-5", "1e9", "٣", "Fri, 99 Foo 2024 00:00:00 GMT"])
def test_a_senseless_retry_after_is_as_none(header: str) -> None:
    assert retry_after_s(header) is None


def test_a_retry_after_in_the_past_means_at_once() -> None:
    assert retry_after_s("Sun, 06 Nov 1994 08:49:37 GMT") == 0


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(codec="ascii")))
def test_no_retry_after_raises_or_is_negative(header: str) -> None:
    assert (retry_after_s(header) or 0) >= 0


def test_waits_stay_within_the_total_time(provider: Provider, fake_time: FakeTime) -> None:
    provider.script(*[status(500)] * 9)
    with pytest.raises(ProviderUnavailableError):
        ask(provider.url, fake_time, total_s=10)
    assert fake_time.now <= 10


@pytest.mark.parametrize("code", [400, 401, 403, 404, 408, 410, 422])
def test_other_refusals_are_final(provider: Provider, fake_time: FakeTime, code: int) -> None:
    provider.script(status(code, b'{"message": "No such thing."}'))
    with pytest.raises(ProviderRefusedError, match=f"{code}: No such thing") as caught:
        ask(provider.url, fake_time)
    assert caught.value.details == {"status": code}
    assert len(provider.calls) == 1


@pytest.mark.parametrize("code", [304, 501, 505])
def test_other_failures_are_not_asked_again(
    provider: Provider, fake_time: FakeTime, code: int
) -> None:
    provider.script(status(code))
    with pytest.raises(ProviderUnavailableError, match=str(code)):
        ask(provider.url, fake_time)
    assert len(provider.calls) == 1


def test_a_redirect_on_the_same_host_is_followed(provider: Provider, fake_time: FakeTime) -> None:
    provider.script(redirect("/elsewhere?x=1"))
    assert ask(provider.url, fake_time).url == f"{provider.url}/elsewhere?x=1"


def test_the_body_of_a_redirect_is_not_waited_for(provider: Provider, fake_time: FakeTime) -> None:
    def endless(_: Reply) -> Reply:
        return Reply(302, BODY, {"Location": "/elsewhere"}, declared=10**12, pause_s=0.1)

    provider.script(endless)
    assert ask(provider.url, fake_time).body == BODY
    assert len(provider.calls) == 2


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2/data",
        "https://127.0.0.1/data",
        "//169.254.169.254/latest",
        "file:///etc/passwd",
        "http://[::1/",
        "http://127.0.0.1:99999999/",
        "http://127.0.0.2\\@{host}/data",
        "http://{host}@127.0.0.2/data",
    ],
)
def test_a_redirect_to_another_address_is_refused(
    provider: Provider, fake_time: FakeTime, location: str
) -> None:
    host = provider.url.removeprefix("http://")
    provider.script(redirect(location.replace("{host}", host)))
    with pytest.raises(ProviderRefusedError, match="another address"):
        ask(provider.url, fake_time)


def test_a_link_to_another_host_is_refused_before_it_is_asked(
    provider: Provider, fake_time: FakeTime
) -> None:
    with pytest.raises(ProviderRefusedError, match="another address"):
        ask(provider.url, fake_time, path="http://127.0.0.2/next")
    assert ask(provider.url, fake_time, path=f"{provider.url}/next").body == BODY


def test_redirects_that_never_end_are_refused(provider: Provider, fake_time: FakeTime) -> None:
    provider.script(*[redirect("/again")] * 20)
    with pytest.raises(ProviderRefusedError, match="more than 5 times"):
        ask(provider.url, fake_time)
    assert len(provider.calls) == 6


def test_an_answer_of_the_largest_size_is_taken_and_one_byte_more_refused(
    provider: Provider, fake_time: FakeTime
) -> None:
    assert ask(provider.url, fake_time, max_bytes=len(BODY)).body == BODY
    with pytest.raises(ProviderRefusedError, match="19,999 bytes"):
        ask(provider.url, fake_time, max_bytes=len(BODY) - 1)


def test_the_size_is_counted_unpacked(provider: Provider, fake_time: FakeTime) -> None:
    packed = gzip.compress(bytes(5_000_000))
    provider.script(lambda _: Reply(200, packed, {"Content-Encoding": "gzip"}))
    with pytest.raises(ProviderRefusedError, match="100,000 bytes"):
        ask(provider.url, fake_time, max_bytes=100_000)


def test_what_is_not_the_packing_it_says_is_garbled(
    provider: Provider, fake_time: FakeTime
) -> None:
    provider.script(lambda _: Reply(200, BODY, {"Content-Encoding": "gzip"}))
    assert ask(provider.url, fake_time).body == BODY
    assert len(provider.calls) == 2


def test_less_declared_than_sent_spoils_neither_the_next_answer(
    provider: Provider, fake_time: FakeTime
) -> None:
    provider.script(wrong_length(-7))
    with Client(provider.url, headers={}, clock=fake_time.clock, sleep=fake_time.sleep) as client:
        assert client.get("a").body == BODY[:-7]
        assert client.get("b").body == BODY


def test_an_answer_that_takes_all_the_time_there_is_is_given_up(
    provider: Provider, fake_time: FakeTime
) -> None:
    def late(seconds: float, reply: Reply) -> Reply:
        """By the clock of the client."""
        fake_time.now += seconds
        return reply

    provider.script(partial(late, 119.9), partial(late, 120.0))
    assert ask(provider.url, fake_time).body == BODY
    with pytest.raises(ProviderUnavailableError, match=r"whole answer after 120 s"):
        ask(provider.url, fake_time)


def test_an_answer_that_drips_is_ended_by_the_total_time(provider: Provider) -> None:
    provider.script(lambda _: Reply(200, bytes(2000), pause_s=0.005))
    with (
        Client(provider.url, headers={}, limits=Limits(total_s=1.0)) as client,
        pytest.raises(ProviderUnavailableError, match=r"whole answer after 1 s"),
    ):
        client.get("data")
    assert time.monotonic() - provider.calls[0].at < 5


def test_what_is_too_large_is_not_read_to_its_end(provider: Provider) -> None:
    packed = gzip.compress(bytes(20_000_000))
    provider.script(lambda _: Reply(200, packed, {"Content-Encoding": "gzip"}, pause_s=0.0005))
    limits = Limits(total_s=5, max_bytes=50_000)
    with (
        Client(provider.url, headers={}, limits=limits) as client,
        pytest.raises(ProviderRefusedError, match="50,000 bytes"),
    ):
        client.get("data")


def test_a_silent_provider_is_asked_again(provider: Provider, fake_time: FakeTime) -> None:
    provider.script(silence(3))
    assert ask(provider.url, fake_time, read_timeout_s=1.0).body == BODY
    assert len(provider.calls) == 2


def test_a_refused_connection_is_tried_five_times(fake_time: FakeTime) -> None:
    with socket.create_server(("127.0.0.2", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ProviderUnavailableError, match=r"asked 5 times.*no connection"):
        ask(f"http://127.0.0.2:{port}", fake_time)
    assert len(fake_time.slept) == 4


def test_with_json_it_is_a_post(provider: Provider) -> None:
    with Client(provider.url, headers={"Token": "t"}) as client:
        client.ask("data", {"q": ["a", "b"]}, json={"x": 1}, headers={"Page": "2"})
    (call,) = provider.calls
    assert (call.method, call.body, call.query) == ("POST", b'{"x": 1}', "q=a&q=b")
    assert (call.headers["token"], call.headers["page"]) == ("t", "2")


def test_proxies_of_the_environment_are_not_used(
    provider: Provider, fake_time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask(provider.url, fake_time).body == BODY


@pytest.mark.parametrize("url", ["http://example.org/", "ftp://127.0.0.1/", "example.org", ""])
def test_an_address_without_encryption_is_a_mistake(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Client(url, headers={})


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(
    tmp_path: Path, fake_time: FakeTime
) -> None:
    provider = Provider()
    provider.encrypt(tmp_path)
    with provider, pytest.raises(ProviderUnavailableError, match="certificate"):
        ask(provider.url, fake_time, tries=1)
    assert provider.calls == []
