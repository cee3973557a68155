"""Exports that somebody may see, and whether a file may be fetched."""

from django.db.models import QuerySet

from accounts.models import User
from datasets.access import View, datasets_for, view
from datasets.models import Export
from datastream.core import clock
from datastream.core.errors import ConflictError, NotFoundError
from datastream.core.models import OPEN, Status


def exports_for(user: User) -> QuerySet[Export]:
    """One's own, while one may see the dataset."""
    return Export.objects.filter(user=user, dataset__in=datasets_for(user).values("pk"))


def require_file(user: User, export: Export) -> View:
    """What the user sees; raise where there is no file, or it does not hold what that is today.

    Raises
    ------
    ConflictError
        It is not done yet, or will never be.
    NotFoundError
        The file has expired, or the rights have changed.
    """
    if export.status in OPEN:
        raise ConflictError("It is not done yet: ask for the export until it says succeeded.")
    if export.status != Status.SUCCEEDED:
        raise ConflictError(f"It has {export.status}, so there is no file; ask for the data again.")
    if not export.path or export.expires_at is None or export.expires_at <= clock.now():
        raise NotFoundError("The file has expired; ask for the data again.")
    seen = view(user, export.dataset_id)
    if seen.digest != export.view_digest:
        raise NotFoundError("What you may see of the dataset has changed; ask for the data again.")
    return seen
