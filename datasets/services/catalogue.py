"""Changes to datasets, their stations, variables and shares."""

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import User
from accounts.services import audit
from datasets.access import Right, View, require
from datasets.ingest.batch import VARIABLES_MAX
from datasets.models import Dataset, Share, Station, Variable
from datasets.services import purge
from datastream.core import jobs
from datastream.core.errors import ConflictError, InvalidInputError, NotFoundError

# Names that feeds and commands set; clients may not.
PROVIDER_SOURCES = frozenset({"sample", "noaa", "nasa", "globe", "climatedata_ca"})
FOR_MANAGERS = frozenset({"visibility", "embargo_days", "coordinate_step_deg"})
Row = TypeVar("Row", Station, Variable)


@transaction.atomic
def create_dataset(owner: User, **facts: Any) -> Dataset:
    dataset = Dataset.objects.create(owner=owner, **facts)
    record_created(dataset)
    return dataset


def record_created(dataset: Dataset) -> None:
    """Note a new dataset in the audit log, wherever it comes from."""
    audit.record(
        "dataset.created",
        of=("dataset", dataset.pk),
        owner=dataset.owner_id,
        source=dataset.source,
        visibility=dataset.visibility,
    )


@transaction.atomic
def change_dataset(view: View, **facts: Any) -> Dataset:
    """Change facts of a dataset; who sees it is for those who manage it."""
    require(view, Right.MANAGE if FOR_MANAGERS & facts.keys() else Right.EDIT)
    _record_change(view.dataset, facts)
    for name, value in facts.items():
        setattr(view.dataset, name, value)
    view.dataset.meta_version = F("meta_version") + 1
    view.dataset.save(update_fields=[*facts, "meta_version", "updated_at"])
    return view.dataset


def _record_change(dataset: Dataset, facts: Mapping[str, Any]) -> None:
    """Note which facts become others; who sees what, with what it was before."""
    changed = sorted(name for name, value in facts.items() if value != getattr(dataset, name))
    told: dict[str, Any] = {
        name: {"from": getattr(dataset, name), "to": facts[name]}
        for name in FOR_MANAGERS.intersection(changed)
    }
    of = "dataset", dataset.pk
    visibility = told.pop("visibility", None)
    if visibility is not None:
        changed.remove("visibility")
        audit.record("dataset.visibility_changed", of=of, **visibility)
    if changed:
        audit.record("dataset.changed", of=of, fields=changed, **told)


@transaction.atomic
def delete_dataset(view: View) -> None:
    """Hide a dataset from everybody; the worker removes what it had, for that may take long."""
    require(view, Right.MANAGE)
    Dataset.objects.filter(pk=view.dataset.pk).update(deleted_at=Now())
    of = "dataset", view.dataset.pk
    audit.record("dataset.deleted", of=of, points=view.dataset.point_count)
    jobs.enqueue(purge.TASK, dataset_id=str(view.dataset.pk))


def _note_change(dataset_id: UUID) -> None:
    """Count a change of the facts; NotFoundError where the dataset was deleted meanwhile."""
    if not Dataset.objects.filter(pk=dataset_id).update(meta_version=F("meta_version") + 1):
        raise NotFoundError


@transaction.atomic
def add_station(view: View, **facts: Any) -> Station:
    require(view, Right.EDIT)
    # Before the check: the row stays locked, so that nobody adds the same meanwhile.
    _note_change(view.dataset.pk)
    if Station.objects.filter(dataset=view.dataset, code=facts["code"]).exists():
        raise ConflictError(f"There is a station {facts['code']!r} already.")
    return Station.objects.create(dataset=view.dataset, **facts)


@transaction.atomic
def change_station(view: View, station: Station, **facts: Any) -> Station:
    require(view, Right.EDIT)
    return _saved(view, station, facts, "code")


@transaction.atomic
def add_variable(view: View, **facts: Any) -> Variable:
    require(view, Right.EDIT)
    _note_change(view.dataset.pk)
    names = set(Variable.objects.filter(dataset=view.dataset).values_list("name", flat=True))
    if facts["name"] in names:
        raise ConflictError(f"There is a variable {facts['name']!r} already.")
    if len(names) >= VARIABLES_MAX:
        message = f"A dataset has at most {VARIABLES_MAX} variables; this would be one more."
        raise InvalidInputError.of("name", message)
    return Variable.objects.create(dataset=view.dataset, **facts)


@transaction.atomic
def change_variable(view: View, variable: Variable, **facts: Any) -> Variable:
    """Change facts of a variable; its name is in every stored value and stays, as does its kind."""
    require(view, Right.EDIT)
    fixed = {
        name
        for name in ("name", "kind")
        if name in facts and facts[name] != getattr(variable, name)
    }
    if fixed:
        raise InvalidInputError.of(min(fixed), "This stays as it is; declare another variable.")
    return _saved(view, variable, facts, "name")


def _saved(view: View, row: Row, facts: dict[str, Any], key: str) -> Row:
    for name, value in facts.items():
        setattr(row, name, value)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise ConflictError(f"There is one with this {key} already.") from error
    _note_change(view.dataset.pk)
    return row


@transaction.atomic
def declare(
    dataset: Dataset, model: type[Station | Variable], key: str, rows: list[dict[str, Any]]
) -> None:
    """Make or correct stations or variables of a feed's target from what its provider says.

    A constant number of statements; where nothing is new, only the one that looks.
    """
    told = {facts[key]: facts for facts in rows}
    stored = model.objects.filter(dataset=dataset, **{f"{key}__in": list(told)})
    known = {getattr(row, key): row for row in stored}
    new = [model(dataset=dataset, **facts) for name, facts in told.items() if name not in known]
    changed = [row for name, row in known.items() if _is_changed(row, told[name])]
    if not new and not changed:
        return
    # Before the rows: it stays locked, so that nobody makes the same meanwhile.
    _note_change(dataset.pk)
    # Of the same name at the same moment: one of them is enough.
    manager: Any = model.objects
    manager.bulk_create(new, ignore_conflicts=True)
    if changed:
        manager.bulk_update(changed, sorted({name for facts in rows for name in facts}))


def _is_changed(row: Station | Variable, facts: Mapping[str, Any]) -> bool:
    """Whether facts differ from those of a row, which then has them."""
    differing = {name for name, value in facts.items() if getattr(row, name) != value}
    for name in differing:
        setattr(row, name, facts[name])
    return bool(differing)


@transaction.atomic
def share(
    view: View, permission: str, *, user: User | None = None, role: Group | None = None
) -> Share:
    """Give one user or one role a right; giving again replaces it."""
    require(view, Right.MANAGE)
    shared, _ = Share.objects.update_or_create(
        dataset=view.dataset, user=user, role=role, defaults={"permission": permission}
    )
    _record_share("share.given", shared)
    return shared


@transaction.atomic
def withdraw(view: View, shared: Share) -> None:
    require(view, Right.MANAGE)
    _record_share("share.withdrawn", shared)
    shared.delete()


def _record_share(action: str, shared: Share) -> None:
    whom = {"user": shared.user_id} if shared.user_id else {"role": str(shared.role)}
    of = "dataset", shared.dataset_id
    audit.record(action, of=of, share=shared.pk, permission=shared.permission, **whom)
