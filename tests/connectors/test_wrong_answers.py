"""What a provider gets wrong, and what becomes of the run."""

import pytest

from connectors import services
from connectors.models import Coverage, Document, Feed
from connectors.services import collecting
from datasets.models import Revision
from tests.connectors.fakes.lines import FakeLines
from tests.connectors.fakes.server import body, status
from tests.connectors.run_tools import WHOLE, run_of, spans


def test_f_10_a_window_that_failed_is_asked_for_again_by_the_next_run(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    fake_lines.script(status(403))
    run = run_of(lines_feed)
    assert run.error is not None
    assert (run.status, run.checkpoint, run.error["code"]) == ("partial", 5, "PROVIDER_REFUSED")
    failed = Coverage.objects.get(state="failed")
    assert failed.reason == run.error["message"]
    services.change_feed(lines_feed, lookback_days=0)
    again = run_of(lines_feed)
    assert (again.status, again.requests, again.inserted) == ("succeeded", 1, 365)
    assert spans(lines_feed) == WHOLE


def test_f_14_a_changed_shape_fails_the_run_and_nothing_of_it_is_stored(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    fake_lines.columns = ("lines", "more")
    run = run_of(lines_feed)
    assert run.error is not None
    assert (run.status, run.error["code"], run.inserted) == ("failed", "SCHEMA_DRIFT", 0)
    assert Revision.objects.count() == 0
    assert {state for *_, state in spans(lines_feed)} == {"failed"}
    # What came is kept to be looked at.
    assert Document.objects.count() == 1


@pytest.mark.usefixtures("one_by_one")
def test_f_14_a_shape_that_changes_later_fails_the_run_too(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    fake_lines.script(body(lambda b: b), body(lambda b: b.replace(b"rows", b"lines")))
    run = run_of(lines_feed)
    assert (run.status, run.checkpoint) == ("failed", 1)


def test_nobody_answers_and_the_rest_is_not_asked(
    lines_feed: Feed, fake_lines: FakeLines, impatient: None
) -> None:
    changed = {**lines_feed.parameters, "stations": [f"S{n}" for n in range(20)]}
    services.change_feed(lines_feed, parameters=changed)
    fake_lines.script(*[status(503)] * 1000)
    run = run_of(lines_feed)
    assert run.error is not None
    assert (run.status, run.error["code"]) == ("failed", "PROVIDER_UNAVAILABLE")
    assert len(fake_lines.calls) < 20 * 5


def test_f_15_pages_that_repeat_overlap_and_change_order_count_as_unchanged(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    fake_lines.page_size, fake_lines.overlap, fake_lines.is_reversed = 100, 20, True
    run = run_of(lines_feed)
    # Windows of 365 days in pages that go on after 80: five of them.
    assert (run.status, run.requests, run.checkpoint) == ("succeeded", 30, 6)
    assert (run.inserted, run.updated, run.unchanged) == (2190, 0, 6 * 4 * 20)
    assert spans(lines_feed) == WHOLE


def test_in_63_pages_that_never_end_are_given_up(
    lines_feed: Feed, fake_lines: FakeLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "MOST_PAGES", 5)
    fake_lines.is_endless = True
    changed = {**lines_feed.parameters, "stations": ["A"], "end": "2001-12-31"}
    services.change_feed(lines_feed, parameters=changed)
    run = run_of(lines_feed)
    assert run.error is not None
    assert "no end" in run.error["message"]
    assert len(fake_lines.calls) == 6
    assert spans(lines_feed) == [("A", "2001-01-01", "2002-01-01", "failed")]


def test_rows_that_the_dataset_refuses_are_listed_with_their_station(lines_feed: Feed) -> None:
    changed = {**lines_feed.parameters, "stations": ["A", "B", "unknown"]}
    services.change_feed(lines_feed, parameters=changed)
    run = run_of(lines_feed)
    assert (run.status, run.inserted, run.rejected) == ("partial", 2190, 1095)
    assert {(one["station"], one["field"]) for one in run.rejections} == {("unknown", "strange")}
    assert {one["row"] for one in run.rejections} <= set(range(366))


def test_a_page_that_the_dataset_cannot_take_costs_only_itself(lines_feed: Feed) -> None:
    changed = {**lines_feed.parameters, "stations": ["A", "B", "wide"]}
    services.change_feed(lines_feed, parameters=changed)
    run = run_of(lines_feed)
    assert (run.status, run.checkpoint, run.inserted) == ("partial", 6, 2190)
    assert {code for code, *_, state in spans(lines_feed) if state == "failed"} == {"wide"}
