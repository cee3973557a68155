"""F-09 to F-16: what a provider may do to us, one fault a test, over real HTTP."""

import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from accounts.models import User
from connectors.models import Document, Feed, Run
from connectors.registry import connectors
from connectors.services import feeds, providers, runs
from datasets.models import DataPoint, Dataset
from datastream.core.http import Limits
from tests.connectors.fakes.server import (
    Reply,
    body,
    cut,
    drip,
    outage_page,
    silence,
    status,
    wrong_length,
)
from tests.factories import make_dataset
from tests.faults.weather import HEADER, STATIONS, Weather, days, value

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

FIRST, LAST = date(2001, 1, 1), date(2001, 4, 10)
SPAN = {"start": FIRST.isoformat(), "end": LAST.isoformat(), "variables": ["TMAX"]}
DAYS = len(days(FIRST, LAST))
ONE, OTHER = STATIONS[:2]
Collect = Callable[..., Run]


@pytest.fixture(scope="module")
def running() -> Iterator[Weather]:
    with Weather() as weather:
        yield weather


@pytest.fixture
def weather(running: Weather, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Weather]:
    """The fake in NOAA's place, asked as fast as it answers, and again after a moment."""
    running.reset()
    settings.NOAA_BASE_URL = running.base_url
    product = connectors["noaa"].product()
    quota = replace(product.quota, per_second=1e6, parallel=1)
    monkeypatch.setattr(type(product), "quota", quota)
    monkeypatch.setattr(providers, "Limits", limits())
    providers.circuits.clear()
    yield running
    providers.circuits.clear()


@pytest.fixture
def target(analyst: User) -> Dataset:
    return make_dataset(analyst)


@pytest.fixture
def collect(target: Dataset) -> Collect:
    """Run a feed of these stations to its end; with facts, the same feed with others."""

    def run(*stations: str, **facts: Any) -> Run:
        feed = Feed.objects.filter(dataset=target).first()
        parameters = {**SPAN, "stations": list(stations)}
        if feed is None:
            facts = {"product": "daily-summaries", "parameters": parameters, **facts}
            feed = feeds.create_feed(target, connector="noaa", name="faults", **facts)
        done = runs.execute_run(runs.start_run(feed).pk)
        assert done is not None
        return done

    return run


def limits(**ours: float) -> Callable[..., Limits]:
    """Limits of which these count, whatever the product itself says."""
    return lambda **facts: Limits(**{**facts, "backoff_s": 0.001, **ours})


def stored(target: Dataset, code: str) -> int:
    return DataPoint.objects.filter(dataset=target, station__code=code).count()


def lines(reply: Reply) -> list[bytes]:
    return reply.body.splitlines(keepends=True)


# ------------------------------------------------------------------ F-10


@pytest.mark.parametrize(
    "fault",
    [status(500), outage_page(502), outage_page(200)],
    ids=["500", "502 in HTML", "200 with HTML"],
)
def test_f_10_an_outage_stores_nothing_and_says_why(
    weather: Weather, collect: Collect, target: Dataset, fault: Any
) -> None:
    weather.spoil[OTHER].extend([fault] * 5)
    run = collect(ONE, OTHER)
    assert run.status == "partial"
    assert run.error is not None
    assert run.error["code"] == "PROVIDER_UNAVAILABLE"
    assert run.error["message"]
    assert (stored(target, ONE), stored(target, OTHER)) == (DAYS, 0)
    assert len(weather.calls_of(OTHER)) <= 5


def test_f_10_an_outage_that_passes_is_overcome(
    weather: Weather, collect: Collect, target: Dataset
) -> None:
    weather.spoil[ONE].extend([status(500), outage_page(502), status(503), status(500)])
    run = collect(ONE)
    assert (run.status, run.error) == ("succeeded", None)
    assert stored(target, ONE) == DAYS
    assert len(weather.calls_of(ONE)) == 5


def test_f_10_what_failed_is_asked_for_by_the_next_run_and_nothing_else(
    weather: Weather, collect: Collect, target: Dataset
) -> None:
    weather.spoil[OTHER].extend([status(500)] * 5)
    collect(ONE, OTHER, lookback_days=0)
    providers.circuits.clear()
    weather.calls.clear()
    run = collect()
    assert (run.status, run.inserted, run.unchanged) == ("succeeded", DAYS, 0)
    assert [call.params["stations"] for call in weather.calls] == [OTHER]


# ------------------------------------------------------------------ F-11


def test_f_11_the_limits_are_those_that_are_promised() -> None:
    promised = Limits()
    assert (promised.connect_timeout_s, promised.read_timeout_s, promised.tries) == (5.0, 30.0, 5)


