"""A job's row is taken once, kept while the work goes on, and taken again when that ends."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from analyses.models import Analysis
from datastream.core import jobs, leases
from datastream.core.models import Status
from tests.factories import make_dataset


@pytest.fixture
def job(db: None) -> Analysis:
    """A job that waits."""
    return make_job()


def make_job() -> Analysis:
    dataset = make_dataset()
    return Analysis.objects.create(
        dataset=dataset, type="summary", dataset_revision=0, method_version=1, key="k"
    )


def expire(job: Analysis, by_s: float = 1) -> None:
    Analysis.objects.filter(pk=job.pk).update(lease_until=Now() - timedelta(seconds=by_s))


def rows() -> Any:
    return Analysis.objects.all()


def test_a_waiting_row_is_taken_and_counts_its_attempt(job: Analysis) -> None:
    taken = leases.take(rows(), job.pk)
    assert taken is not None
    assert (taken.status, taken.attempt) == (Status.RUNNING, 1)
    assert taken.started_at is not None
    assert taken.lease_until is not None


def test_a_row_in_hand_is_not_taken(job: Analysis) -> None:
    leases.take(rows(), job.pk)
    assert leases.take(rows(), job.pk) is None
    assert Analysis.objects.get(pk=job.pk).attempt == 1


@pytest.mark.parametrize("status", ["partial", "failed", "cancelled"])
def test_a_row_that_is_done_is_not_taken(job: Analysis, status: str) -> None:
    Analysis.objects.filter(pk=job.pk).update(status=status)
    assert leases.take(rows(), job.pk) is None


def test_f_02_a_row_whose_worker_died_is_taken_again_with_its_first_start(job: Analysis) -> None:
    first = leases.take(rows(), job.pk)
    expire(job)
    second = leases.take(rows(), job.pk)
    assert first is not None
    assert second is not None
    assert second.attempt == 2
    assert second.started_at == first.started_at


def test_renewing_keeps_the_row(job: Analysis) -> None:
    taken = leases.take(rows(), job.pk)
    assert taken is not None
    expire(job, by_s=-1)
    assert leases.renew(taken)
    renewed = Analysis.objects.get(pk=job.pk).lease_until
    assert renewed is not None
    assert taken.lease_until is not None
    assert renewed >= taken.lease_until - timedelta(seconds=1)


def test_who_was_too_slow_cannot_renew_what_another_took(job: Analysis) -> None:
    slow = leases.take(rows(), job.pk)
    expire(job)
    quick = leases.take(rows(), job.pk)
    assert slow is not None
    assert quick is not None
    assert not leases.renew(slow)
    assert leases.renew(quick)


def test_a_cancelled_row_is_lost(job: Analysis) -> None:
    taken = leases.take(rows(), job.pk)
    assert taken is not None
    Analysis.objects.filter(pk=job.pk).update(status=Status.CANCELLED)
    assert not leases.renew(taken)


def test_the_sweep_queues_what_waits_too_long_or_was_left_behind(
    job: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(jobs, "enqueue", lambda task, **ids: sent.append(ids["job"]))
    running, left = make_job(), make_job()
    for one in (running, left):
        leases.take(rows(), one.pk)
    expire(left)
    assert leases.sweep(rows(), "task", "job") == 1
    Analysis.objects.filter(pk=job.pk).update(created_at=Now() - timedelta(minutes=1))
    assert leases.sweep(rows(), "task", "job") == 2
    assert sent == [str(left.pk), str(job.pk), str(left.pk)]


def test_f_18_of_many_workers_at_once_one_takes_the_row(committed_db: None) -> None:
    job = make_job()
    together, taken = threading.Barrier(8), []

    def work() -> None:
        try:
            together.wait(60)
            if leases.take(rows(), job.pk) is not None:
                taken.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(taken) == 1
    assert Analysis.objects.get(pk=job.pk).attempt == 1


@pytest.mark.slow
def test_work_that_takes_longer_than_a_lease_keeps_it_until_it_is_lost(
    committed_db: None, settings: Any
) -> None:
    settings.LEASE_S = 3
    job = make_job()
    taken = leases.take(rows(), job.pk)
    assert taken is not None
    with leases.kept(taken) as lost:
        assert not lost.wait(4.5)
        assert leases.take(rows(), job.pk) is None
        Analysis.objects.filter(pk=job.pk).update(status=Status.CANCELLED)
        assert lost.wait(20)


@pytest.fixture
def long_job(committed_db: None, settings: Any) -> Analysis:
    """A job in hand, for three seconds if nobody renews that."""
    settings.LEASE_S = 3
    job = leases.take(Analysis.objects.all(), make_job().pk)
    assert job is not None
    return job


@pytest.mark.slow
def test_a_database_that_is_away_for_a_moment_costs_no_row(
    long_job: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        # For the thread that renews, which has no connection yet.
        away.setitem(connection.settings_dict, "NAME", "no such database")
        with leases.kept(long_job) as lost:
            assert not lost.wait(1.5)
            away.undo()
            assert not lost.wait(3)
            assert leases.take(rows(), long_job.pk) is None


@pytest.mark.slow
def test_a_row_that_nobody_could_renew_for_a_whole_lease_is_lost(
    long_job: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "NAME", "no such database")
    with leases.kept(long_job) as lost:
        assert not lost.wait(2)
        assert lost.wait(20)
