"""What a provider gets wrong, and what becomes of the run."""

import gzip
from typing import Any

import pytest

from connectors import services
from connectors.base import SchemaDriftError
from connectors.models import Coverage, Document, Feed, Run
from connectors.services import collecting, providers
from connectors.services.fetching import Fetched, Fetching
from datasets.models import Revision
from datastream.core import leases
from tests.connectors.fakes.lines import FakeLines, Lines
from tests.connectors.fakes.server import Fault, body, status
from tests.connectors.run_tools import WHOLE, executed, run_of, spans


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
    # What came is kept to be looked at; twice as many are asked ahead as may be under way.
    assert 1 <= Document.objects.count() <= 2 * Lines.quota.parallel


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
    lines_feed: Feed, fake_lines: FakeLines, settings: Any
) -> None:
    settings.RUN_MAX_PAGES = 5
    fake_lines.is_endless = True
    changed = {**lines_feed.parameters, "stations": ["A"], "end": "2001-12-31"}
    services.change_feed(lines_feed, parameters=changed)
    run = run_of(lines_feed)
    assert run.error is not None
    assert "no end" in run.error["message"]
    assert len(fake_lines.calls) == 5
    assert spans(lines_feed) == [("A", "2001-01-01", "2002-01-01", "failed")]


def test_f_13_a_page_whose_rows_the_dataset_refuses_is_not_covered(lines_feed: Feed) -> None:
    changed = {**lines_feed.parameters, "stations": ["A", "B", "unknown"]}
    services.change_feed(lines_feed, parameters=changed)
    run = run_of(lines_feed)
    assert (run.status, run.checkpoint, run.inserted) == ("partial", 6, 2190)
    assert (run.received, run.rejected) == (2190 + 1095, 1095)
    assert run.error is not None
    assert "refused 365 of 365 rows" in run.error["message"]
    assert {(one["station"], one["field"]) for one in run.rejections} == {("unknown", "strange")}
    assert {one["row"] for one in run.rejections} <= set(range(366))
    assert {code for code, *_, state in spans(lines_feed) if state == "failed"} == {"unknown"}
    # What came is kept to be looked at.
    assert Document.objects.count() == 9