def test_f_11_after_five_failures_nobody_is_asked_for_a_while(
    weather: Weather, collect: Collect, target: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "Limits", limits(read_timeout_s=0.05))
    for code in STATIONS[:4]:
        weather.spoil[code].extend([silence(0.3)] * 5)
    run = collect(*STATIONS[:4])
    assert run.status == "failed"
    assert run.error is not None
    assert run.error["code"] == "PROVIDER_UNAVAILABLE"
    assert run.error["details"]["retry_at"]
    assert len(weather.calls) == 5
    assert DataPoint.objects.filter(dataset=target).count() == 0


def test_f_11_who_does_not_take_a_connection_is_given_up(
    weather: Weather, collect: Collect, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "Limits", limits(connect_timeout_s=0.2))
    with closing(socket.socket()) as deaf, closing(socket.socket()) as first:
        deaf.bind(("127.0.0.2", 0))
        deaf.listen(0)
        # One waits to be taken; the kernel leaves those that follow without an answer.
        first.connect(deaf.getsockname())
        settings.NOAA_BASE_URL = f"http://127.0.0.2:{deaf.getsockname()[1]}/"
        start = time.monotonic()
        run = collect(ONE)
    assert run.status == "failed"
    assert run.error is not None
    assert run.error["code"] == "PROVIDER_UNAVAILABLE"
    assert time.monotonic() - start < 30


@pytest.mark.parametrize(
    "address", ["https://nowhere.invalid/", "http://127.0.0.2:9/"], ids=["unresolved", "refused"]
)
def test_f_11_nobody_there_fails_with_its_cause(
    weather: Weather, collect: Collect, settings: Any, address: str
) -> None:
    settings.NOAA_BASE_URL = address
    run = collect(ONE)
    assert (run.status, run.inserted) == ("failed", 0)
    assert run.error is not None
    assert run.error["code"] == "PROVIDER_UNAVAILABLE"


# ------------------------------------------------------------------ F-12


@pytest.mark.parametrize(
    "fault", [cut(), cut(0.999), wrong_length(50)], ids=["half", "end", "length"]
)
def test_f_12_a_page_that_is_not_whole_is_dropped_and_fetched_again(
    weather: Weather, collect: Collect, target: Dataset, fault: Any
) -> None:
    weather.spoil[ONE].append(fault)
    run = collect(ONE)
    assert (run.status, run.inserted, run.rejected) == ("succeeded", DAYS, 0)
    assert len(weather.calls_of(ONE)) == 2
    values = DataPoint.objects.filter(dataset=target).values_list("timestamp", "value")
    assert all(one["TMAX"] == value(ONE, moment.toordinal()) for moment, one in values)


def test_f_12_byte_by_byte_is_ended_in_time_and_memory_stays_flat(
    weather: Weather, collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "Limits", limits(total_s=2.0))
    weather.spoil[ONE].extend([drip(0.0005)] * 5)
    # What is loaded or made once is no part of it.
    collect(OTHER)
    feeds.change_feed(Feed.objects.get(), parameters={**SPAN, "stations": [ONE]})
    tracemalloc.start()
    try:
        start = time.monotonic()
        run = collect()
        took_s = time.monotonic() - start
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (run.status, run.inserted) == ("failed", 0)
    assert len(weather.calls_of(ONE)) >= 1
    assert took_s < 30
    assert peak < 5e6


# ------------------------------------------------------------------ F-13, F-14


def with_bad(rows: int) -> Any:
    """So many rows of the page whose value is no number."""

    def spoil(content: bytes) -> bytes:
        found = content.splitlines(keepends=True)
        return b"".join(
            line.replace(b'",",,W"', b'x",",,W"') if 1 <= number <= rows else line
            for number, line in enumerate(found)
        )

    return body(spoil)


def test_f_13_one_bad_row_is_listed_with_its_reason_and_the_others_are_stored(
    weather: Weather, collect: Collect, target: Dataset
) -> None:
    weather.spoil[ONE].append(with_bad(1))
    run = collect(ONE)
    assert (run.status, run.inserted, run.rejected) == ("partial", DAYS - 1, 1)
    (listed,) = run.rejections
    assert listed["station"] == ONE
    assert listed["field"] == "TMAX"
    assert "number" in listed["message"]


def test_f_13_six_in_a_hundred_refuse_the_page_and_the_run_is_partial(
    weather: Weather, collect: Collect, target: Dataset
) -> None:
    weather.spoil[OTHER].append(with_bad(6))
    run = collect(ONE, OTHER)
    assert run.status == "partial"
    assert run.error is not None
    assert (stored(target, ONE), stored(target, OTHER)) == (DAYS, 0)
    assert run.received == run.inserted + run.updated + run.unchanged + run.rejected


