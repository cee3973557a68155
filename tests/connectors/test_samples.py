"""The samples: real series, whole, with their facts, and the numbers of their packages."""

from typing import Any

import numpy as np
import pytest
from vega_datasets import local_data

from accounts.models import User
from connectors.loading import load_sample
from connectors.samples import SAMPLES, Sample
from datasets import access
from datasets.models import Dataset
from datasets.selectors.series import series
from tests.connectors.conftest import Ingest

EACH = [pytest.param(sample, id=sample.name) for sample in SAMPLES]


def named(name: str) -> Sample:
    return next(sample for sample in SAMPLES if sample.name == name)


@pytest.fixture
def loaded(admin: User) -> Any:
    """Load a sample by its name."""

    def load(name: str) -> access.View:
        dataset, _ = load_sample(named(name), admin)
        dataset.refresh_from_db()
        return access.full_view(dataset)

    return load


@pytest.mark.parametrize("sample", EACH)
def test_a_sample_is_loaded_whole_with_its_facts_and_never_twice(
    admin: User, sample: Sample
) -> None:
    dataset, outcome = load_sample(sample, admin)
    assert outcome is not None
    table = sample.table()
    # A week without a value counts as unchanged: it says nothing.
    assert outcome.received == outcome.inserted + outcome.unchanged == table.num_rows
    dataset.refresh_from_db()
    assert (dataset.source, dataset.visibility, dataset.revision) == ("sample", "public", 1)
    assert dataset.license
    assert dataset.citation
    station = dataset.stations.get()
    assert station.code == sample.station["code"]
    assert station.latitude == sample.station["latitude"]
    assert {one.name for one in dataset.variables.all()} == {v["name"] for v in sample.variables}
    again, nothing = load_sample(sample, admin)
    assert (again.pk, nothing, Dataset.objects.count()) == (dataset.pk, None, 1)


def test_co2_has_the_values_that_keeling_published(loaded: Any) -> None:
    # statsmodels.datasets.co2: weekly 1958-03-29 to 2001-12-29, 2284 weeks of which 59 are missing.
    found = series(loaded("co2"), "co2")
    assert len(found.values) == 2284 - 59
    assert str(found.timestamps[0]) == "1958-03-29T00:00:00.000000"
    assert str(found.timestamps[-1]) == "2001-12-29T00:00:00.000000"
    assert (found.values[0], found.values[-1], found.unit) == (316.1, 371.5, "ppm")


def test_the_sea_was_warmest_when_the_index_says_so(loaded: Any) -> None:
    # NOAA CPC, ERSST.V3B Niño 1+2 as in statsmodels.datasets.elnino: January 1950 is 23.11,
    # December 2010 is 22.07 degC, 61 years of 12 months.
    found = series(loaded("elnino"), "sst")
    assert len(found.values) == 61 * 12
    assert (found.values[0], found.values[-1]) == (23.11, 22.07)
    assert str(found.timestamps[-1])[:10] == "2010-12-01"
    warmest = found.timestamps[int(np.argmax(found.values))]
    # The El Niño of 1997/98: the warmest month of the series is March 1983 or 1998.
    assert str(warmest)[:7] in {"1983-03", "1998-03"}


def test_seattle_has_every_day_of_four_years(loaded: Any) -> None:
    frame = local_data.seattle_weather()
    view = loaded("seattle")
    columns = {"TMAX": "temp_max", "TMIN": "temp_min", "PRCP": "precipitation", "AWND": "wind"}
    for variable, column in columns.items():
        found = series(view, variable)
        assert len(found.values) == 1461
        assert np.array_equal(found.values, frame[column].to_numpy(np.float64))
    assert str(found.timestamps[-1])[:10] == "2015-12-31"


def test_the_command_loads_all_and_says_so(admin: User, ingest_command: Ingest) -> None:
    said = ingest_command("sample", "--json")
    assert said.code == 0, said.err
    assert [one["sample"] for one in said.receipt] == ["co2", "elnino", "seattle"]
    assert [one["inserted"] for one in said.receipt] == [2225, 732, 1461]
    again = ingest_command("sample", "--json")
    assert {one["status"] for one in again.receipt} == {"there already"}
    assert Dataset.objects.count() == 3


def test_without_an_admin_the_command_says_what_to_do(db: None, ingest_command: Ingest) -> None:
    said = ingest_command("sample")
    assert said.code == 2
    assert "create_first_admin" in said.err
    assert Dataset.objects.count() == 0
