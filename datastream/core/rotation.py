"""Encrypting everything that is encrypted anew, with the first of the keys."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models, transaction

from datastream.core.encryption import (
    ENCRYPTED,
    EncryptedTextField,
    EncryptionError,
    Secret,
    UnknownKeyError,
    current_key,
    decrypt,
    encrypt,
)
from datastream.core.registry import Registry

BATCH = 200
Row = dict[str, Any]


@dataclass(frozen=True)
class Holder:
    """Columns of a table that hold encrypted text, as such or somewhere in JSON."""

    name: str
    rows: Callable[[], "models.QuerySet[Any]"]
    columns: tuple[str, ...]


@dataclass
class Progress:
    """`unread` are the rows that no key opens, by the id of the key that is missing."""

    seen: int = 0
    renewed: int = 0
    unread: dict[str, int] = field(default_factory=dict)


# What is not in an EncryptedTextField: an app adds its own when it is loaded.
rotated: Registry[Holder] = Registry("holder of secrets")


def holders() -> list[Holder]:
    """Everything that is encrypted: the fields of all models, and what was registered."""
    found = []
    for model in apps.get_models():
        meta = model._meta  # noqa: SLF001 - the framework's documented way to fields
        columns = tuple(
            one.name for one in meta.local_fields if isinstance(one, EncryptedTextField)
        )
        if columns:
            # Not `objects`, which may leave rows out.
            rows = model._base_manager.all  # noqa: SLF001
            found.append(Holder(meta.db_table, rows, columns))
    return [*found, *rotated]


def rotate(holder: Holder, *, batch: int = BATCH, dry_run: bool = False) -> Iterator[Progress]:
    """Go through a table in order of its keys, one transaction a batch, and tell how far it is.

    A row that is encrypted with the first key stays as it is, so all of it can be repeated.
    """
    progress, last = Progress(), None
    while True:
        with transaction.atomic():
            rows = _page(holder, last, batch)
            for row in rows:
                changes = _renewed(row, holder.columns, progress)
                if changes:
                    progress.renewed += 1
                    if not dry_run:
                        holder.rows().filter(pk=row["pk"]).update(**changes)
        if not rows:
            return
        last = rows[-1]["pk"]
        progress.seen += len(rows)
        yield progress


def _page(holder: Holder, last: Any, batch: int) -> list[Row]:
    rows = holder.rows().order_by("pk")
    if last is not None:
        rows = rows.filter(pk__gt=last)
    # Locked, so that what somebody changes meanwhile is not overwritten.
    return list(rows.select_for_update(of=("self",)).values("pk", *holder.columns)[:batch])


def _renewed(row: Row, columns: tuple[str, ...], progress: Progress) -> Row:
    """Return the columns that change."""
    try:
        anew = {name: _anew(row[name]) for name in columns}
    except UnknownKeyError as error:
        progress.unread[error.key_id] = progress.unread.get(error.key_id, 0) + 1
        return {}
    except EncryptionError:
        progress.unread["damaged"] = progress.unread.get("damaged", 0) + 1
        return {}
    return {name: value for name, value in anew.items() if value != row[name]}


def _anew(value: Any) -> Any:
    """Return a value with all encrypted text in it under the first key."""
    if isinstance(value, Secret):
        return Secret(_anew(value.stored))
    if isinstance(value, Mapping):
        return {name: _anew(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_anew(one) for one in value]
    is_old = isinstance(value, str) and ENCRYPTED.fullmatch(value)
    if not is_old or value.startswith(f"{current_key()}:"):
        return value
    return encrypt(decrypt(value))
