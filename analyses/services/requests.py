"""Requests for analyses: checked and queued; by the caller waited for, cancelled, repeated."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from accounts.services import audit
from analyses import parameters as checking
from analyses import selectors
from analyses.models import Analysis, AnalysisInput, AnalysisResult
from analyses.registry import analyses as registry
from analyses.services import computing, inputs, libraries
from datasets.access import View
from datastream.core import jobs
from datastream.core.errors import ConflictError, InvalidInputError
from datastream.core.models import OPEN, Status

# Raised when what all results have in common changes, so that none from before is shared.
RESULTS_VERSION = 2
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 0.5


def request_analysis(
    view: View,
    kind: str,
    parameters: Mapping[str, Any],
    *,
    user: User | None,
    **facts: Any,
) -> Analysis:
    """Make a request for an analysis; one that was computed before is done at once.

    `facts` are further ones of the row: `live`, `live_of`, `rerun_of`.

    Raises
    ------
    InvalidInputError
        There is no such type, or a parameter is unknown, missing, mistyped, out of range, or names
        what is not there or may not be seen.
    """
    method = registry.get(kind) if isinstance(kind, str) else None
    if method is None:
        raise InvalidInputError.of("type", f"Choose from {', '.join(registry.names())}.")
    checked = checking.check(method, parameters)
    libraries.check_installed(method, checked)
    chooser = inputs.Chooser(view, user)
    if "revision" in checked:
        chooser.pin(view, checked.pop("revision"), "revision")
    chosen = chooser.choose(method, checked)
    if not chosen:
        # Without inputs nobody could tell who may see it.
        message = "There is no variable here that it takes."
        raise InvalidInputError.of(method.inputs[0].parameter, message)
    if facts.get("live") and chooser.is_pinned:
        raise InvalidInputError.of("revision", "What is live follows its data: name no revision.")
    analysis = Analysis(
        user=user,
        dataset=view.dataset,
        type=method.name,
        # What is asked for again is asked of newer revisions; the inputs keep those that are read.
        parameters=checking.at_revisions(method, checked, lambda _: None),
        dataset_revision=chooser.revision(view),
        method_version=method.version,
        **facts,
    )
    rows = inputs.rows_of(analysis, chosen, chooser.revision)
    return _queue(analysis, rows, chosen)


@transaction.atomic
def _queue(
    analysis: Analysis, rows: Sequence[AnalysisInput], chosen: Sequence[inputs.Chosen]
) -> Analysis:
    analysis.key = _key(analysis, rows, chosen)
    analysis.save()
    AnalysisInput.objects.bulk_create(rows)
    result = AnalysisResult.objects.filter(key=analysis.key).first()
    if result is not None:
        computing.finish_all(result)
        analysis.refresh_from_db()
    else:
        jobs.enqueue(computing.TASK, analysis_id=str(analysis.pk))
    return analysis


def _key(analysis: Analysis, rows: Sequence[AnalysisInput], chosen: Sequence[inputs.Chosen]) -> str:
    """What a result depends on; requests with the same key share it."""
    digests = {one.view.dataset.pk: one.view.digest for one in chosen}
    facts = [
        [
            [digests[row.dataset_id], row.revision, row.dataset.meta_version, row.series]
            for row in rows
        ],
        [analysis.type, analysis.method_version, RESULTS_VERSION, analysis.parameters],
        libraries.versions(registry[analysis.type]),
    ]
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def wait(analysis_id: UUID, seconds: float) -> bool:
    """Wait until an analysis is done; False where it is not after so many seconds."""
    until = time.monotonic() + min(seconds, settings.WAIT_MAX_S)
    pause = SHORTEST_PAUSE_S
    while not selectors.is_done(analysis_id):
        if time.monotonic() + pause > until:
            return False
        time.sleep(pause)
        # So nobody waits much more than a tenth longer than the analysis takes.
        pause = min(pause * 1.1, LONGEST_PAUSE_S)
    return True


def cancel(analysis: Analysis) -> None:
    """End it; the worker stops computing within a second or two."""
    cancelled = Analysis.objects.filter(pk=analysis.pk, status__in=OPEN).update(
        status=Status.CANCELLED, finished_at=Now(), lease_until=None, live=False
    )
    if not cancelled:
        raise ConflictError("It is done already.")


def rerun(view: View, analysis: Analysis, *, user: User, revision: int | None = None) -> Analysis:
    """Request the same again, as a new row, on the newest revision or on one that is named."""
    given = checking.effective(registry[analysis.type], analysis.parameters)
    if revision is not None:
        given["revision"] = revision
    return request_analysis(view, analysis.type, given, user=user, rerun_of=analysis)


def set_live(analysis: Analysis, *, live: bool) -> None:
    """Run it again, or no longer, when its data change.

    Raises
    ------
    ConflictError
        It is itself a later run of a live one.
    """
    if analysis.live_of_id is not None and live:
        raise ConflictError(f"It is a later run of {analysis.live_of_id}; make that one live.")
    Analysis.objects.filter(pk=analysis.pk).update(live=live)


@transaction.atomic
def delete(analysis: Analysis) -> None:
    of = "analysis", analysis.pk
    audit.record("analysis.deleted", of=of, dataset=analysis.dataset_id, type=analysis.type)
    analysis.delete()