def test_f_13_a_run_whose_only_page_is_refused_is_partial_too(
    weather: Weather, collect: Collect, target: Dataset
) -> None:
    weather.spoil[ONE].append(with_bad(6))
    run = collect(ONE)
    assert run.error is not None
    assert (run.status, run.error["code"]) == ("partial", "PROVIDER_REFUSED")
    assert (run.rejected, len(run.rejections), stored(target, ONE)) == (6, 6, 0)


def test_f_14_a_renamed_field_stops_the_run_before_it_stores(
    weather: Weather, collect: Collect, target: Dataset
) -> None:
    weather.spoil[ONE].append(body(lambda content: content.replace(b"TMAX", b"T_MAX")))
    run = collect(ONE)
    assert run.status == "failed"
    assert run.error is not None
    assert run.error["code"] == "SCHEMA_DRIFT"
    assert DataPoint.objects.filter(dataset=target).count() == 0
    # What it answered is kept, so that it can be looked at.
    assert Document.objects.filter(run_id=run.pk).count() == 1


def test_f_14_another_unit_is_refused(weather: Weather, collect: Collect, target: Dataset) -> None:
    def in_tenths(content: bytes) -> bytes:
        head, *rest = content.decode().splitlines()
        rows = (line.split('","') for line in rest)
        tenths = (
            '","'.join([code, day, f"{float(number) * 10:6.0f}", flags])
            for code, day, number, flags in rows
        )
        return "\n".join([head, *tenths, ""]).encode()

    weather.spoil[ONE].append(body(in_tenths))
    run = collect(ONE)
    assert run.status == "failed"
    assert run.error is not None
    assert run.error["code"] == "SCHEMA_DRIFT"
    assert DataPoint.objects.filter(dataset=target).count() == 0


def test_f_14_an_added_field_is_noted_and_left_out(
    weather: Weather, collect: Collect, target: Dataset
) -> None:
    def wider(content: bytes) -> bytes:
        head, *rest = content.decode().splitlines()
        return "\n".join([f'{head},"NEWS"', *(f'{line},"1"' for line in rest), ""]).encode()

    weather.spoil[ONE].append(body(wider))
    run = collect(ONE)
    assert (run.status, run.inserted) == ("succeeded", DAYS)
    assert "NEWS" in " ".join(run.notes)


# ------------------------------------------------------------------ F-15, F-16


def test_f_15_repeated_and_shuffled_rows_change_nothing(
    weather: Weather, collect: Collect, target: Dataset
) -> None:
    collect(ONE, lookback_days=5000)
    target.refresh_from_db()
    before = target.revision

    def shuffled(content: bytes) -> bytes:
        _, *rest = content.decode().splitlines(keepends=True)
        return (HEADER + "".join([*reversed(rest), *rest[:7]])).encode()

    weather.spoil[ONE].append(body(shuffled))
    run = collect()
    assert (run.status, run.inserted, run.updated, run.unchanged) == ("succeeded", 0, 0, DAYS)
    target.refresh_from_db()
    assert target.revision == before


def test_f_15_spans_that_overlap_are_counted_once(
    weather: Weather, collect: Collect, target: Dataset
) -> None:
    collect(ONE, lookback_days=30)
    weather.calls.clear()
    run = collect()
    assert (run.inserted, run.updated, run.unchanged) == (0, 0, 30)
    assert stored(target, ONE) == DAYS
    (call,) = weather.calls
    assert call.params["startDate"] == "2001-03-12"


def test_f_16_what_comes_late_or_is_corrected_within_the_look_back_is_taken(
    weather: Weather, collect: Collect, target: Dataset
) -> None:
    late, corrected, too_old = (LAST.toordinal() - n for n in (2, 5, 60))
    weather.late.add((ONE, late))
    collect(ONE, lookback_days=30)
    target.refresh_from_db()
    before = target.revision
    weather.late.clear()
    weather.revised = {(ONE, corrected): 1.5, (ONE, too_old): 1.5}
    run = collect()
    assert (run.status, run.inserted, run.updated) == ("succeeded", 1, 1)
    target.refresh_from_db()
    assert target.revision == before + 1
    values = {
        moment.toordinal(): one["TMAX"]
        for moment, one in DataPoint.objects.filter(dataset=target).values_list(
            "timestamp", "value"
        )
    }
    assert values[late] == value(ONE, late)
    assert values[corrected] == round(value(ONE, corrected) + 1.5, 1)
    # Nobody asked for it again.
    assert values[too_old] == value(ONE, too_old)
