"""Pages of an old revision of points that have been revised since."""

import orjson
import pytest

from datasets.access import full_view
from datasets.models import Dataset
from datasets.selectors import points
from tests.factories import days, write

N = 11


@pytest.fixture(params=[1, 2, 3], ids=["all", "every other", "every third"])
def revised(dataset: Dataset, request: pytest.FixtureRequest) -> Dataset:
    """Two stations written in revision 1, of which all or some points were revised in revision 2.

    Revision 3 put further points between and behind them.
    """
    first = [{**one, "value": {"TMAX": 1.0}} for one in days(N)]
    write(dataset, [{**one, "station": station} for station in ("A", "B") for one in first])
    second = [{**one, "value": {"TMAX": 2.0}} for one in first[:: request.param]]
    write(dataset, [{**one, "station": station} for station in ("A", "B") for one in second])
    noons = [{**one, "timestamp": one["timestamp"].replace("T00", "T12")} for one in days(2 * N)]
    write(dataset, [{**one, "station": "A"} for one in noons])
    dataset.refresh_from_db()
    return dataset


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, N, 2 * N, 100])
def test_pages_of_an_old_revision_hold_each_point_once(
    revised: Dataset, limit: int, descending: bool
) -> None:
    selection = points.Selection(revision=1, descending=descending)
    found, after = [], None
    while True:
        page = points.page(full_view(revised), selection, limit=limit, after=after)
        found += orjson.loads(page.results)
        after = page.last
        if after is None:
            break
    wanted = [(station, one["timestamp"]) for station in ("A", "B") for one in days(N)]
    assert [(one["station"], one["timestamp"]) for one in found] == sorted(
        wanted, reverse=descending
    )
    assert {one["value"]["TMAX"] for one in found} == {1}
