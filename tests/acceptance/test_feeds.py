"""A feed from its making to its raw answers, as the guide has it, with a provider on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_docs import run_examples
from tests.connectors.fakes.noaa import FakeNoaa
from tests.running import Server, eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def noaa() -> Iterator[FakeNoaa]:
    with FakeNoaa() as noaa:
        yield noaa


@pytest.fixture
def collecting(noaa: FakeNoaa, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes the fake for NOAA."""
    var = tmp_path_factory.mktemp("collecting") / "var"
    settings = {"NOAA_BASE_URL": noaa.base_url, "OUTBOUND_NETWORKS": "127.0.0.0/8"}
    with Server(var, "--no-samples", **settings) as server:
        yield server


def test_the_guide_collects_two_years(collecting: Server, noaa: FakeNoaa, tmp_path: Path) -> None:
    run_examples("docs/guide/feeds.md", collecting, tmp_path)
    assert (tmp_path / "answer").read_bytes().startswith(b'"STATION"')
    admin = collecting.admin()

    def runs() -> list[dict[str, object]]:
        return list(admin.get(f"{collecting.api}/runs?ordering=created_at").json()["results"])

    assert eventually(lambda: all(one["finished_at"] for one in runs()), 60), runs()
    first, again = runs()
    assert (first["status"], first["trigger"], first["inserted"]) == ("succeeded", "hand", 731)
    assert (again["status"], again["trigger"]) == ("succeeded", "back-fill")
    assert (again["inserted"], again["unchanged"]) == (0, 31)
    (dataset,) = admin.get(f"{collecting.api}/datasets").json()["results"]
    assert (dataset["name"], dataset["point_count"]) == ("Central Park", 731)
    spans = admin.get(f"{collecting.api}/feeds/{first['feed']}/coverage").json()["results"]
    assert {one["state"] for one in spans} == {"fetched"}
    asked = [(call.params["startDate"], call.params["endDate"]) for call in noaa.calls]
    assert asked == [("2020-01-01", "2021-12-31"), ("2020-03-01", "2020-03-31")]
