"""A deleted dataset is gone for everybody at once, and in the end for good."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts import services as accounts
from accounts.models import User
from analyses import services as analysing
from analyses.models import Analysis
from connectors import loading
from connectors.models import Coverage, Feed, Run
from connectors.registry import connectors
from connectors.samples import SAMPLES
from connectors.services import execute_run, make_feed, start_run, sweep, target_of
from datasets import access, services
from datasets.models import (
    DataPoint,
    Dataset,
    Event,
    Export,
    PointVersion,
    Receipt,
    Revision,
    RevisionExtent,
    Rollup,
    Share,
    Station,
    Variable,
)
from datasets.services import purge
from datastream.core.errors import ConflictError, NotFoundError
from datastream.core.models import Status
from tests.datasets.reading import point, read, view
from tests.factories import days, make_dataset, make_user, write
from visualizations import services as drawing
from visualizations.models import Visualization

pytestmark = pytest.mark.slow
ALL = "/api/v1/datasets"
HANGING_ON_IT = (
    DataPoint, PointVersion, Rollup, RevisionExtent, Revision, Receipt, Event, Export, Share,
    Station, Variable, Feed, Analysis, Visualization,
)  # fmt: skip
Committed = Callable[..., Any]


@pytest.fixture
def filled(dataset: Dataset) -> Dataset:
    """A dataset with some of everything that can hang on one."""
    write(dataset, [one for code in "abc" for one in days(10, station=code)])
    write(dataset, [{**one, "value": {"TMAX": 0}} for one in days(7, station="b")])
    owner = dataset.owner
    services.share(view(dataset), "view", user=make_user("viewer"))
    analysing.request_analysis(
        view(dataset), "summary", {"variable": "TMAX", "station": "a"}, user=owner
    )
    options = {"variables": ["TMAX"], "station": "a"}
    drawn = {"title": "x", "kind": "line", "dataset": dataset.pk, "options": options}
    drawing.create_visualization(owner, drawn)
    feed = Feed.objects.create(
        name=f"feed {dataset.pk}", connector="noaa", product="x", dataset=dataset
    )
    Run.objects.create(feed=feed)
    Coverage.objects.create(feed=feed, start="2001-01-01T00Z", end="2002-01-01T00Z", state="empty")
    Rollup.objects.create(
        dataset=dataset, station_id=dataset.stations.get(code="a").pk, variable_id=1, period="day",
        start="2001-01-01T00Z", n=1, sum=1, squared_deviations=0, min=1, max=1, revision=1,
    )  # fmt: skip
    Export.objects.create(dataset=dataset, user=owner, format="csv")
    return dataset


@pytest.fixture
def empty_like(filled: Dataset) -> Dataset:
    """Another dataset of the same owner, which must stay as it is."""
    other = make_dataset(filled.owner)
    write(other, days(5))
    write(other, [point({"TMAX": 3})])
    return other


def left(dataset: Dataset) -> dict[str, int]:
    found = {
        model.__name__: model._default_manager.filter(dataset_id=dataset.pk).count()
        for model in HANGING_ON_IT
    }
    return {name: count for name, count in found.items() if count}


def mark(dataset: Dataset) -> None:
    """Delete it, without a worker that would purge it."""
    services.delete_dataset(view(dataset))


# ------------------------------------------------------------------ gone at once


def test_a_deleted_dataset_is_gone_at_once(api: APIClient, filled: Dataset):
    path = f"{ALL}/{filled.pk}"
    found = read(filled)[0]["id"]
    analysis, picture = Analysis.objects.get(), Visualization.objects.get()
    assert api.delete(path).status_code == 204
    # Nobody has purged it yet.
    assert left(filled).keys() == {model.__name__ for model in HANGING_ON_IT}
    below = ["", "/data", f"/data/{found}", "/stations", "/variables", "/shares", "/revisions",
             "/revisions/1", "/changes", "/receipts"]  # fmt: skip
    asked = [api.get(f"{path}{one}") for one in below]
    asked += [
        api.get(f"/api/v1/analyses/{analysis.pk}"),
        api.get(f"/api/v1/visualizations/{picture.pk}"),
        api.get(f"/api/v1/visualizations/{picture.pk}/image"),
        api.get(f"/api/v1/receipts/{Receipt.objects.filter(dataset=filled)[0].pk}"),
        api.patch(path, {"name": "x"}, format="json"),
        api.post(f"{path}/data", days(1), format="json"),
        api.post(f"{path}/stations", {"code": "new"}, format="json"),
        api.delete(f"{path}/data?start=2001-01-01&end=2002-01-01"),
        api.delete(f"{path}/data/{found}"),
        api.delete(path),
    ]
    unknown = api.get(f"{ALL}/{uuid4()}").json()
    for answer in asked:
        assert (answer.status_code, answer.json()) == (404, unknown)
    for listed in (ALL, "/api/v1/analyses", "/api/v1/visualizations"):
        assert api.get(listed).json()["count"] == 0


def test_nobody_sees_it_whatever_they_may(filled: Dataset):
    mark(filled)
    for user in (filled.owner, make_user("admin"), make_user("steward")):
        with pytest.raises(NotFoundError):
            access.view(user, filled.pk)


def test_deleting_is_as_quick_however_large_it_is(
    api: APIClient, dataset: Dataset, filled: Dataset
):
    def queries(one: Dataset) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.delete(f"{ALL}/{one.pk}").status_code == 204
        assert not [query for query in captured if "data_point" in query["sql"]]
        return len(captured)

    assert queries(make_dataset(dataset.owner)) == queries(filled)


def test_writers_that_come_later_find_nothing(filled: Dataset):
    seen = view(filled)
    mark(filled)
    for late in (
        lambda: write(filled, days(1)),
        lambda: services.add_station(seen, code="late"),
        lambda: services.add_variable(seen, name="late"),
        lambda: services.change_station(seen, filled.stations.get(code="a"), name="late"),
        lambda: services.declare(filled, Station, "code", [{"code": "late", "name": ""}]),
    ):
        with pytest.raises(NotFoundError):
            late()
    assert not Station.objects.filter(code="late").exists()


def test_who_has_deleted_all_may_leave(db: None):
    dataset = make_dataset(make_user("analyst"))
    with pytest.raises(ConflictError):
        accounts.remove_user(dataset.owner)
    mark(dataset)
    accounts.remove_user(dataset.owner)


def test_a_deletion_that_is_stale_deletes_nothing(api: APIClient, filled: Dataset):
    answer = api.delete(f"{ALL}/{filled.pk}", headers={"If-Match": '"x"'})
    assert answer.status_code == 412
    assert Dataset.objects.filter(pk=filled.pk, deleted_at__isnull=True).exists()


# ------------------------------------------------------------------ places are free again


def test_a_deleted_target_is_made_anew_with_its_feed(analyst: User):
    connector = connectors["noaa"]
    product = connector.product("")
    parameters = {"stations": ["USW00094728"], "start": "2020-01-01", "end": "2020-01-31"}

    def collect() -> tuple[Dataset, Feed]:
        target = target_of(connector, analyst, name="Central Park")
        feed = make_feed(
            target, connector, name="central", product=product.name, parameters=parameters
        )
        return target, feed

    first, old = collect()
    run = start_run(old)
    mark(first)
    second, new = collect()
    assert second.pk != first.pk
    assert (new.dataset_id, new.pk != old.pk) == (second.pk, True)
    assert not Run.objects.filter(pk=run.pk).exists()
    assert start_run(new).status == Status.QUEUED


def test_a_deleted_sample_is_loaded_anew(analyst: User):
    first, _ = loading.load_sample(SAMPLES[0], analyst)
    mark(first)
    second, outcome = loading.load_sample(SAMPLES[0], analyst)
    assert second.pk != first.pk
    assert outcome is not None


def test_a_deleted_dataset_is_not_found_by_its_name(filled: Dataset):
    mark(filled)
    for name in (filled.name, str(filled.pk)):
        with pytest.raises(NotFoundError):
            loading.dataset_named(name)


def test_workers_leave_what_hangs_on_it_alone(
    filled: Dataset, django_capture_on_commit_callbacks: Committed
):
    run, analysis = Run.objects.get(), Analysis.objects.get()
    Run.objects.update(created_at="2001-01-01T00Z")
    Analysis.objects.update(created_at="2001-01-01T00Z")
    with django_capture_on_commit_callbacks() as queued:
        assert (sweep(), analysing.sweep()) == (1, 1)
    assert len(queued) == 2
    mark(filled)
    assert (sweep(), analysing.sweep()) == (0, 0)
    assert execute_run(run.pk) is None
    analysing.execute(analysis.pk)
    run.refresh_from_db()
    analysis.refresh_from_db()
    assert (run.status, analysis.status) == (Status.QUEUED, Status.QUEUED)


# ------------------------------------------------------------------ and then for good


@pytest.mark.parametrize("batch", [1, 2, 7, 100_000])
def test_a_purge_leaves_nothing_of_it_and_all_of_others(
    filled: Dataset, empty_like: Dataset, monkeypatch: pytest.MonkeyPatch, batch: int
):
    monkeypatch.setattr(purge, "BATCH", batch)
    before, kept = left(empty_like), read(empty_like)
    mark(filled)
    purge.purge(filled.pk)
    assert left(filled) == {}
    assert not Dataset.everything.filter(pk=filled.pk).exists()
    assert (left(empty_like), read(empty_like)) == (before, kept)
    assert (Run.objects.count(), Coverage.objects.count()) == (0, 0)


class Killed(Exception):  # noqa: N818 - not an error
    pass


def killed_at(number: int) -> Any:
    """Let a statement of the purge be its last."""
    done = 0

    def execute(run: Any, sql: str, *rest: Any) -> Any:
        nonlocal done
        done += "SAVEPOINT" not in sql
        if done == number:
            raise Killed
        return run(sql, *rest)

    return connection.execute_wrapper(execute)


def test_a_purge_goes_on_where_it_was_ended(filled: Dataset, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(purge, "BATCH", 20)
    mark(filled)
    counts = []
    for number in itertools.count(1, 5):
        try:
            with killed_at(number):
                purge.purge(filled.pk)
        except Killed:
            counts.append(sum(left(filled).values()))
        else:
            break
    assert left(filled) == {}
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) > 4


def test_a_purge_of_what_is_not_deleted_does_nothing(filled: Dataset):
    purge.purge(filled.pk)
    purge.purge(uuid4())
    assert len(read(filled)) == 30


def test_a_purge_takes_the_files_of_exports(filled: Dataset, settings: Any, tmp_path: Path):
    settings.EXPORTS = tmp_path
    export = Export.objects.get()
    Export.objects.update(path=f"{export.pk}.csv")
    (tmp_path / f"{export.pk}.csv").write_text("x")
    (tmp_path / "other.csv").write_text("x")
    mark(filled)
    purge.purge(filled.pk)
    assert [path.name for path in tmp_path.iterdir()] == ["other.csv"]


def test_the_worker_purges_after_the_deletion(
    api: APIClient, filled: Dataset, django_capture_on_commit_callbacks: Committed
):
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"{ALL}/{filled.pk}").status_code == 204
    assert left(filled) == {}


def test_a_sweep_queues_what_was_lost(
    filled: Dataset, django_capture_on_commit_callbacks: Committed
):
    mark(filled)
    assert purge.sweep() == 0
    Dataset.everything.filter(pk=filled.pk).update(deleted_at=Now() - purge.PATIENCE)
    with django_capture_on_commit_callbacks(execute=True):
        assert purge.sweep() == 1
    assert not Dataset.everything.filter(pk=filled.pk).exists()
    assert purge.sweep() == 0


def test_two_purges_at_once_do_not_wait_for_each_other(filled: Dataset):
    """The second leaves it to the first, which is shown by holding the lock of the first."""
    mark(filled)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            key = [f"purge {filled.pk}"]
            cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", key)
            purge.purge(filled.pk)
            assert left(filled)["DataPoint"] == 30
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", key)
    finally:
        other.close()
    purge.purge(filled.pk)
    assert left(filled) == {}
