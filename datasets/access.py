"""Who may see and change what: every query on a dataset's contents starts here.

Those without `edit` see neither the newest values of a dataset under an embargo nor where exactly
its stations are, if it has a coordinate step. Both are in the `View`, and whatever reads takes one.
"""

import functools
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import (
    Case,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest, Least

from accounts.models import User
from accounts.roles import ADMIN
from datasets.models import Dataset, Permission, Share, Visibility
from datastream.core import clock
from datastream.core.errors import NotAllowedError, NotFoundError

Caller = User | AnonymousUser
CHANGE, EDIT_VISIBLE = "datasets.change_dataset", "datasets.edit_visible_dataset"
ASKED = (CHANGE, EDIT_VISIBLE)
# Stand for the caller and the dataset in a statement that is written once.
SOMEBODY, SOMETHING = UUID(int=1), UUID(int=2)


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
    most = Right.MANAGE if caller.has_perm(CHANGE) else Right.VIEW
    return datasets.annotate(right=Least(right, Value(int(most)))).filter(right__gte=Right.VIEW)


def _right_by_visibility(caller: User) -> Case:
    by_role = caller.has_perm(EDIT_VISIBLE)
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
        identity = UUID(str(dataset_id))
    except ValueError as error:
        raise NotFoundError from error
    dataset = _one_of(caller, identity)
    if dataset is None:
        raise NotFoundError
    return require(view_of(dataset), need)


def _one_of(caller: Caller, dataset_id: UUID) -> Dataset | None:
    """One of `datasets_for`, which the framework takes longer to write than anybody to run."""
    is_admin = isinstance(caller, User) and caller.is_admin
    granted = tuple(name for name in ASKED if caller.has_perm(name))
    is_user = isinstance(caller, User)
    sql, parameters = _statement(granted, is_user=is_user, is_admin=is_admin)
    given = {SOMEBODY: caller.pk, SOMETHING: dataset_id}
    found = Dataset.objects.raw(sql, [given.get(one, one) for one in parameters])
    return next(iter(found), None)


@functools.cache
def _statement(
    granted: tuple[str, ...], *, is_user: bool, is_admin: bool
) -> tuple[str, tuple[Any, ...]]:
    """What finds SOMETHING among the datasets of SOMEBODY with these rights.

    It is written once and kept, so nothing in `datasets_for` may depend on anything else of the
    caller, or on the time.
    """
    somebody: Caller = AnonymousUser()
    if is_user:
        somebody = User(pk=SOMEBODY)
        somebody.roles, somebody.granted = [ADMIN] if is_admin else [], list(granted)
    # Without the owner, for whom nobody asks here.
    one = datasets_for(somebody).select_related(None).filter(pk=SOMETHING)
    return one.query.sql_with_params()


def view_of(dataset: Dataset) -> View:
    """The view that belongs to a dataset of `datasets_for`."""
    right = Right(dataset.right)  # type: ignore[attr-defined]
    if right >= Right.EDIT:
        return View(dataset, right)
    return View(dataset, right, _hidden_from(dataset.embargo_days), dataset.coordinate_step_deg)


def _hidden_from(days: int | None) -> datetime | None:
    return None if days is None else _midnight() - timedelta(days=days)


def _midnight() -> datetime:
    # So that what is hidden changes once a day, and answers can be kept until then.
    return clock.now().replace(hour=0, minute=0, second=0, microsecond=0)


def until_in_sql(dataset: str = "") -> Combinable:
    """`View.until` of whoever has no more than `view`, as SQL; null where nothing is hidden.

    Of datasets, or of rows that refer to one by `dataset`: "dataset__".
    """
    days = Func(
        F(f"{dataset}embargo_days"),
        template="make_interval(days => %(expressions)s)",
        output_field=DurationField(),
    )
    today = Value(_midnight(), output_field=DateTimeField())
    return ExpressionWrapper(today - days, output_field=DateTimeField())


def full_view(dataset: Dataset) -> View:
    """For the platform itself: commands and workers that act for nobody."""
    return View(dataset, Right.MANAGE)


def require(seen: View, need: Right) -> View:
    if seen.right < need:
        raise NotAllowedError
    return seen
