"""What one answer of a provider, and all the pages of a run, may cost at most."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from connectors import services
from connectors.models import Feed, Run
from connectors.registry import connectors
from connectors.services.providers import limits_of, product_of
from tests.connectors.fakes.lines import FakeLines, Lines
from tests.connectors.fakes.server import Fault, body, drip, silence
from tests.connectors.run_tools import executed, run_of, spans

MIB = 2**20
A_YEAR = {"stations": ["A"], "end": "2001-12-31"}
Collect = Callable[..., Run]


@pytest.fixture
def collect(lines_feed: Feed, fake_lines: FakeLines) -> Collect:
    """A run that asks for one station and year, whose answer comes as these faults say."""
    services.change_feed(lines_feed, parameters={**lines_feed.parameters, **A_YEAR})

    def run(*faults: Fault) -> Run:
        fake_lines.script(*faults)
        return executed(services.start_refetch(lines_feed))

    return run


def long(size: int) -> Fault:
    """As many bytes in all, by blanks that mean nothing."""
    return body(lambda content: content.ljust(size))


def said(run: Run) -> tuple[str, str, str]:
    assert run.error is not None
    return run.status, run.error["code"], run.error["message"]


def test_the_limits_are_those_that_are_promised(settings: Any) -> None:
    assert (settings.PROVIDER_ANSWER_MAX_MB, settings.PROVIDER_ANSWER_MAX_S) == (64, 120)
    limits = limits_of(Lines())
    assert (limits.max_bytes, limits.total_s) == (64 * MIB, 120)
    assert settings.RUN_MAX_PAGES == 10_000


def test_an_answer_as_large_as_the_setting_says_is_taken_and_one_byte_more_refused(
    collect: Collect, settings: Any
) -> None:
    settings.PROVIDER_ANSWER_MAX_MB = 1
    assert collect(long(MIB)).status == "succeeded"
    status, code, message = said(collect(long(MIB + 1)))
    assert (status, code) == ("failed", "PROVIDER_REFUSED")
    assert "sent more than 1,048,576 bytes" in message


def test_a_file_as_large_as_the_setting_says_is_read_and_one_byte_more_refused(
    admin: User, tmp_path: Path, settings: Any
) -> None:
    settings.FILE_FEED_FOLDERS, settings.PROVIDER_ANSWER_MAX_MB = [str(tmp_path)], 1
    path = tmp_path / "stages.csv"
    path.write_text("timestamp,stage\n2024-05-01,1.5\n".ljust(MIB, "\n"))
    connector = connectors["file"]
    target = services.target_of(connector, admin, name="Rivers")
    parameters = {"location": str(path), "variables": {"stage": {"unit": "m"}}}
    feed = services.make_feed(target, connector, name="r", product="table", parameters=parameters)
    assert run_of(feed).status == "succeeded"
    with path.open("a") as file:
        file.write("\n")
    status, code, message = said(run_of(feed))
    assert (status, code) == ("failed", "PROVIDER_REFUSED")
    assert "more than 1,048,576 bytes" in message


@pytest.mark.parametrize("slow", [drip(0.001), silence(6)], ids=["drips", "silent"])
def test_an_answer_within_the_time_of_the_setting_is_taken_and_a_later_one_given_up(
    collect: Collect, lines_feed: Feed, settings: Any, slow: Fault
) -> None:
    settings.PROVIDER_ANSWER_MAX_S = 3
    assert collect(silence(0.3)).status == "succeeded"
    settings.PROVIDER_ANSWER_MAX_S = 0.3
    start = time.monotonic()
    status, code, message = said(collect(slow))
    assert (status, code) == ("failed", "PROVIDER_UNAVAILABLE")
    assert " 0.3 s" in message
    assert time.monotonic() - start < 5
    assert spans(lines_feed) == [("A", "2001-01-01", "2002-01-01", "failed")]


def test_who_may_be_silent_for_long_has_more_time_in_proportion(
    lines_feed: Feed, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lines, "answer_within_s", 120.0)
    assert limits_of(product_of(lines_feed)).total_s == 300
    settings.PROVIDER_ANSWER_MAX_S = 60
    assert limits_of(product_of(lines_feed)).total_s == 150


def test_a_run_of_as_many_pages_as_the_setting_says_is_whole_and_one_more_too_many(
    collect: Collect, fake_lines: FakeLines, settings: Any
) -> None:
    settings.RUN_MAX_PAGES = 5
    # 365 days.
    fake_lines.page_size = 73
    run = collect()
    assert (run.status, run.requests, run.inserted) == ("succeeded", 5, 365)
    fake_lines.calls.clear()
    fake_lines.page_size = 72
    status, code, message = said(collect())
    assert (status, code) == ("partial", "PROVIDER_REFUSED")
    assert "no end after 5 pages" in message
    assert len(fake_lines.calls) == 5
