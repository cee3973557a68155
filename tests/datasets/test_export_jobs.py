"""What exports hold, and what becomes of the same question asked again."""

import hashlib
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.db.models.functions import Now

from accounts.models import User
from datasets import access, services
from datasets.models import Dataset, Export
from datasets.selectors.points import FIELDS, Selection
from datasets.selectors.questions import Question, question
from datasets.services import exports
from datastream.core import clock
from datastream.core.errors import ConflictError
from datastream.core.models import Status
from tests.datasets.exporting import N, ask, done, files, lines, two_stations
from tests.datasets.reading import read
from tests.factories import days, make_user, write


@pytest.fixture(autouse=True)
def folder(db: None, settings: Any, tmp_path: Path) -> Path:
    settings.EXPORTS = tmp_path / "exports"
    return tmp_path / "exports"


@pytest.fixture(scope="module")
def filled(analyst: User) -> Dataset:
    """Days at two stations; revision 2 corrects one."""
    return two_stations(analyst)


# ------------------------------------------------------------------ what is written


def test_the_file_holds_the_points_and_the_row_says_what_it_is(filled: Dataset, folder: Path):
    export = done(ask(filled))
    assert export.status == Status.SUCCEEDED, export.error
    body = exports.path_of(export).read_bytes()
    assert hashlib.sha256(body).hexdigest() == export.digest
    assert (export.size_bytes, export.rows, export.progress) == (len(body), N, 1)
    assert [(one["station"], one["timestamp"]) for one in lines(export)] == [
        (one["station"], one["timestamp"]) for one in read(filled)
    ]
    assert export.finished_at is not None
    assert export.expires_at is not None
    assert timedelta(hours=23) < export.expires_at - export.finished_at < timedelta(hours=25)
    assert files(folder) == [f"{export.pk}.ndjson"]


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet", "arrow", "geojson"])
def test_every_format_can_be_exported(filled: Dataset, kind: str):
    export = done(ask(filled, kind))
    assert (export.status, export.rows) == (Status.SUCCEEDED, N), export.error
    assert export.size_bytes


def test_what_was_asked_is_read_at_the_revision_of_then(filled: Dataset):
    asked: dict[str, Any] = {
        "stations": ("A",),
        "start": clock.parse("2001-01-01", "start"),
        "revision": 1,
    }
    export = ask(filled, **asked, end=clock.parse("2001-01-04", "end"), variables=("TMAX",))
    write(filled, [{**days(1)[0], "station": "A", "value": {"TMAX": -5}}])
    found = lines(done(export))
    assert export.rows == 3
    assert [one["value"]["TMAX"] for one in found] == [10.5, 11.5, 12.5]


def test_a_question_comes_back_from_its_row_as_it_was():
    whole = Selection(
        revision=7,
        start=clock.parse("2001-01-01T00:00:00.000001Z", "start"),
        end=clock.parse("2002-01-01", "end"),
        stations=("", "é"),
        variables=("TMAX",),
        descending=True,
        box=(-10.5, 0.1, 20, 30),
        failed=False,
    )
    for one in (
        Question(whole, ("timestamp",), {"TMAX": "degF"}),
        Question(Selection(1), FIELDS, {}),
    ):
        kept = orjson.loads(orjson.dumps(one.kept()))
        assert question(kept, one.selection.revision) == one


def test_an_empty_selection_makes_a_file_without_rows(filled: Dataset):
    export = done(ask(filled, start=clock.parse("2050-01-01", "start")))
    assert (export.status, export.rows, lines(export)) == (Status.SUCCEEDED, 0, [])


def test_nobody_else_on_the_machine_reads_the_file(filled: Dataset, folder: Path):
    export = done(ask(filled))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(exports.path_of(export).stat().st_mode) == 0o600


# ------------------------------------------------------------------ asked for again


def test_the_same_question_is_one_export(filled: Dataset, django_capture_on_commit_callbacks: Any):
    with django_capture_on_commit_callbacks() as queued:
        first = ask(filled)
        assert ask(filled) == first
        assert done(first).status == Status.SUCCEEDED
        assert ask(filled) == first
    assert len(queued) == 1


@pytest.mark.parametrize("kind", ["other format", "other query", "other revision", "other facts"])
def test_another_question_is_another_export(filled: Dataset, kind: str):
    first = ask(filled)
    if kind == "other facts":
        services.change_dataset(access.view(filled.owner, filled.pk), citation="Somebody, 2001")
    asked: dict[str, dict[str, Any]] = {
        "other format": {"kind": "csv"},
        "other query": {"variables": ("TMIN",)},
        "other revision": {"revision": 1},
    }
    assert ask(filled, **asked.get(kind, {})) != first


def test_an_export_of_somebody_else_is_not_shared(filled: Dataset):
    reader = make_user()
    services.share(access.view(filled.owner, filled.pk), "view", user=reader)
    assert ask(filled, user=reader) != ask(filled)


@pytest.mark.parametrize("end", ["failed", "cancelled", "expired", "lost"])
def test_what_has_no_file_any_more_is_made_again(filled: Dataset, end: str):
    first = done(ask(filled))
    if end == "lost":
        exports.path_of(first).unlink()
    elif end == "expired":
        Export.objects.filter(pk=first.pk).update(expires_at=Now() - timedelta(seconds=1))
    else:
        Export.objects.filter(pk=first.pk).update(status=end)
    assert ask(filled) != first


def test_a_user_has_so_many_open_exports_and_no_more(filled: Dataset):
    kinds = ["csv", "ndjson", "parquet", "arrow", "geojson"]
    made = [ask(filled, kind, stations=("A",)) for kind in kinds]
    assert len({one.pk for one in made}) == exports.OPEN_MOST
    with pytest.raises(ConflictError, match="5 exports that are not done") as refused:
        ask(filled, "parquet")
    assert set(refused.value.details["exports"]) == {str(one.pk) for one in made}
    assert ask(filled, "csv", stations=("A",)) == made[0]
    other = make_user()
    services.share(access.view(filled.owner, filled.pk), "view", user=other)
    assert ask(filled, "parquet", user=other).status == Status.QUEUED
    exports.delete_export(made[0])
    assert ask(filled, "parquet").status == Status.QUEUED


def test_a_user_has_so_many_files_and_no_more(filled: Dataset):
    first = done(ask(filled))
    for _ in range(exports.KEPT_MOST - 1):
        Export.objects.create(
            dataset=filled, user=filled.owner, status=Status.SUCCEEDED, path="x", format="csv"
        )
    with pytest.raises(ConflictError, match="20 exports already"):
        ask(filled, "csv")
    assert ask(filled) == first
