"""Large reads as jobs, whose files are fetched later."""

import contextlib
import errno
import hashlib
import os
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User
from accounts.services import audit
from datasets import access, exports
from datasets.access import View
from datasets.models import Export
from datasets.selectors import estimates, questions
from datasets.selectors.points import Selection
from datasets.selectors.questions import Question
from datasets.services.downloads import LARGE_ROWS
from datastream.core import jobs, leases
from datastream.core.errors import ConflictError, NotFoundError, PlatformError
from datastream.core.models import OPEN, Status

log = structlog.get_logger(__name__)

TASK = "datasets.execute_export"
TRIES = 3
# Of one user: jobs that are not done, and files that are kept.
OPEN_MOST, KEPT_MOST = 5, 20
TOLD_S = 2.0
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
PART = ".part"
STRAY_S = 24 * 3600.0
REMOVED_AT_ONCE = 100


class LostError(Exception):
    """The job was cancelled, or another worker has it."""


@dataclass(slots=True)
class Progress:
    """How much is written; read by the thread that tells it."""

    expected_bytes: int = 0
    written_bytes: int = 0

    @property
    def share(self) -> float:
        # What is expected is an estimate, and all is only all when the row says so.
        return min(self.written_bytes / max(self.expected_bytes, 1), 0.99)


# ------------------------------------------------------------------ by the caller


@transaction.atomic
def request_export(view: View, question: Question, *, user: User, kind: str) -> Export:
    """Make a job that writes a file; the one there is where the same was asked before.

    Raises
    ------
    ConflictError
        The user has as many jobs or files as anyone may have at a time.
    """
    _queue_up(user)
    # With the facts of the dataset the heads of a file change, though no point does.
    kept = {**question.kept(), "meta_version": view.dataset.meta_version}
    mine = Export.objects.filter(user=user)
    same = mine.filter(
        dataset=view.dataset,
        format=kind,
        query=kept,
        revision=question.selection.revision,
        view_digest=view.digest,
    )
    for found in same.filter(_usable()).order_by("-created_at"):
        if found.status in OPEN or path_of(found).exists():
            return found
    _check_room(user)
    export = Export.objects.create(
        dataset=view.dataset,
        user=user,
        query=kept,
        view_digest=view.digest,
        revision=question.selection.revision,
        format=kind,
    )
    of = "export", export.pk
    audit.record("data.export_requested", of=of, dataset=view.dataset.pk, format=kind)
    jobs.enqueue(TASK, export_id=str(export.pk))
    return export


def _queue_up(user: User) -> None:
    """One request of a user after the other, or two at once would make two of the same."""
    with connection.cursor() as cursor:
        lock = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
        cursor.execute(lock, [f"exports of {user.pk}"])


def _usable() -> Q:
    return Q(status__in=OPEN) | Q(status=Status.SUCCEEDED, expires_at__gt=Now())


def _check_room(user: User) -> None:
    mine = Export.objects.filter(user=user)
    waiting = list(mine.filter(status__in=OPEN).values_list("pk", flat=True))
    if len(waiting) >= OPEN_MOST:
        message = f"You have {OPEN_MOST} exports that are not done: wait for one, or delete one."
        raise ConflictError(message, details={"exports": [str(one) for one in waiting]})
    kept = list(mine.filter(status=Status.SUCCEEDED).exclude(path="").values_list("pk", flat=True))
    if len(kept) + len(waiting) >= KEPT_MOST:
        message = f"You have {KEPT_MOST} exports already: fetch what you need and delete one."
        raise ConflictError(message, details={"exports": [str(one) for one in kept]})


@transaction.atomic
def delete_export(export: Export) -> None:
    """Delete a job with its file; a worker that is at it stops."""
    export_id = export.pk
    export.delete()
    transaction.on_commit(lambda: _remove_files(export_id))


def path_of(export: Export) -> Path:
    return Path(settings.EXPORTS) / export.path


def open_file(export: Export) -> BinaryIO:
    """The file of a job that is done; NotFoundError where it is gone."""
    if not export.path:
        raise NotFoundError
    try:
        return path_of(export).open("rb")
    except FileNotFoundError as error:
        raise NotFoundError from error


def remove_file(export: Export) -> None:
    """Remove what is stored of an export; its row is the caller's."""
    _remove_files(export.pk)


def _remove_files(export_id: UUID) -> None:
    for path in Path(settings.EXPORTS).glob(f"{export_id}.*"):
        path.unlink(missing_ok=True)


# ------------------------------------------------------------------ in the worker


def execute(export_id: UUID | str) -> None:
    """Write the file of an export, unless somebody else has it in hand."""
    export = leases.take(Export.objects.all(), export_id)
    if export is None:
        return
    # What a killed worker left: nobody else may write now.
    _remove_files(export.pk)
    if export.attempt > TRIES:
        _fail(export, "WORKER_DIED", f"It was begun {TRIES} times and never came to its end.")
        return
    progress = Progress()
    with leases.kept(export) as lost, _told(export, progress):
        _attempt(export, lost, progress)


