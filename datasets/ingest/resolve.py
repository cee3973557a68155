"""Stations and variables of a write: found, made or refused."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from django.db.models import F
from numpy.typing import NDArray

from datasets.ingest.batch import RESERVED, VARIABLES_MAX, Batch
from datasets.ingest.rows import Rows, rows_of
from datasets.ingest.values import check_values, doubt, unguarded
from datasets.models import Dataset, SchemaMode, Station, Variable
from datastream.core.errors import InvalidInputError

NAME_MAX = 255


@dataclass(slots=True)
class Prepared:
    """A batch whose values are checked; `rows` is None where the database must be asked first."""

    batch: Batch
    codes: list[str]
    places: NDArray[np.int64]
    rows: Rows | None = None


class Resolver:
    """Checks the batches of one write against their dataset, which the caller has locked.

    `prepare` asks no database, so that another thread may prepare a batch while the one before
    is stored; `finish` makes stations and variables. Bad rows are marked in the batch; sentinels
    (a variable's own and `missing`) become null; numbers sent as text become numbers.
    """

    def __init__(self, dataset: Dataset, missing: Iterable[float] = ()) -> None:
        self.dataset = dataset
        self.missing = list(missing)
        self.doubtful: dict[str, int] = {}
        self._is_frozen = dataset.schema_mode == SchemaMode.FREEZE
        self._variables = {variable.name: variable for variable in dataset.variables.all()}
        self._unsaved: set[str] = set()
        self._stations: dict[str, int] = {}

    def prepare(self, batch: Batch) -> Prepared:
        self._check_names(batch)
        for name in list(batch.values):
            check_values(batch, self._variables[name], self.missing)
        self._count_doubtful(batch)
        if batch.guarded:
            batch.station = unguarded(batch.station)
        coded = batch.station.dictionary_encode()
        prepared = Prepared(
            batch, coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64)
        )
        self._refuse_stations(prepared, [not _is_code(code) for code in prepared.codes])
        if all(code in self._stations for code in prepared.codes) and not self._new(batch):
            prepared.rows = self._rows(prepared)
        return prepared

    def finish(self, prepared: Prepared) -> Rows:
        """The rows of a prepared batch; stations and variables are made where they are new."""
        if prepared.rows is None:
            self._find_stations(prepared)
            self._make_variables(prepared.batch)
            prepared.rows = self._rows(prepared)
        return prepared.rows

    def numbers(self, prepared: Prepared) -> NDArray[np.int64]:
        """The station's number of each row, 0 where it is unknown."""
        numbers = np.array([self._stations.get(code, 0) for code in prepared.codes] or [0])
        places = prepared.places
        return numbers[places] if len(places) else places.astype(np.int64)

    def _rows(self, prepared: Prepared) -> Rows:
        return rows_of(prepared.batch, self.numbers(prepared))

    # ------------------------------------------------------------------ variables

    def _check_names(self, batch: Batch) -> None:
        new = [name for name in batch.values if name not in self._variables]
        for name in new:
            _refuse_name(name)
        if new and self._is_frozen:
            _refuse_unknown_variables(batch, new)
            return
        if len(self._variables) + len(new) > VARIABLES_MAX:
            raise InvalidInputError.of(
                new[-1], f"A dataset has at most {VARIABLES_MAX} variables; this would be one more."
            )
        for name in new:
            self._variables[name] = Variable(dataset=self.dataset, name=name)
            self._unsaved.add(name)

    def _new(self, batch: Batch) -> list[str]:
        """Variables of the batch that have a value in a good row and are not stored yet."""
        good = ~batch.problems.bad
        return [
            name
            for name, column in batch.values.items()
            if name in self._unsaved
            and (column.is_valid().to_numpy(zero_copy_only=False) & good).any()
        ]

    def _make_variables(self, batch: Batch) -> None:
        new = self._new(batch)
        if new:
            Variable.objects.bulk_create([self._variables[name] for name in new])
            self._unsaved.difference_update(new)
            _note_change(self.dataset)

    def _count_doubtful(self, batch: Batch) -> None:
        for name, count in doubt(batch, self._variables).items():
            self.doubtful[name] = self.doubtful.get(name, 0) + count

    # ------------------------------------------------------------------ stations

    def _find_stations(self, prepared: Prepared) -> None:
        unknown = [code for code in prepared.codes if code not in self._stations]
        asked = [code for code in unknown if "\x00" not in code]
        known = dict(self.dataset.stations.filter(code__in=asked).values_list("code", "id"))
        self._stations |= known
        missing = [code not in self._stations for code in prepared.codes]
        if self._is_frozen:
            _refuse(prepared, missing, "The dataset has no such station.")
            return
        used = np.unique(prepared.places[~prepared.batch.problems.bad]).tolist()
        self._make_stations([prepared.codes[place] for place in used if missing[place]])

    def _refuse_stations(self, prepared: Prepared, unfit: list[bool]) -> None:
        known = [code in self._stations for code in prepared.codes]
        odd = [bad and not ok for bad, ok in zip(unfit, known, strict=True)]
        _refuse(prepared, odd, "Not a station code.")

    def _make_stations(self, codes: list[str]) -> None:
        if codes:
            made = [Station(dataset=self.dataset, code=code, name=code) for code in codes]
            Station.objects.bulk_create(made)
            _note_change(self.dataset)
            found = self.dataset.stations.filter(code__in=codes)
            self._stations |= dict(found.values_list("code", "id"))


def _note_change(dataset: Dataset) -> None:
    Dataset.objects.filter(pk=dataset.pk).update(meta_version=F("meta_version") + 1)


def _refuse_name(name: str) -> None:
    if name in RESERVED or not name.strip() or len(name) > NAME_MAX or not name.isprintable():
        raise InvalidInputError.of(
            name[:80] or "value",
            f"Not a name for a variable: at most {NAME_MAX} characters, none of them invisible, "
            f"and not one of {', '.join(sorted(RESERVED))}.",
        )


def _refuse_unknown_variables(batch: Batch, names: list[str]) -> None:
    for name in names:
        column = batch.values.pop(name)
        removed = batch.removed.pop(name, np.zeros(len(batch), np.bool_))
        present = column.is_valid().to_numpy(zero_copy_only=False) | removed
        if name in batch.texts:
            present |= batch.texts.pop(name).is_valid().to_numpy(zero_copy_only=False)
        batch.problems.add(present, name, "The dataset has no such variable and makes none.")


def _is_code(code: str) -> bool:
    """Whether this can be a new station's code; an empty one stands for no station."""
    return code == "" or bool(code.strip() and code.isprintable() and len(code) <= NAME_MAX)


def _refuse(prepared: Prepared, refused: list[bool], message: str) -> None:
    if any(refused):
        prepared.batch.problems.add(np.array(refused)[prepared.places], "station", message)
