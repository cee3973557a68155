"""Feeds of files: from below allowed folders and from addresses, into a dataset."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from connectors import services
from connectors.models import Document, Feed, Run
from connectors.registry import connectors
from connectors.services import files
from datasets.models import DataPoint, Station, Variable
from datastream.core.errors import InvalidInputError
from datastream.core.http import Limits
from tests.connectors.conftest import Ingest
from tests.connectors.fakes.server import Call, FakeProvider, Reply, outage_page

CSV = "timestamp,site,stage\n2024-05-01,R1,1.5\n2024-05-02,R1,1.75\n2024-05-01,R2,0.5\n"
VARIABLES = {"stage": {"name": "river_stage", "unit": "m", "description": "Above zero."}}


class FakeSite(FakeProvider):
    """Serves one text at every address."""

    text = CSV

    def answer(self, call: Call) -> Reply:
        return Reply(200, self.text.encode(), {"Content-Type": "text/csv"})


@pytest.fixture(scope="module")
def running_site() -> Iterator[FakeSite]:
    with FakeSite() as site:
        yield site


@pytest.fixture
def site(running_site: FakeSite, settings: Any) -> FakeSite:
    running_site.reset()
    running_site.text = CSV
    settings.OUTBOUND_NETWORKS = [ip_network("127.0.0.0/8")]
    return running_site


@pytest.fixture(autouse=True)
def _at_once(impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    product = connectors["file"].product()
    monkeypatch.setattr(type(product), "quota", replace(product.quota, per_second=1e6))


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """A folder that feeds may read."""
    found = tmp_path / "allowed"
    found.mkdir()
    settings.FILE_FEED_FOLDERS = [str(found)]
    return found


def feed_of(admin: User, location: object, **parameters: Any) -> Feed:
    connector = connectors["file"]
    target = services.target_of(connector, admin, name="Rivers")
    facts = {"location": str(location), "variables": VARIABLES, **parameters}
    return services.make_feed(target, connector, name="rivers", product="table", parameters=facts)


def run(feed: Feed) -> Run:
    done = services.execute_run(services.start_run(feed).pk)
    assert done is not None
    return done


def test_a_file_below_an_allowed_folder_is_read(admin: User, folder: Path) -> None:
    path = folder / "deep" / "stages.csv"
    path.parent.mkdir()
    path.write_text(CSV)
    done = run(feed_of(admin, path, station_column="site"))
    assert (done.status, done.inserted, done.rejected) == ("succeeded", 3, 0)
    assert list(Station.objects.values_list("code", flat=True).order_by("code")) == ["R1", "R2"]
    variable = Variable.objects.get()
    assert (variable.name, variable.unit) == ("river_stage", "m")
    assert Document.objects.count() == 1


def test_a_table_without_stations_goes_to_the_one_without_a_code(admin: User, folder: Path) -> None:
    path = folder / "stages.csv"
    path.write_text("timestamp,stage\n2024-05-01,1.5\n")
    assert run(feed_of(admin, path)).inserted == 1
    assert Station.objects.get().code == ""


def test_the_file_is_read_again_by_each_run(admin: User, folder: Path) -> None:
    path = folder / "stages.csv"
    path.write_text(CSV)
    feed = feed_of(admin, path, station_column="site")
    run(feed)
    path.write_text(CSV.replace("1.75", "1.80") + "2024-05-03,R1,2\n")
    done = run(feed)
    assert (done.inserted, done.updated, done.unchanged) == (1, 1, 2)


def test_the_document_is_read_again_when_the_file_is_gone(admin: User, folder: Path) -> None:
    path = folder / "stages.csv"
    path.write_text(CSV)
    feed = feed_of(admin, path, station_column="site")
    run(feed)
    path.unlink()
    again = services.execute_run(services.start_replay(feed).pk)
    assert again is not None
    assert (again.status, again.unchanged) == ("succeeded", 3)
    failed = run(feed)
    assert failed.error is not None
    assert (failed.status, failed.error["code"]) == ("failed", "PROVIDER_REFUSED")


def test_without_allowed_folders_no_file_is_read(admin: User, tmp_path: Path) -> None:
    path = tmp_path / "stages.csv"
    path.write_text(CSV)
    with pytest.raises(InvalidInputError, match="not valid") as caught:
        feed_of(admin, path)
    assert list(caught.value.details) == ["location"]


def test_a_file_beside_the_folder_is_refused_as_one_that_is_not_there(
    admin: User, folder: Path
) -> None:
    beside = folder.parent / "allowed-not.csv"
    beside.write_text(CSV)
    told = []
    for path in (beside, folder.parent / "nothing.csv", Path("/etc/shadow")):
        with pytest.raises(InvalidInputError) as caught:
            feed_of(admin, path, format="csv")
        told.append(caught.value.details)
    assert told[0] == told[1] == told[2]
    assert Feed.objects.count() == 0


def test_a_link_out_of_the_folder_is_refused(admin: User, folder: Path) -> None:
    outside = folder.parent / "secret.csv"
    outside.write_text(CSV)
    (folder / "link.csv").symlink_to(outside)
    (folder / "up").symlink_to(folder.parent)
    for path in (folder / "link.csv", folder / "up" / "secret.csv"):
        with pytest.raises(InvalidInputError):
            feed_of(admin, path)


def test_a_link_that_came_later_is_refused_by_the_run(admin: User, folder: Path) -> None:
    outside = folder.parent / "secret.csv"
    outside.write_text(CSV)
    path = folder / "stages.csv"
    path.write_text(CSV)
    feed = feed_of(admin, path, station_column="site")
    path.unlink()
    path.symlink_to(outside)
    done = run(feed)
    assert done.error is not None
    assert (done.status, done.error["code"]) == ("failed", "VALIDATION_ERROR")
    assert DataPoint.objects.count() == 0


def test_a_folder_taken_back_by_the_operator_is_read_no_more(
    admin: User, folder: Path, settings: Any
) -> None:
    path = folder / "stages.csv"
    path.write_text(CSV)
    feed = feed_of(admin, path, station_column="site")
    settings.FILE_FEED_FOLDERS = []
    assert run(feed).status == "failed"


def test_f_13_a_table_with_too_many_bad_rows_is_refused_until_it_is_mended(
    admin: User, folder: Path
) -> None:
    path = folder / "stages.csv"
    path.write_text(f"{CSV}2024-05-03,R1,high\nsoon,R1,2\n")
    feed = feed_of(admin, path, station_column="site")
    done = run(feed)
    assert done.error is not None
    assert (done.status, done.error["code"]) == ("partial", "PROVIDER_REFUSED")
    assert (done.inserted, done.rejected, DataPoint.objects.count()) == (0, 2, 0)
    assert {one["field"] for one in done.rejections} == {"stage", "timestamp"}
    assert feed.coverage.get().state == "failed"
    path.write_text(CSV)
    assert run(feed).inserted == 3


def test_what_is_no_file_holds_nobody_up(admin: User, folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder.csv").mkdir()
    for name in ("pipe.csv", "folder.csv"):
        done = run(feed_of(admin, folder / name))
        assert done.error is not None
        assert (done.status, done.error["code"]) == ("failed", "PROVIDER_REFUSED")


def test_a_file_that_is_too_large_is_refused(
    admin: User, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "Limits", partial(Limits, max_bytes=40))
    path = folder / "stages.csv"
    path.write_text(CSV)
    done = run(feed_of(admin, path))
    assert done.error is not None
    assert "more than" in done.error["message"]


def test_an_address_is_asked_with_its_query(admin: User, site: FakeSite) -> None:
    feed = feed_of(admin, f"{site.url}/data/stages.csv?station=all&v=2", station_column="site")
    done = run(feed)
    assert (done.status, done.inserted) == ("succeeded", 3)
    (call,) = site.calls
    assert (call.path, call.query) == ("/data/stages.csv", "station=all&v=2")


def test_f_10_a_web_page_in_place_of_the_table_is_an_outage(admin: User, site: FakeSite) -> None:
    site.script(*[outage_page()] * 5)
    done = run(feed_of(admin, f"{site.url}/stages.csv", station_column="site"))
    assert done.error is not None
    assert (done.status, done.error["code"]) == ("failed", "PROVIDER_UNAVAILABLE")
    assert DataPoint.objects.count() == 0


def test_f_14_a_column_that_is_gone_stops_the_run(admin: User, site: FakeSite) -> None:
    feed = feed_of(admin, f"{site.url}/stages.csv", station_column="site")
    site.text = CSV.replace("stage", "level")
    done = run(feed)
    assert done.error is not None
    assert done.error["code"] == "SCHEMA_DRIFT"


# ------------------------------------------------------------------ by the command
def test_the_command_reads_a_table_again_and_again_by_a_mapping(
    admin: User, folder: Path, ingest_command: Ingest
) -> None:
    table = folder / "levels.csv"
    table.write_text("time;stage\n2024-05-01;1,5\n2024-05-02;NA\n")
    words = (
        "file", "--location", str(table), "--timestamp", "time", "--separator", ";",
        "--decimal", ",", "--missing", "NA,-999", "--station", "R1", "--timezone", "Etc/GMT-1",
        "--variables", json.dumps(VARIABLES), "--dataset", "Levels", "--json",
    )  # fmt: skip
    said = ingest_command(*words)
    assert said.code == 0, said.err
    assert said.receipt["inserted"] == 1
    point = DataPoint.objects.select_related("station").get()
    assert point.timestamp == datetime(2024, 4, 30, 23, tzinfo=UTC)
    assert (point.station.code, point.value) == ("R1", {"river_stage": 1.5})
    again = ingest_command(*words)
    assert (again.receipt["unchanged"], again.receipt["inserted"]) == (1, 0)
    assert Feed.objects.count() == 1


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("file",), "location"),
        (("file", "--location", "/etc/passwd", "--format", "csv"), "variables"),
        (("file", "--location", "/etc/x.csv", "--variables", '{"a": {}}'), "FILE_FEED_FOLDERS"),
        (("file", "some.csv"), "dataset"),
    ],
)
def test_the_command_says_which_word_is_missing(
    words: tuple[str, ...], named: str, admin: User, ingest_command: Ingest
) -> None:
    said = ingest_command(*words)
    assert (said.code, Feed.objects.count()) == (2, 0)
    assert named in said.err
