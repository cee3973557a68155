"""Exports when something goes wrong: one whole file or none, and nothing left behind."""

import hashlib
import os
import resource
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from accounts.models import User
from datasets import access, services
from datasets.models import Dataset, Export
from datasets.services import exports
from datastream.core import leases
from datastream.core.models import Status
from tests.datasets.exporting import N, ask, done, files, two_stations
from tests.factories import days, make_user, write


@pytest.fixture(autouse=True)
def folder(db: None, settings: Any, tmp_path: Path) -> Path:
    settings.EXPORTS = tmp_path / "exports"
    return tmp_path / "exports"


@pytest.fixture(scope="module")
def filled(analyst: User) -> Dataset:
    """Days at two stations; revision 2 corrects one."""
    return two_stations(analyst)


def error_of(export: Export) -> Any:
    return export.error


# ------------------------------------------------------------------ what goes wrong


def test_a_withdrawn_share_fails_the_export(filled: Dataset, folder: Path):
    reader = make_user()
    view = access.view(filled.owner, filled.pk)
    shared = services.share(view, "view", user=reader)
    export = ask(filled, user=reader)
    services.withdraw(view, shared)
    assert done(export).status == Status.FAILED
    assert error_of(export)["code"] == "NOT_FOUND"
    assert (export.path, files(folder)) == ("", [])


def test_a_changed_view_fails_the_export(filled: Dataset, folder: Path):
    export = ask(filled)
    Export.objects.filter(pk=export.pk).update(view_digest="another")
    assert done(export).status == Status.FAILED
    assert error_of(export)["message"] == (
        "What you may see of the dataset has changed meanwhile; ask again."
    )
    assert files(folder) == []


def test_an_account_that_was_closed_gets_nothing(filled: Dataset):
    reader = make_user()
    services.share(access.view(filled.owner, filled.pk), "view", user=reader)
    export = ask(filled, user=reader)
    User.objects.filter(pk=reader.pk).update(is_active=False)
    assert error_of(done(export))["code"] == "NOT_FOUND"


def test_a_full_disk_fails_the_export_and_leaves_no_half_file(filled: Dataset, folder: Path):
    write(filled, [{**one, "station": "C"} for one in days(400)])
    export = ask(filled)
    # No file may grow past this: as near to a full disk as a test comes without making one.
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, most[1]))
    try:
        done(export)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    assert export.status == Status.FAILED
    assert error_of(export)["code"] == "NO_ROOM"
    assert "no room" in error_of(export)["message"]
    assert files(folder) == []


def test_a_folder_that_cannot_be_made_fails_the_export_in_one_sentence(
    filled: Dataset, settings: Any, tmp_path: Path
):
    (tmp_path / "file").write_bytes(b"")
    settings.EXPORTS = tmp_path / "file" / "exports"
    export = done(ask(filled))
    assert export.status == Status.FAILED
    assert export.error == {
        "code": "SERVER_ERROR", "message": "The file could not be written (NotADirectoryError).",
    }  # fmt: skip


# ------------------------------------------------------------------ workers that die


def taken(export: Export, attempt: int = 1) -> None:
    """Have the row say that a worker had it and died."""
    late = Now() - timedelta(seconds=1)
    Export.objects.filter(pk=export.pk).update(
        status=Status.RUNNING, attempt=attempt, lease_until=late, started_at=late
    )


def test_f_02_what_a_dead_worker_left_is_written_again_as_one_file(filled: Dataset, folder: Path):
    export = ask(filled)
    taken(export)
    folder.mkdir(parents=True)
    (folder / f"{export.pk}.1.part").write_bytes(b"half a fi")
    (folder / f"{export.pk}.ndjson").write_bytes(b"whole, but not noted")
    assert done(export).attempt == 2
    assert files(folder) == [f"{export.pk}.ndjson"]
    assert hashlib.sha256(exports.path_of(export).read_bytes()).hexdigest() == export.digest


