"""Loads samples and files: each whole or not at all, and never twice."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.db import connection, transaction

from accounts.models import User
from connectors.samples import Sample
from datasets import ingest
from datasets.formats import Reading, format_of
from datasets.formats.sent import Sent
from datasets.models import Dataset, Station, Variable, Visibility
from datasets.services import declare, record_created
from datastream.core.errors import InvalidInputError, NotFoundError

SAMPLE = "sample"


@transaction.atomic
def load_sample(sample: Sample, owner: User) -> tuple[Dataset, ingest.Outcome | None]:
    """Make the dataset of a sample with all its points; None where it is there already.

    One transaction, so that a kill leaves nothing half; one at a time, so that two loads at once
    make one dataset.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", ["samples"])
    existing = Dataset.objects.filter(source=SAMPLE, tags__contains=[sample.name]).first()
    if existing is not None:
        return existing, None
    dataset = Dataset.objects.create(
        name=sample.title,
        source=SAMPLE,
        description=sample.description,
        license=sample.license,
        citation=sample.citation,
        visibility=Visibility.PUBLIC,
        tags=[SAMPLE, sample.name],
        owner=owner,
    )
    record_created(dataset)
    declare(dataset, Station, "code", [sample.station])
    declare(dataset, Variable, "name", sample.variables)
    author = ingest.Author(route=f"ingest sample {sample.name}", user=owner)
    return dataset, ingest.write(dataset.pk, ingest.from_table(sample.table()), author=author)


def dataset_named(name: str) -> Dataset:
    """A dataset by its id or, where only one has it, by its name."""
    try:
        found = list(Dataset.objects.filter(pk=UUID(name)))
    except ValueError:
        found = list(Dataset.objects.filter(name=name)[:2])
    if len(found) > 1:
        raise InvalidInputError.of("dataset", f"Several datasets are named {name!r}; give the id.")
    if not found:
        raise NotFoundError(f"There is no dataset {name!r}.")
    return found[0]


def load_file(
    path: Path,
    dataset: Dataset,
    *,
    timezone: str | None,
    options: ingest.Options,
    user: User | None,
    progress: Callable[[int], None] = lambda position: None,
) -> ingest.Outcome:
    """Merge a file of points into a dataset, in one transaction.

    `progress` is told how many bytes of the file have been read.
    """
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.")
    author = ingest.Author(route=f"ingest file {path.name}"[:255], user=user)
    with path.open("rb") as file:
        sent = Watched(file, format_of(path), Reading(timezone), progress)
        return ingest.write(dataset.pk, sent, author=author, options=options)


@dataclass(frozen=True, slots=True)
class Watched(Sent):
    """A file that says how far it has been read."""

    progress: Callable[[int], None]

    def __iter__(self) -> Iterator[ingest.Batch]:
        for batch in self.format.read(self.file, self.reading):
            yield batch
            self.progress(self.file.tell())
