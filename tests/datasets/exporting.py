"""Exports asked for, written and looked at in the plainest way."""

from pathlib import Path
from typing import Any

import orjson

from accounts.models import User
from datasets import access
from datasets.models import Dataset, Export
from datasets.selectors.points import FIELDS, Selection
from datasets.selectors.questions import Question
from datasets.services import exports
from tests.factories import days, make_dataset, write

N = 40


def two_stations(owner: User) -> Dataset:
    """N points: days at two stations; revision 2 corrects one."""
    made = make_dataset(owner, name="filled")
    made.variables.create(name="TMAX", unit="degC")
    write(made, [{**one, "station": code} for code in ("A", "B") for one in days(N // 2)])
    write(made, [{**days(1)[0], "station": "A", "value": {"TMAX": 99}}])
    made.refresh_from_db()
    return made


def ask(dataset: Dataset, kind: str = "ndjson", user: User | None = None, **given: Any) -> Export:
    """A new export of what is given, or the one there is."""
    user = user or dataset.owner
    given = {"revision": Dataset.objects.get(pk=dataset.pk).revision, **given}
    asked = Question(Selection(**given), FIELDS, {})
    view = access.view(user, dataset.pk)
    return exports.request_export(view, asked, user=user, kind=kind)


def done(export: Export) -> Export:
    exports.execute(export.pk)
    export.refresh_from_db()
    return export


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def lines(export: Export) -> list[Any]:
    with exports.open_file(export) as file:
        return [orjson.loads(line) for line in file.read().splitlines()]