def test_the_sweep_takes_up_what_was_left(filled: Dataset, django_capture_on_commit_callbacks: Any):
    export = ask(filled)
    taken(export)
    with django_capture_on_commit_callbacks(execute=True):
        assert exports.sweep() == 1
    export.refresh_from_db()
    assert (export.status, export.attempt) == (Status.SUCCEEDED, 2)


def test_three_dead_workers_are_enough(filled: Dataset, folder: Path):
    export = ask(filled)
    taken(export, attempt=exports.TRIES)
    assert done(export).status == Status.FAILED
    assert error_of(export)["code"] == "WORKER_DIED"
    assert files(folder) == []


def test_an_export_in_hand_is_left_alone(filled: Dataset):
    export = ask(filled)
    Export.objects.filter(pk=export.pk).update(
        status=Status.RUNNING, attempt=1, lease_until=Now() + timedelta(minutes=1)
    )
    assert done(export).attempt == 1
    assert export.status == Status.RUNNING


@pytest.mark.parametrize("how", ["deleted", "cancelled", "taken by another"])
def test_a_worker_that_lost_the_row_leaves_nothing(filled: Dataset, folder: Path, how: str):
    export = ask(filled)
    running = leases.take(Export.objects.all(), export.pk)
    assert running is not None
    rows = Export.objects.filter(pk=export.pk)
    if how == "deleted":
        rows.delete()
    else:
        rows.update(**{"attempt": 2} if how == "taken by another" else {"status": "cancelled"})
    exports._attempt(running, threading.Event(), exports.Progress())
    assert files(folder) == []
    assert not rows.filter(status__in=[Status.SUCCEEDED, Status.FAILED]).exists()


def test_a_worker_stops_in_the_middle_when_it_is_told(filled: Dataset, folder: Path):
    running = leases.take(Export.objects.all(), ask(filled).pk)
    assert running is not None
    lost = threading.Event()
    lost.set()
    exports._attempt(running, lost, exports.Progress())
    assert files(folder) == []
    running.refresh_from_db()
    assert running.status == Status.RUNNING


def test_more_than_expected_is_not_more_than_all():
    assert exports.Progress(expected_bytes=10, written_bytes=50).share == 0.99
    assert exports.Progress().share == 0


# ------------------------------------------------------------------ what is removed


def test_a_file_goes_when_its_time_is_over_and_the_row_stays(filled: Dataset, folder: Path):
    export = done(ask(filled))
    exports.sweep()
    assert files(folder) == [f"{export.pk}.ndjson"]
    Export.objects.filter(pk=export.pk).update(expires_at=Now() - timedelta(seconds=1))
    exports.sweep()
    export.refresh_from_db()
    assert (export.status, export.path, export.rows) == (Status.SUCCEEDED, "", N)
    assert files(folder) == []


def test_what_nobody_knows_goes_after_a_day(filled: Dataset, folder: Path):
    export = done(ask(filled))
    young = f"{uuid4()}.csv"
    for name in (young, f"{uuid4()}.csv", f"{uuid4()}.1.part"):
        (folder / name).write_bytes(b"x")
        if name != young:
            two_days_ago = time.time() - 2 * 86_400
            os.utime(folder / name, (two_days_ago, two_days_ago))
    os.utime(exports.path_of(export), (0, 0))
    exports.sweep()
    assert files(folder) == sorted([f"{export.pk}.ndjson", young])


def test_deleting_an_export_removes_its_file(
    filled: Dataset, folder: Path, django_capture_on_commit_callbacks: Any
):
    export = done(ask(filled))
    with django_capture_on_commit_callbacks(execute=True):
        exports.delete_export(export)
    assert (files(folder), Export.objects.count()) == ([], 0)


def test_the_file_of_an_export_whose_dataset_goes_can_be_removed(filled: Dataset, folder: Path):
    export = done(ask(filled))
    exports.remove_file(export)
    exports.remove_file(export)
    assert files(folder) == []
