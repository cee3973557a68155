"""Who may see and change what: every query on a dataset's contents starts here."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db.models import Case, IntegerField, Max, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest, Least

from accounts.models import User
from datasets.models import Dataset, Permission, Share, Visibility
from datastream.core.errors import NotAllowedError, NotFoundError

Caller = User | AnonymousUser


class Right(IntEnum):
    """What somebody may do with one dataset; each includes those before it."""

    NONE = 0
    VIEW = 1
    EDIT = 2
    MANAGE = 3

    @property
    def names(self) -> list[str]:
        return [right.name.lower() for right in Right if Right.NONE < right <= self]


RIGHT_OF_SHARE = Case(
    *(When(permission=name, then=Value(int(Right[name.upper()]))) for name in Permission.values),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class View:
    """A dataset as one caller sees it; whatever reads takes this and never a bare dataset.

    Attributes
    ----------
    until : values from this instant on are hidden; None hides nothing
    coordinate_step_deg : coordinates are rounded to this step; None leaves them exact
    """

    dataset: Dataset
    right: Right
    until: datetime | None = None
    coordinate_step_deg: float | None = None

    @property
    def digest(self) -> str:
        """Equal for callers who see the same, so that they may share stored answers."""
        seen = f"{self.dataset.pk} {self.until} {self.coordinate_step_deg}"
        return hashlib.sha256(seen.encode()).hexdigest()


def datasets_for(caller: Caller) -> QuerySet[Dataset]:
    """The datasets that a caller may see, each with `right`, the caller's right on it."""
    datasets = Dataset.objects.select_related("owner").order_by()
    if not isinstance(caller, User):
        return datasets.filter(visibility=Visibility.PUBLIC).annotate(right=Value(int(Right.VIEW)))
    if caller.is_admin:
        return datasets.annotate(right=Value(int(Right.MANAGE)))
    right = Greatest(
        _right_by_visibility(caller), _right_by_share(caller), _right_by_owning(caller)
    )
    # A narrower role wins over ownership and shares: it never lifts a viewer above reading.
    most = Right.MANAGE if caller.has_perm("datasets.change_dataset") else Right.VIEW
    return datasets.annotate(right=Least(right, Value(int(most)))).filter(right__gte=Right.VIEW)


def _right_by_visibility(caller: User) -> Case:
    by_role = caller.has_perm("datasets.edit_visible_dataset")
    right = Right.EDIT if by_role else Right.VIEW
    return Case(
        When(visibility__in=[Visibility.INTERNAL, Visibility.PUBLIC], then=Value(int(right))),
        default=Value(int(Right.NONE)),
    )


def _right_by_owning(caller: User) -> Case:
    return Case(When(owner=caller, then=Value(int(Right.MANAGE))), default=Value(int(Right.NONE)))


def _right_by_share(caller: User) -> Coalesce:
    shares = (
        Share.objects.filter(Q(user=caller) | Q(role__user=caller), dataset=OuterRef("pk"))
        .order_by()
        .values("dataset")
        .annotate(most=Max(RIGHT_OF_SHARE))
        .values("most")
    )
    return Coalesce(Subquery(shares, output_field=IntegerField()), Value(int(Right.NONE)))


def view(caller: Caller, dataset_id: UUID | str, *, need: Right = Right.VIEW) -> View:
    """A dataset as the caller sees it.

    Raises
    ------
    NotFoundError
        There is none, or the caller may not know that there is.
    NotAllowedError
        The caller sees it but has a lesser right than `need`.
    """
    try:
        dataset = datasets_for(caller).filter(pk=dataset_id).first()
    except (ValueError, ValidationError) as error:
        raise NotFoundError from error
    if dataset is None:
        raise NotFoundError
    return require(view_of(dataset), need)


def view_of(dataset: Dataset) -> View:
    """The view that belongs to a dataset of `datasets_for`."""
    return View(dataset, Right(dataset.right))  # type: ignore[attr-defined]


def full_view(dataset: Dataset) -> View:
    """For the platform itself: commands and workers that act for nobody."""
    return View(dataset, Right.MANAGE)


def require(seen: View, need: Right) -> View:
    if seen.right < need:
        raise NotAllowedError
    return seen
