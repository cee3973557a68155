"""Requests for analyses: checked, queued, computed once, cancelled, repeated."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from accounts.models import User
from accounts.services import audit
from analyses import parameters as checking
from analyses import selectors
from analyses.models import Analysis, AnalysisInput, AnalysisResult
from analyses.registry import Analysis as Method
from analyses.registry import analyses as registry
from datasets.access import View, full_view
from datasets.models import Dataset
from datasets.selectors import series as reading
from datasets.selectors.points import ENDING as LATEST
from datasets.selectors.points import MICROSECOND
from datasets.series import Series
from datastream.core import clock, jobs, leases
from datastream.core.errors import ConflictError, InvalidInputError, PlatformError
from datastream.core.models import OPEN, Status

log = structlog.get_logger(__name__)

TASK = "analyses.execute"
TRIES = 3
# Parameters that choose the data; the rest are the method's own.
SELECTING = frozenset({"variable", "variables", "station", "start", "end", "revision", "flags"})


def request_analysis(
    view: View, kind: str, parameters: Mapping[str, Any], *, user: User | None
) -> Analysis:
    """Make a request for an analysis; one that was computed before is done at once.

    Raises
    ------
    InvalidInputError
        There is no such type, or a parameter is unknown, missing, mistyped or out of range.
    """
    method = registry.get(kind) if isinstance(kind, str) else None
    if method is None:
        raise InvalidInputError.of("type", f"Choose from {', '.join(registry.names())}.")
    checked = checking.check(method, parameters)
    revision = checked.pop("revision", view.dataset.revision)
    if revision > view.dataset.revision:
        message = f"The dataset is at revision {view.dataset.revision}."
        raise InvalidInputError.of("revision", message)
    _check_series(view, checked)
    return _queue(view, method, checked, revision, user=user)


def _check_series(view: View, parameters: Mapping[str, Any]) -> None:
    """Refuse a variable or station that is not there before a job is made."""
    for name in _variables(view, parameters):
        reading.find(view, name, parameters.get("station"))


def _variables(view: View, parameters: Mapping[str, Any]) -> list[str]:
    if "variable" in parameters:
        return [parameters["variable"]]
    return list(parameters.get("variables") or reading.number_variables(view))


@transaction.atomic
def _queue(
    view: View, method: Method, parameters: dict[str, Any], revision: int, *, user: User | None
) -> Analysis:
    key = _key(view, method, parameters, revision)
    result = AnalysisResult.objects.filter(key=key).first()
    analysis = Analysis.objects.create(
        user=user,
        dataset=view.dataset,
        type=method.name,
        parameters=parameters,
        dataset_revision=revision,
        until=_until(view, parameters, revision),
        method_version=method.version,
        key=key,
    )
    AnalysisInput.objects.create(analysis=analysis, dataset=view.dataset, revision=revision)
    if result is not None:
        _finish_all(result)
        analysis.refresh_from_db()
    else:
        jobs.enqueue(TASK, analysis_id=str(analysis.pk))
    return analysis


def _until(view: View, parameters: Mapping[str, Any], revision: int) -> datetime | None:
    """From when on nothing is read: it is hidden, or not asked for, or there is nothing."""
    ends = [view.until, _instant(parameters, "end")]
    last = view.dataset.end
    # Of an older revision there may have been later points.
    if revision == view.dataset.revision and last is not None and last < LATEST:
        ends.append(last + MICROSECOND)
    return min(filter(None, ends), default=None)


def _key(view: View, method: Method, parameters: Mapping[str, Any], revision: int) -> str:
    """What a result depends on; requests with the same key share it."""
    facts = [
        [view.digest, revision, view.dataset.meta_version],
        [method.name, method.version, parameters],
    ]
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()


# ------------------------------------------------------------------ in the worker


def _present() -> QuerySet[Analysis]:
    """All but those of datasets that somebody deleted."""
    return Analysis.objects.filter(dataset__in=Dataset.objects.all())


def execute(analysis_id: UUID | str) -> None:
    """Compute an analysis, unless somebody else has it or its like in hand."""
    twin = Analysis.objects.filter(
        key=OuterRef("key"), status=Status.RUNNING, lease_until__gt=Now()
    ).exclude(pk=OuterRef("pk"))
    analysis = leases.take(_present().filter(~Exists(twin)), analysis_id)
    if analysis is None:
        return
    if analysis.attempt > TRIES:
        _fail(analysis, "WORKER_DIED", f"The worker died {TRIES} times while computing it.")
        return
    with leases.kept(analysis):
        _compute(analysis)


def _compute(analysis: Analysis) -> None:
    start = time.perf_counter()
    try:
        results = _results(analysis)
        body = orjson.dumps(results, option=orjson.OPT_SORT_KEYS)
    except PlatformError as error:
        problem = "; ".join(f"{k}: {v[0]}" for k, v in error.details.items() if isinstance(v, list))
        _fail(analysis, error.code, problem or error.message)
        return
    except Exception as error:
        log.exception("analysis_failed", analysis=str(analysis.pk), type=analysis.type)
        _fail(analysis, "SERVER_ERROR", f"The computation failed ({type(error).__name__}).")
        return
    result, _ = AnalysisResult.objects.get_or_create(
        key=analysis.key,
        defaults={
            "results": orjson.loads(body),
            "digest": hashlib.sha256(body).hexdigest(),
            "seconds": time.perf_counter() - start,
        },
    )
    _finish_all(result)


def _results(analysis: Analysis) -> dict[str, Any]:
    method = registry[analysis.type]
    # What whoever asked for it could see then.
    view = replace(full_view(analysis.dataset), until=analysis.until)
    own = {k: v for k, v in analysis.parameters.items() if k not in SELECTING}
    names = _variables(view, analysis.parameters)
    found = [_series(view, analysis, name) for name in names]
    if not method.several:
        return _named(found[0], method.compute(found[0], **own))
    results = []
    for number, one in enumerate(found, start=1):
        results.append(_named(one, method.compute(one, **own)))
        Analysis.objects.filter(pk=analysis.pk).update(progress=number / len(found))
    return {"series": results}


def _named(series: Series, results: dict[str, Any]) -> dict[str, Any]:
    return {"variable": series.variable, "station": series.station, **results}


def _series(view: View, analysis: Analysis, variable: str) -> Series:
    given = analysis.parameters
    return reading.series(
        view,
        variable,
        station=given.get("station"),
        start=_instant(given, "start"),
        end=_instant(given, "end"),
        revision=analysis.dataset_revision,
        include_failed=given.get("flags") == "include",
    )


def _instant(given: Mapping[str, Any], name: str) -> datetime | None:
    return clock.parse(given[name], name) if name in given else None


def _finish_all(result: AnalysisResult) -> None:
    """Every open request with this key is done."""
    Analysis.objects.filter(key=result.key, status__in=OPEN).update(
        status=Status.SUCCEEDED, result=result, progress=1, finished_at=Now(), lease_until=None
    )


def _fail(analysis: Analysis, code: str, message: str) -> None:
    Analysis.objects.filter(pk=analysis.pk, status__in=OPEN).update(
        status=Status.FAILED,
        error={"code": code, "message": message},
        finished_at=Now(),
        lease_until=None,
    )


def sweep() -> int:
    """Queue again what was lost."""
    return leases.sweep(_present(), TASK, "analysis_id")


# ------------------------------------------------------------------ by the caller


def wait(analysis_id: UUID, seconds: float) -> bool:
    """Wait until an analysis is done; False where it is not after so many seconds."""
    until = time.monotonic() + min(seconds, settings.WAIT_MAX_S)
    pause = 0.05
    while not selectors.is_done(analysis_id):
        if time.monotonic() + pause > until:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)
    return True


def cancel(analysis: Analysis) -> None:
    cancelled = Analysis.objects.filter(pk=analysis.pk, status__in=OPEN).update(
        status=Status.CANCELLED, finished_at=Now(), lease_until=None
    )
    if not cancelled:
        raise ConflictError("It is done already.")


def rerun(view: View, analysis: Analysis, *, user: User) -> Analysis:
    """Request the same again on the newest revision, as a new row."""
    return request_analysis(view, analysis.type, analysis.parameters, user=user)


@transaction.atomic
def delete(analysis: Analysis) -> None:
    of = "analysis", analysis.pk
    audit.record("analysis.deleted", of=of, dataset=analysis.dataset_id, type=analysis.type)
    analysis.delete()