def test_f_13_a_run_whose_only_page_is_refused_is_partial_and_the_next_asks_again(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    changed = {**lines_feed.parameters, "stations": ["unknown"], "end": "2001-12-31"}
    services.change_feed(lines_feed, parameters=changed, lookback_days=0)
    for _ in range(2):
        run = run_of(lines_feed)
        assert run.error is not None
        assert (run.status, run.error["code"]) == ("partial", "PROVIDER_REFUSED")
        assert (run.checkpoint, run.received, run.rejected) == (0, 365, 365)
        assert {one["station"] for one in run.rejections} == {"unknown"}
        assert spans(lines_feed) == [("unknown", "2001-01-01", "2002-01-01", "failed")]
    assert len(fake_lines.calls) == 2


def test_f_13_a_replay_of_a_refused_page_is_partial_and_lists_its_rows(lines_feed: Feed) -> None:
    changed = {**lines_feed.parameters, "stations": ["unknown"], "end": "2001-12-31"}
    services.change_feed(lines_feed, parameters=changed)
    first = run_of(lines_feed)
    again = executed(services.start_replay(lines_feed))
    assert (again.status, again.checkpoint, again.rejected) == ("partial", 1, first.rejected)
    assert (again.error, again.rejections) == (None, first.rejections)


@pytest.mark.usefixtures("one_by_one")
def test_f_14_other_units_stop_the_run_and_cost_only_their_page(lines_feed: Feed) -> None:
    assert run_of(lines_feed).status == "succeeded"
    changed = {**lines_feed.parameters, "stations": ["C", "feet"], "end": "2001-12-31"}
    services.change_feed(lines_feed, parameters=changed)
    run = run_of(lines_feed)
    assert run.error is not None
    assert (run.status, run.error["code"], run.inserted) == ("failed", "SCHEMA_DRIFT", 365)
    assert "level is kept with the unit m, and now comes with 'ft'" in run.error["message"]
    states = {code: state for code, *_, state in spans(lines_feed) if code in {"C", "feet"}}
    assert states == {"C": "fetched", "feet": "failed"}
    assert Document.objects.filter(run_id=run.pk).count() == 2
    # Read again, it is no better, and holds nothing up.
    replayed = executed(services.start_replay(lines_feed))
    assert (replayed.status, replayed.checkpoint) == ("succeeded", 8)
    assert any("now comes with 'ft'" in note for note in replayed.notes)


def test_f_14_those_that_came_with_other_units_are_stored_all_the_same(lines_feed: Feed) -> None:
    assert run_of(lines_feed).status == "succeeded"
    changed = {**lines_feed.parameters, "stations": ["feet", "C"], "end": "2001-12-31"}
    services.change_feed(lines_feed, parameters=changed)
    run = leases.take(Run.objects.all(), services.start_run(lines_feed).pk)
    assert run is not None
    product = providers.product_of(lines_feed)
    with (
        providers.client_of(lines_feed, product) as client,
        Fetching(product, client, ()) as fetching,
    ):
        fetched = []
        for request in collecting.plan_run(run, product).requests:
            page = product.parse(request, client.ask(request.path, request.params))
            fetched.append(Fetched(request, page=page))
        with pytest.raises(SchemaDriftError):
            collecting.Storing(run, fetching).take(fetched)
    assert run.inserted == 365


@pytest.mark.usefixtures("one_by_one", "impatient")
def test_a_place_that_always_fails_holds_up_no_other(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    fake_lines.script(*[status(500)] * 5)
    run = run_of(lines_feed)
    # Five tries of the first, and then nobody is asked for a while.
    assert (run.status, run.requests, len(fake_lines.calls)) == ("failed", 1, 5)
    assert spans(lines_feed) == [("A", "2001-01-01", "2002-01-01", "failed")]
    providers.circuits.clear()
    fake_lines.calls.clear()
    fake_lines.script(*[lambda reply: reply] * 5, *[status(500)] * 5)
    again = run_of(lines_feed)
    assert (again.status, again.inserted) == ("partial", 5 * 365)
    assert fake_lines.calls[-1].params["start"] == "2001-01-01"


def test_a_page_that_the_dataset_cannot_take_costs_only_itself(lines_feed: Feed) -> None:
    changed = {**lines_feed.parameters, "stations": ["A", "B", "wide"]}
    services.change_feed(lines_feed, parameters=changed)
    run = run_of(lines_feed)
    assert (run.status, run.checkpoint, run.inserted) == ("partial", 6, 2190)
    assert {code for code, *_, state in spans(lines_feed) if state == "failed"} == {"wide"}


def test_what_a_refusal_said_is_kept_and_not_read_again(
    lines_feed: Feed, fake_lines: FakeLines
) -> None:
    fake_lines.script(status(400))
    run = run_of(lines_feed)
    assert (run.status, run.requests) == ("partial", 6)
    kept = Document.objects.filter(run_id=run.pk)
    assert sorted(kept.values_list("status", flat=True)) == [200] * 5 + [400]
    again = executed(services.start_run(lines_feed, trigger="replay"))
    assert (again.status, again.planned, again.notes) == ("succeeded", 5, [])


@pytest.mark.usefixtures("one_by_one", "impatient")
@pytest.mark.parametrize(
    ("faults", "last"),
    [
        ([status(500, b"first")] * 4 + [status(503, b"fifth")], (503, b"fifth")),
        ([status(429, b"come back", Retry_After="3600")], (429, b"come back")),
        ([status(501, b"no such thing")], (501, b"no such thing")),
    ],
    ids=["five tries", "told to come back", "not asked again"],
)
def test_what_was_said_to_the_last_try_is_kept_once_and_not_read_again(
    lines_feed: Feed, fake_lines: FakeLines, faults: list[Fault], last: tuple[int, bytes]
) -> None:
    changed = {**lines_feed.parameters, "stations": ["A"], "end": "2001-12-31"}
    services.change_feed(lines_feed, parameters=changed)
    fake_lines.script(*faults)
    run = run_of(lines_feed)
    assert (run.status, run.requests, len(fake_lines.calls)) == ("failed", 1, len(faults))
    kept = Document.objects.get(run_id=run.pk)
    assert (kept.status, gzip.decompress(kept.body)) == last
    assert executed(services.start_replay(lines_feed)).planned == 0