def _attempt(export: Export, lost: threading.Event, progress: Progress) -> None:
    try:
        _write(export, lost, progress)
    except LostError:
        log.info("export_lost", export=str(export.pk))
    except (OperationalError, InterfaceError):
        # The database went away, or the statement took too long; the sweep tries again.
        raise
    except PlatformError as error:
        problem = "; ".join(f"{k}: {v[0]}" for k, v in error.details.items() if isinstance(v, list))
        _fail(export, error.code, problem or error.message)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            log.warning("export_has_no_room", export=str(export.pk))
            _fail(export, "NO_ROOM", "There is no room for the file now; try later, or ask less.")
            return
        log.exception("export_failed", export=str(export.pk), format=export.format)
        _fail(export, "SERVER_ERROR", f"The file could not be written ({type(error).__name__}).")


def _write(export: Export, lost: threading.Event, progress: Progress) -> None:
    view, asked = _view(export), questions.question(export.query, export.revision)
    conversions = questions.conversions(view, asked.units)

    def stream(selection: Selection) -> Iterator[bytes]:
        return exports.stream(
            view, selection, export.format, fields=asked.fields, conversions=conversions
        )

    rows = estimates.rows(view, asked.selection)
    number = rows.number if rows.is_exact else estimates.count(view, asked.selection)
    expected = estimates.cost(
        view, asked.selection, number, lambda part: sum(map(len, stream(part)))
    )
    progress.expected_bytes = expected.size_bytes
    part = Path(settings.EXPORTS) / f"{export.pk}.{export.attempt}{PART}"
    try:
        with contextlib.closing(stream(asked.selection)) as chunks:  # type: ignore[type-var]
            digest = _fill(part, chunks, lost, progress)
        _finish(export, part, rows=number, digest=digest)
    finally:
        part.unlink(missing_ok=True)


def _view(export: Export) -> View:
    """What the one who asked sees, if that is still what they saw then."""
    user = export.user
    if not user.is_active:
        raise NotFoundError
    view = access.view(user, export.dataset_id)
    if view.digest != export.view_digest:
        raise ConflictError("What you may see of the dataset has changed meanwhile; ask again.")
    return view


def _fill(path: Path, chunks: Iterable[bytes], lost: threading.Event, progress: Progress) -> str:
    """Write a new file to the disk and return its SHA-256 in hex."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in chunks:
            if lost.is_set():
                raise LostError
            file.write(chunk)
            digest.update(chunk)
            progress.written_bytes += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _finish(export: Export, part: Path, *, rows: int, digest: str) -> None:
    """Give the file its name and the row its end, if both are still ours and still allowed."""
    name = f"{export.pk}.{exports.SUFFIXES[export.format].lstrip('.')}"
    with transaction.atomic():
        mine = Export.objects.filter(pk=export.pk, attempt=export.attempt, status=Status.RUNNING)
        if mine.select_for_update(of=("self",)).first() is None:
            raise LostError
        _view(export)
        size = part.stat().st_size
        part.replace(part.with_name(name))
        _sync_folder(part.parent)
        mine.update(
            status=Status.SUCCEEDED, progress=1, rows=rows, size_bytes=size, digest=digest,
            path=name, finished_at=Now(), lease_until=None,
            expires_at=Now() + timedelta(hours=settings.EXPORT_KEEP_HOURS),
        )  # fmt: skip
        if rows > LARGE_ROWS:
            _record(export, rows=rows, bytes=size)


def _record(export: Export, **counts: int) -> None:
    facts: dict[str, Any] = {"export": export.pk, "format": export.format, **counts}
    of = "dataset", export.dataset_id
    audit.record("data.exported", of=of, user_id=export.user_id, revision=export.revision, **facts)


def _sync_folder(folder: Path) -> None:
    """Have the name on the disk as well as the bytes."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fail(export: Export, code: str, message: str) -> None:
    mine = Export.objects.filter(pk=export.pk, attempt=export.attempt, status=Status.RUNNING)
    mine.update(
        status=Status.FAILED,
        error={"code": code, "message": message},
        finished_at=Now(),
        lease_until=None,
    )


@contextlib.contextmanager
def _told(export: Export, progress: Progress) -> Iterator[None]:
    """Tell the progress now and then, on a connection of its own: the other one is reading."""
    done = threading.Event()
    mine = Export.objects.filter(pk=export.pk, attempt=export.attempt, status=Status.RUNNING)

    def tell() -> None:
        try:
            while not done.wait(TOLD_S):
                mine.update(progress=progress.share)
        finally:
            connection.close()

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


# ------------------------------------------------------------------ now and then


def sweep() -> int:
    """Queue again what was lost, and remove files that nobody can fetch any more."""
    _expire()
    _tidy()
    return leases.sweep(Export.objects.all(), TASK, "export_id")


def _expire() -> None:
    """Remove files whose time is over; the row stays and says what there was."""
    over = Export.objects.filter(expires_at__lte=Now()).exclude(path="")
    for export in over.order_by("expires_at")[:REMOVED_AT_ONCE]:
        remove_file(export)
        Export.objects.filter(pk=export.pk).update(path="")


def _tidy() -> None:
    """Remove what killed workers and deleted rows left behind, once it is a day old."""
    old = {path.name: path for path in _files() if _age_s(path) > STRAY_S}
    kept = set(Export.objects.filter(path__in=old).values_list("path", flat=True)) if old else set()
    for name in old.keys() - kept:
        old[name].unlink(missing_ok=True)


def _files() -> list[Path]:
    folder = Path(settings.EXPORTS)
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
