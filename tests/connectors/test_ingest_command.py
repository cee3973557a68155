"""`ingest noaa` against the fake service: what is stored, kept, covered and said."""

import gzip
from datetime import date, timedelta
from typing import Any

import pytest

from accounts.models import User
from connectors.models import Coverage, Document, Feed, Run
from datasets import access
from datasets.models import Dataset, Revision
from datasets.selectors.series import series
from tests.connectors.conftest import Ingest
from tests.connectors.fakes.noaa import DIVISORS, PLACES, FakeNoaa, value
from tests.connectors.fakes.server import cut, outage_page, status

CODE = "USW00094728"
FIRST, DAYS = date(2013, 12, 1), 62
LAST = FIRST + timedelta(days=DAYS - 1)
# Nothing is known of it; it comes before the other.
UNKNOWN = "USW00000001"
WORDS = ("noaa", "--station", CODE, "--start", FIRST, "--end", LAST, "--json")


def stored() -> dict[str, dict[date, float]]:
    """Values of each variable by day."""
    dataset = Dataset.objects.get(source="noaa")
    found = {}
    for name in DIVISORS:
        one = series(access.full_view(dataset), name)
        days = one.timestamps.astype("datetime64[D]").astype(object)
        found[name] = dict(zip(days, one.values.tolist(), strict=True))
    return found


def expected() -> dict[str, dict[date, float]]:
    days = [FIRST + timedelta(days=n) for n in range(DAYS)]
    table = {name: {day: value(CODE, name, day) for day in days} for name in DIVISORS}
    return {n: {d: v for d, v in one.items() if v is not None} for n, one in table.items()}


def test_what_is_stored_is_what_the_station_measured(
    admin: User, fake_noaa: FakeNoaa, ingest_command: Ingest
) -> None:
    said = ingest_command(*WORDS)
    assert said.code == 0, said.err
    assert stored() == expected()
    receipt = said.receipt
    assert (receipt["status"], receipt["received"], receipt["inserted"]) == ("succeeded", 62, 62)
    # One request for up to ten calendar years.
    assert (len(fake_noaa.calls), receipt["revision"]) == (1, 1)


def test_the_target_is_named_owned_and_licensed(
    admin: User, fake_noaa: FakeNoaa, ingest_command: Ingest
) -> None:
    ingest_command(*WORDS, "--dataset", "Central Park")
    dataset = Dataset.objects.get(name="Central Park")
    assert (dataset.owner, dataset.source, dataset.schema_mode) == (admin, "noaa", "freeze")
    assert "doi:10.7289" in dataset.citation
    station = dataset.stations.get()
    place = PLACES[CODE]
    assert (station.code, station.name) == (CODE, place.name)
    assert (station.latitude, station.elevation_m) == (place.latitude, place.elevation_m)
    units = dict(dataset.variables.values_list("name", "unit"))
    assert (units["TMAX"], units["PRCP"], units["AWND"]) == ("degC", "mm", "m s-1")


def test_the_same_again_changes_nothing_and_uses_the_same_feed(
    admin: User, fake_noaa: FakeNoaa, ingest_command: Ingest
) -> None:
    ingest_command(*WORDS)
    again = ingest_command(*WORDS).receipt
    # Of what is known only the last days are asked for again.
    assert (again["inserted"], again["updated"], again["unchanged"]) == (0, 0, 45)
    assert again["revision"] == 1
    assert (Feed.objects.count(), Run.objects.count(), Dataset.objects.count()) == (1, 2, 1)
    assert Revision.objects.count() == 1


def test_f_16_a_corrected_value_is_an_update_and_a_new_revision(
    admin: User, fake_noaa: FakeNoaa, ingest_command: Ingest
) -> None:
    late, corrected = LAST - timedelta(days=30), LAST - timedelta(days=40)
    fake_noaa.missing = {late}
    assert ingest_command(*WORDS).receipt["inserted"] == 61
    fake_noaa.missing = set()
    fake_noaa.flags = {("TMAX", corrected): ",I,W"}
    again = ingest_command(*WORDS).receipt
    assert (again["inserted"], again["updated"], again["unchanged"]) == (1, 1, 43)
    # The value that failed the provider's check is left out of series.
    assert corrected not in stored()["TMAX"]


def test_the_raw_answer_is_kept_and_can_be_read_again(
    admin: User, fake_noaa: FakeNoaa, ingest_command: Ingest
) -> None:
    ingest_command(*WORDS)
    run = Run.objects.get()
    first = Document.objects.get(run_id=run.pk)
    text = gzip.decompress(bytes(first.body)).decode()
    assert text.startswith('"STATION","DATE"')
    assert text.count("\n") == 1 + 62
    assert first.request["params"]["stations"] == CODE
    assert (first.status, first.headers["content-type"]) == (200, "text/csv")
    assert first.request["params"]["startDate"] == "2013-12-01"
    assert first.feed_id == run.feed_id


def test_what_was_asked_for_is_covered(
    admin: User, fake_noaa: FakeNoaa, ingest_command: Ingest
) -> None:
    assert ingest_command(*WORDS, "--station", UNKNOWN).code == 0
    states = Coverage.objects.order_by("station")
    assert list(states.values_list("station", "start__date", "end__date", "state")) == [
        (UNKNOWN, FIRST, LAST + timedelta(days=1), "empty"),
        (CODE, FIRST, LAST + timedelta(days=1), "fetched"),
    ]


