"""`manage.py ingest`: providers by their parameters, feeds by name, plans, and what is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from accounts.models import User
from connectors import credentials, services
from connectors.models import Coverage, Document, Feed, Run
from datasets.models import Dataset, Revision
from tests.connectors.conftest import Ingest
from tests.connectors.fakes.noaa import FakeNoaa
from tests.connectors.fakes.server import outage_page

CODE, OTHER = "USW00094728", "USW00024233"
WORDS = ("noaa", "--station", CODE, "--start", "2013-12-01", "--end", "2014-01-31", "--json")


@pytest.fixture(autouse=True)
def asked(admin: User, fake_noaa: FakeNoaa) -> FakeNoaa:
    return fake_noaa


def test_a_dry_run_says_what_it_would_ask_for_and_does_nothing(
    asked: FakeNoaa, ingest_command: Ingest
) -> None:
    said = ingest_command(*WORDS, "--station", OTHER, "--dry-run")
    assert said.code == 0, said.err
    assert (said.receipt["requests"], said.receipt["places"]) == (2, 2)
    assert (said.receipt["first_day"], said.receipt["last_day"]) == ("2013-12-01", "2014-01-31")
    assert asked.calls == []
    assert (Feed.objects.count(), Dataset.objects.count(), Run.objects.count()) == (0, 0, 0)


def test_a_dry_run_of_a_feed_that_knows_all_of_it_asks_for_the_look_back(
    asked: FakeNoaa, ingest_command: Ingest
) -> None:
    ingest_command(*WORDS)
    asked.calls.clear()
    said = ingest_command(*WORDS, "--dry-run").receipt
    assert (said["requests"], said["first_day"]) == (1, "2013-12-18")
    assert asked.calls == []
    ingest_command(*WORDS)
    assert [call.params["startDate"] for call in asked.calls] == ["2013-12-18"]
    Feed.objects.update(lookback_days=0)
    assert ingest_command(*WORDS, "--dry-run").receipt["requests"] == 0


def test_several_stations_and_variables_reach_the_provider(
    asked: FakeNoaa, ingest_command: Ingest
) -> None:
    words = ("--stations", f"{CODE},{OTHER}", "--variable", "TMAX", "--variables", "TMIN,PRCP")
    said = ingest_command("noaa", *words, "--start", "2014-01-01", "--end", "2014-01-05", "--json")
    assert said.code == 0, said.err
    assert {call.params["stations"] for call in asked.calls} == {CODE, OTHER}
    assert {call.params["dataTypes"] for call in asked.calls} == {"TMAX,TMIN,PRCP"}


def test_any_parameter_may_be_given_by_its_name(asked: FakeNoaa, ingest_command: Ingest) -> None:
    words = ("--param", f'stations=["{CODE}"]', "--param", "start=2014-01-01")
    said = ingest_command("noaa", *words, "--end", "2014-01-02", "--json")
    assert said.code == 0, said.err
    assert asked.calls[0].params["stations"] == CODE


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--station", "x", "--start", "2014-01-01"), "stations"),
        (("--station", CODE), "start"),
        (("--station", CODE, "--start", "2014-01-01", "--product", "nonsense"), "product"),
        (("--station", CODE, "--start", "2014-01-01", "--param", "colour=red"), "colour"),
        (("--station", CODE, "--start", "2014-01-01", "--param", "colour"), "param"),
        (("--station", CODE, "--start", "2014-01-01", "--schedule", "often"), "schedule"),
        (("--station", CODE, "--start", "2014-01-01", "--credential", "mine"), "credential"),
    ],
)
def test_a_wrong_word_is_named_and_nobody_is_asked(
    words: tuple[str, ...], named: str, asked: FakeNoaa, ingest_command: Ingest
) -> None:
    said = ingest_command("noaa", *words)
    assert said.code == 2
    assert named in said.err
    assert asked.calls == []


def test_a_feed_gets_name_schedule_and_key(admin: User, ingest_command: Ingest) -> None:
    key = credentials.keep_credential("noaa", admin, label="mine", secret="token")
    said = ingest_command(
        *WORDS, "--name", "daily", "--schedule", "cron:30 6 * * *", "--credential", "mine"
    )
    assert said.code == 0, said.err
    feed = Feed.objects.get(name="daily")
    assert (feed.schedule, feed.credential) == ({"cron": "30 6 * * *"}, key)
    assert feed.next_run_at is not None


def test_a_feed_runs_by_its_name_and_by_its_id(asked: FakeNoaa, ingest_command: Ingest) -> None:
    ingest_command(*WORDS, "--name", "daily")
    feed = Feed.objects.get()
    for name in ("daily", str(feed.pk)):
        asked.calls.clear()
        said = ingest_command("--feed", name, "--json")
        assert said.code == 0, said.err
        # The look-back, and nothing else.
        assert [call.params["startDate"] for call in asked.calls] == ["2013-12-18"]
        assert (said.receipt["inserted"], said.receipt["unchanged"]) == (0, 45)


def test_with_refetch_all_of_it_is_asked_for_again(asked: FakeNoaa, ingest_command: Ingest) -> None:
    ingest_command(*WORDS)
    asked.calls.clear()
    said = ingest_command(*WORDS, "--refetch")
    assert [call.params["startDate"] for call in asked.calls] == ["2013-12-01"]
    assert said.receipt["unchanged"] == 62


def test_documents_are_read_again_without_asking(asked: FakeNoaa, ingest_command: Ingest) -> None:
    ingest_command(*WORDS, "--name", "daily")
    documents = Document.objects.count()
    asked.calls.clear()
    said = ingest_command("--feed", "daily", "--replay-documents", "--json")
    assert said.code == 0, said.err
    assert (said.receipt["unchanged"], said.receipt["inserted"]) == (62, 0)
    assert asked.calls == []
    assert (Document.objects.count(), Revision.objects.count()) == (documents, 1)


def test_all_that_is_due_is_run_and_the_worst_code_told(
    asked: FakeNoaa, impatient: None, ingest_command: Ingest
) -> None:
    for name, code in (("one", CODE), ("two", OTHER), ("later", OTHER)):
        words = ("--station", code, "--start", "2014-01-01", "--end", "2014-01-02", "--dry-run")
        ingest_command("noaa", *words[:-1], "--name", name, "--schedule", "every:6h")
    Feed.objects.exclude(name="later").update(next_run_at=Now() - timedelta(minutes=1))
    asked.calls.clear()
    asked.script(*[outage_page()] * 5)
    said = ingest_command("--all-due")
    assert said.code == 1
    assert said.out.count("run: ") == 2
    assert len(asked.calls) == 6
    assert not Feed.objects.filter(next_run_at__lt=Now()).exists()
    assert set(Run.objects.exclude(feed__name="later").values_list("trigger", flat=True)) >= {
        "schedule"
    }


def test_a_feed_that_is_due_and_cannot_start_is_named_and_holds_up_none(
    ingest_command: Ingest,
) -> None:
    for name in ("broken", "busy", "well"):
        ingest_command(*WORDS, "--name", name, "--schedule", "every:6h")
    Feed.objects.filter(name="broken").update(schedule={"cron": "0 0 30 2 *"})
    services.start_run(Feed.objects.get(name="busy"))
    for minutes, name in enumerate(("well", "busy", "broken"), 1):
        Feed.objects.filter(name=name).update(next_run_at=Now() - timedelta(minutes=minutes))
    said = ingest_command("--all-due")
    assert (said.code, said.out.count("run: ")) == (1, 1)
    assert "broken:\nThe request is not valid.\n  schedule: This time never comes." in said.err
    assert "busy:\nThe feed is running already" in said.err
    assert Run.objects.filter(feed__name="well").count() == 2


def test_nothing_due_is_said(ingest_command: Ingest) -> None:
    said = ingest_command("--all-due")
    assert (said.code, said.out) == (0, "")
    assert "No feed is due" in said.err


def test_flags_before_the_provider_count_as_those_after_it(
    asked: FakeNoaa, ingest_command: Ingest
) -> None:
    said = ingest_command("--dry-run", "--json", *WORDS[:-1])
    assert said.receipt["requests"] == 1
    assert asked.calls == []
    assert Feed.objects.count() == 0


@pytest.mark.parametrize(
    "words",
    [
        ("--feed", "daily", *WORDS),
        ("--all-due", *WORDS),
        ("--all-due", "--dry-run"),
        ("--all-due", "--replay-documents"),
        ("file", "my.csv", "--dataset", "x", "--dry-run"),
        ("--dry-run", "file", "my.csv", "--dataset", "x"),
    ],
)
def test_words_that_do_not_go_together_are_refused(
    words: tuple[str, ...], asked: FakeNoaa, ingest_command: Ingest
) -> None:
    said = ingest_command(*words)
    assert (said.code, asked.calls, Run.objects.count()) == (2, [], 0)
    assert said.err


def test_a_replay_of_nothing_is_said(ingest_command: Ingest) -> None:
    ingest_command(*WORDS, "--name", "daily")
    Document.objects.all().delete()
    said = ingest_command("--feed", "daily", "--replay-documents")
    assert (said.code, "No answers of this feed are kept" in said.err) == (0, True)


@pytest.mark.parametrize("words", [(), ("--feed", "nobody")])
def test_without_a_feed_it_says_what_to_do(words: tuple[str, ...], ingest_command: Ingest) -> None:
    said = ingest_command(*words)
    assert said.code == 2
    assert said.err


def test_ctrl_c_ends_the_run_and_keeps_what_is_stored(
    asked: FakeNoaa, ingest_command: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Any = services.execute_run

    def interrupted(run_id: Any, progress: Any) -> Any:
        real(run_id, progress)
        Run.objects.filter(pk=run_id).update(status="running", finished_at=None)
        raise KeyboardInterrupt

    monkeypatch.setattr(services, "execute_run", interrupted)
    said = ingest_command(*WORDS)
    assert said.code == 1
    assert said.receipt["status"] == "cancelled"
    assert "the next run asks for the rest" in said.err
    assert Coverage.objects.count() == 1
