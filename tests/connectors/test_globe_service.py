"""Feeds of GLOBE from a provider over HTTP into a dataset."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from accounts.models import User
from connectors import services
from connectors.models import Coverage, Document, Feed, Run
from connectors.providers.globe import measurements
from connectors.registry import connectors
from connectors.services import documents
from datasets.models import DataPoint, Station
from tests.connectors.fakes.globe import SITES, FakeGlobe, outage, temperature
from tests.connectors.fakes.server import Call, Reply

KENYA = {"country": "KEN", "start": "2025-04-01", "end": "2025-05-31"}
HERE = SITES[0]


@pytest.fixture(scope="module")
def running_globe() -> Iterator[FakeGlobe]:
    with FakeGlobe() as globe:
        yield globe


@pytest.fixture
def fake_globe(
    running_globe: FakeGlobe, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> FakeGlobe:
    """The fake in the place of GLOBE, asked without waiting between requests."""
    running_globe.reset()
    settings.GLOBE_BASE_URL = running_globe.base_url
    for product in connectors["globe"].products:
        quota = replace(product.quota, per_second=1e6)
        monkeypatch.setattr(type(product), "quota", quota)
    return running_globe


@pytest.fixture(autouse=True)
def _patient(impatient: None) -> None:
    """Without a pause before the next try."""


def feed_of(admin: User, product: str = "", **parameters: Any) -> Feed:
    globe = connectors["globe"]
    target = services.target_of(globe, admin, name="Schools", product=product)
    return services.make_feed(
        target, globe, name="schools", product=product, parameters=parameters or KENYA
    )


def run(feed: Feed) -> Run:
    done = services.execute_run(services.start_run(feed).pk)
    assert done is not None
    return done


def values(variable: str = "air_temperature") -> set[Any]:
    return {point.value[variable] for point in DataPoint.objects.all() if variable in point.value}


def test_a_run_stores_what_was_observed(admin: User, fake_globe: FakeGlobe) -> None:
    done = run(feed_of(admin))
    assert (done.status, done.requests, done.inserted, done.rejected) == ("succeeded", 2, 122, 0)
    assert done.notes == []
    stations = Station.objects.order_by("code")
    assert [(one.code, one.name) for one in stations] == [
        ("369414", "Kongowea"), ("370205", "outside SSA Building"),
    ]  # fmt: skip
    assert {call.headers["accept"] for call in fake_globe.calls} == {"*/*"}


WORLD: dict[str, Any] = {"bbox": [-180, -90, 180, 90], "start": "2025-05-01", "end": "2025-05-31"}


def test_pages_go_on_to_the_last(
    admin: User, fake_globe: FakeGlobe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurements, "PAGE_SIZE", 60)
    done = run(feed_of(admin, **WORLD))
    assert [call.params["from"] for call in fake_globe.calls] == ["0", "60", "120"]
    assert (done.status, done.inserted, done.checkpoint) == ("succeeded", 155, 1)


def test_where_paging_is_not_heeded_nothing_is_lost(
    admin: User, fake_globe: FakeGlobe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurements, "PAGE_SIZE", 60)
    fake_globe.ignores_paging = True
    done = run(feed_of(admin, **WORLD))
    assert [call.params.get("from") for call in fake_globe.calls] == ["0", "60", None]
    assert (done.status, DataPoint.objects.count(), done.checkpoint) == ("succeeded", 155, 1)
    assert "the same page again" in done.notes[0]


def test_nothing_that_is_kept_names_a_person(admin: User, fake_globe: FakeGlobe) -> None:
    feed = feed_of(admin)
    run(feed)
    assert b"59515189" in fake_globe.answer(fake_globe.calls[0]).body
    for document in Document.objects.all():
        body = documents.answer_of([document]).body
        assert b'"count"' in body
        assert b"59515189" not in body
        assert b"Amina" not in body
    for point in DataPoint.objects.all():
        assert "59515189" not in str(point.metadata)


def test_what_was_kept_is_read_again_to_the_same(admin: User, fake_globe: FakeGlobe) -> None:
    feed = feed_of(admin)
    run(feed)
    again = services.execute_run(services.start_replay(feed).pk)
    assert again is not None
    assert (again.status, again.unchanged, again.updated) == ("succeeded", 122, 0)


def test_f_10_an_outage_with_status_200_is_no_empty_month(
    admin: User, fake_globe: FakeGlobe
) -> None:
    # Five tries of each of the two months.
    fake_globe.script(*[outage()] * 10)
    feed = feed_of(admin)
    done = run(feed)
    assert done.error is not None
    assert (done.status, done.error["code"]) == ("failed", "PROVIDER_UNAVAILABLE")
    assert set(Coverage.objects.values_list("state", flat=True)) == {"failed"}
    assert run(feed).inserted == 122
    assert DataPoint.objects.count() == 122


def test_f_16_late_and_corrected_observations_come_in_by_the_look_back(
    admin: User, fake_globe: FakeGlobe
) -> None:
    day = date(2025, 5, 14)
    fake_globe.late.add((SITES[1].id, day))
    feed = feed_of(admin)
    run(feed)
    fake_globe.late.clear()
    fake_globe.corrected[HERE.id, day] = 21.25
    done = run(feed)
    assert (done.inserted, done.updated, done.unchanged) == (1, 1, 120)
    assert 21.25 in values()
    assert temperature(SITES[1], day) in values()


def test_categories_are_stored_as_texts(admin: User, fake_globe: FakeGlobe) -> None:
    done = run(feed_of(admin, "sky_conditions", **KENYA))
    covers = values("cloud_cover")
    assert done.status == "succeeded"
    assert {"few", "overcast"} <= covers
    assert "-99" not in covers


def test_a_circle_across_the_antimeridian_brings_both_sides(
    admin: User, fake_globe: FakeGlobe
) -> None:
    circle: dict[str, Any] = {"latitude": -16.8, "longitude": 179.99, "distance_km": 30}
    done = run(feed_of(admin, start="2025-05-01", end="2025-05-02", **circle))
    assert (done.status, done.requests, done.inserted) == ("succeeded", 2, 4)
    assert set(Coverage.objects.values_list("state", flat=True)) == {"fetched"}


def test_a_protocol_that_globe_does_not_know_is_refused_with_its_words(
    admin: User, fake_globe: FakeGlobe
) -> None:
    done = run(feed_of(admin, "tree_heights", **KENYA))
    assert done.error is not None
    assert (done.status, done.error["code"]) == ("failed", "PROVIDER_REFUSED")
    assert "Not valid" in done.error["message"]


@pytest.mark.parametrize("code", [400, 500])
def test_what_is_kept_of_an_answer_of_another_status_names_no_person_either(
    admin: User, fake_globe: FakeGlobe, code: int
) -> None:
    fake_globe.script(*[lambda reply: replace(reply, status=code)] * 5)
    done = run(feed_of(admin, **{**KENYA, "start": "2025-05-01"}))
    (document,) = Document.objects.filter(run_id=done.pk)
    assert document.status == code
    body = documents.answer_of([document]).body
    assert b"59515189" not in body
    assert b"Amina" not in body


def test_whoever_asks_for_json_by_name_is_refused(fake_globe: FakeGlobe) -> None:
    call = Call(0.0, "/", {}, {"accept": "application/json"})
    assert fake_globe.answer(call) == Reply(406)