def test_only_the_variables_asked_for_are_fetched(
    admin: User, fake_noaa: FakeNoaa, ingest_command: Ingest
) -> None:
    assert ingest_command(*WORDS, "--variables", "TMAX,PRCP").code == 0
    found = stored()
    assert found["TMAX"] == expected()["TMAX"]
    assert found["TMIN"] == {}


# What comes, what is said of it, and how often it is asked for.
FAULTS: list[tuple[str, Any, str, int]] = [
    ("an outage page", outage_page(), "web page", 5),
    ("a refusal", status(403, b"no"), "", 1),
    ("an error page", outage_page(404), "", 1),
    (
        "json in place of csv",
        status(200, b'{"errorMessage":"quota"}', "application/json"), "quota", 1,
    ),
]  # fmt: skip


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("fault", "words", "tries"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_f_10_a_first_answer_that_is_none_fails_the_run_and_stores_nothing(
    admin: User,
    fake_noaa: FakeNoaa,
    ingest_command: Ingest,
    fault: Any,
    words: str,
    tries: int,
) -> None:
    fake_noaa.script(*[fault] * 10)
    said = ingest_command(*WORDS)
    assert said.code == 1
    assert len(fake_noaa.calls) == tries
    assert words in said.err
    assert said.receipt["status"] == "failed"
    run = Run.objects.get()
    assert run.error is not None
    assert run.error["message"] in said.err
    assert (run.inserted, run.checkpoint, Revision.objects.count()) == (0, 0, 0)
    covered = Coverage.objects.get()
    assert (covered.state, covered.reason) == ("failed", run.error["message"])


def test_f_10_an_outage_that_passes_is_overcome(
    admin: User, fake_noaa: FakeNoaa, impatient: None, ingest_command: Ingest
) -> None:
    fake_noaa.script(*[outage_page()] * 4)
    said = ingest_command(*WORDS)
    assert said.receipt["status"] == "succeeded"
    assert len(fake_noaa.calls) == 5


def test_f_10_a_later_answer_that_is_none_leaves_the_earlier_ones_and_ends_with_6(
    admin: User, fake_noaa: FakeNoaa, impatient: None, ingest_command: Ingest
) -> None:
    words = (*WORDS[:3], "--start", "2003-12-15", "--end", "2014-01-15", "--json")
    fake_noaa.script(lambda reply: reply, *[outage_page()] * 5)
    said = ingest_command(*words)
    assert said.code == 6
    assert said.receipt["status"] == "partial"
    states = Coverage.objects.values_list("state", flat=True)
    assert sorted(states) == ["failed", "fetched"]
    missing = said.receipt["inserted"]
    # Asked again, the rest comes.
    fake_noaa.reset()
    again = ingest_command(*words)
    assert again.code == 0
    assert missing + again.receipt["inserted"] == 3685
    assert set(Coverage.objects.values_list("state", flat=True)) == {"fetched"}


def test_f_12_a_cut_answer_is_asked_for_again(
    admin: User, fake_noaa: FakeNoaa, ingest_command: Ingest, impatient: None
) -> None:
    fake_noaa.script(cut(), status(503), status(429, Retry_After="0"))
    assert ingest_command(*WORDS).code == 0
    assert stored() == expected()
    assert len(fake_noaa.calls) == 4


def test_f_11_a_provider_that_is_away_is_said_in_a_sentence(
    admin: User, fake_noaa: FakeNoaa, ingest_command: Ingest, impatient: None, settings: Any
) -> None:
    settings.NOAA_BASE_URL = "http://127.0.0.2:9/access/services/"
    said = ingest_command(*WORDS)
    assert said.code == 1
    assert "PROVIDER_UNAVAILABLE" in said.err
    assert "Traceback" not in said.err
    assert Revision.objects.count() == 0


@pytest.mark.parametrize(
    ("words", "said_of_it"),
    [
        (["--station", "x", "--start", "2014-01-01", "--end", "2014-01-02"], "station"),
        (["--station", CODE, "--start", "2014-01-02", "--end", "2014-01-01"], "start"),
        (["--station", CODE, "--start", "soon", "--end", "2014-01-01"], "start"),
        (["--station", CODE, "--end", "2014-01-01"], "start"),
        (["--station", CODE, "--start", "2014-01-01", "--end", "2014-01-02", "--variables", "X"],
         "variables"),
        (["--station", CODE, "--start", "2014-01-01", "--end", "2014-01-02", "--product", "x"],
         "product"),
    ],
    ids=lambda value: str(value)[:70],
)  # fmt: skip
def test_a_wrong_use_ends_with_2_and_asks_nobody(
    admin: User, fake_noaa: FakeNoaa, ingest_command: Ingest, words: list[str], said_of_it: str
) -> None:
    said = ingest_command("noaa", *words)
    assert said.code == 2, said.err
    assert said_of_it in said.err
    assert fake_noaa.calls == []
    assert (Feed.objects.count(), Dataset.objects.count()) == (0, 0)


def test_an_unknown_provider_ends_with_2(db: None, ingest_command: Ingest) -> None:
    said = ingest_command("oracle")
    assert said.code in {1, 2}
    assert "noaa" in said.err


def test_a_receipt_for_people_is_one_line(
    admin: User, fake_noaa: FakeNoaa, ingest_command: Ingest
) -> None:
    said = ingest_command(*WORDS[:-1])
    (line,) = said.out.splitlines()
    assert "status: succeeded" in line
    assert "inserted: 62" in line
