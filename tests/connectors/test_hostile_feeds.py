"""IN-60, IN-61, IN-63: where a provider may send a feed."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Page, Request
from connectors.models import Document, Feed, Run
from datasets.models import DataPoint
from tests.connectors.fakes.lines import FakeLines, Lines
from tests.connectors.fakes.server import redirect
from tests.connectors.run_tools import run_of, spans

A_YEAR = "station=A&start=2001-01-01&end=2002-01-01"


@pytest.fixture
def elsewhere() -> Iterator[FakeLines]:
    """Another host that would answer just as well."""
    with FakeLines() as lines:
        yield lines


def is_refused(run: Run) -> bool:
    return run.error is not None and run.error["code"] == "PROVIDER_REFUSED"


def test_in_60_a_redirect_to_another_host_is_not_followed(
    lines_feed: Feed, fake_lines: FakeLines, elsewhere: FakeLines
) -> None:
    fake_lines.script(*[redirect(f"{elsewhere.url}/lines")] * 6)
    run = run_of(lines_feed)
    assert is_refused(run)
    assert (run.status, run.inserted, elsewhere.calls) == ("failed", 0, [])
    assert {state for *_, state in spans(lines_feed)} == {"failed"}
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:9/",
        "https://169.254.169.254/latest/meta-data/",
        "http://localhost/",
        "file:///etc/passwd",
        "//data.example.org/lines",
    ],
)
def test_in_60_nor_is_one_to_where_nobody_may_ask(
    lines_feed: Feed, fake_lines: FakeLines, target: str
) -> None:
    fake_lines.script(*[redirect(target)] * 6)
    run = run_of(lines_feed)
    assert is_refused(run)
    assert (run.status, run.inserted, len(fake_lines.calls)) == ("failed", 0, 6)


def test_in_60_a_redirect_within_the_own_host_is_followed(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    fake_lines.script(redirect(f"/moved?{A_YEAR}"))
    run = run_of(lines_feed, stations=["A"], end="2001-12-31")
    assert (run.status, run.inserted) == ("succeeded", 365)
    assert [call.path for call in fake_lines.calls] == ["/lines", "/moved"]


def test_in_60_redirects_that_never_end_are_given_up(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    fake_lines.script(*[redirect(f"/lines?{A_YEAR}")] * 100)
    run = run_of(lines_feed, stations=["A"], end="2001-12-31")
    assert is_refused(run)
    assert len(fake_lines.calls) == 6


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_in_61_a_provider_whose_name_leads_to_a_private_address_is_not_asked(
    lines_feed: Feed, settings: Any, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]

    settings.LINES_BASE_URL = "https://lines.example.org/"
    with monkeypatch.context() as names:
        # The database is asked by a socket of its own, which has no name.
        names.setattr(socket, "getaddrinfo", getaddrinfo)
        run = run_of(lines_feed)
    assert is_refused(run)
    assert run.error is not None
    assert "lines.example.org leads to an address that is not public" in run.error["message"]
    assert (run.status, DataPoint.objects.count()) == ("failed", 0)


def test_in_63_a_next_page_on_another_host_is_not_asked_for(
    lines_feed: Feed,
    fake_lines: FakeLines,
    elsewhere: FakeLines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parse = Lines.parse

    def linked(self: Lines, request: Request, answer: Any) -> Page:
        page = parse(self, request, answer)
        return replace(page, next=replace(request, path=f"{elsewhere.url}/lines"))

    monkeypatch.setattr(Lines, "parse", linked)
    run = run_of(lines_feed, stations=["A"], end="2001-12-31")
    assert is_refused(run)
    assert run.error is not None
    assert "another address" in run.error["message"]
    assert (len(fake_lines.calls), elsewhere.calls) == (1, [])
    assert spans(lines_feed) == [("A", "2001-01-01", "2002-01-01", "failed")]
