"""The newest values of a dataset under an embargo are for those who edit it, on every path."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from datasets import services
from datasets.access import datasets_for
from datasets.models import Dataset, Receipt
from datasets.selectors import visible
from datasets.services import rollups
from datastream.core import clock
from tests.datasets.embargoed import API, NOW, made, routes, series, told, until_of
from tests.datasets.reading import view
from tests.factories import make_dataset, make_user, write

DAYS = 10
UNTIL = until_of(DAYS)
NARROW = ("anonymous", "viewer", "analyst", "share view", "viewer with share edit")
WIDE = ("steward", "share edit", "share manage", "owner", "admin")
HISTORY = [
    [
        *series("2020-03-20", "2020-06-14", TMAX=100.0),
        *series("2020-05-01", "2020-06-13", "B", TMIN=1.0),
    ],
    series("2020-05-30", "2020-06-10", TMAX=500.0),
    series("2020-06-05", "2020-06-14", "B", TMAX=900.0),
]
As = Callable[[str], APIClient]


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture(scope="module")
def embargoed(analyst: User) -> Dataset:
    dataset = made(analyst, HISTORY, embargo_days=DAYS)
    rollups.roll_up(dataset.pk)
    return dataset


@pytest.fixture(scope="module")
def people(analyst: User, embargoed: Dataset) -> dict[str, User | None]:
    found: dict[str, User | None] = {"anonymous": None, "owner": analyst}
    found |= {who: make_user(who) for who in ("viewer", "analyst", "steward", "admin")}
    for right in ("view", "edit", "manage"):
        found[f"share {right}"] = make_user("analyst")
    found["viewer with share edit"] = make_user("viewer")
    for who, user in found.items():
        if "share" in who:
            services.share(view(embargoed), who.split()[-1], user=user)
    return found


@pytest.fixture
def as_(db: None, people: dict[str, User | None]) -> As:
    def client(who: str) -> APIClient:
        found, user = APIClient(), people[who]
        # Anew, for a user remembers its rights.
        found.force_authenticate(user and User.objects.get(pk=user.pk))
        return found

    return client


@pytest.fixture(scope="module")
def lacking(analyst: User) -> dict[str, Any]:
    """What is told of a dataset that never had the hidden values."""
    return answers(made(analyst, HISTORY, before=UNTIL), True)


@pytest.fixture(scope="module")
def whole(analyst: User) -> dict[str, Any]:
    return answers(made(analyst, HISTORY), False)


def answers(dataset: Dataset, is_lacking: bool) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOW)
        asked = routes(UNTIL if is_lacking else None)
        pairs = zip(routes(), asked, strict=True)
        return {path: told(APIClient(), dataset, same) for path, same in pairs}


# ------------------------------------------------------------------ every path, everybody


@pytest.mark.slow
@pytest.mark.parametrize("who", NARROW)
def test_a_01_those_without_edit_read_as_if_all_ended_before_the_embargo(
    as_: As, embargoed: Dataset, lacking: dict[str, Any], who: str
):
    client = as_(who)
    for path in routes():
        assert told(client, embargoed, path) == lacking[path], path


@pytest.mark.slow
@pytest.mark.parametrize("who", WIDE)
def test_a_01_those_with_edit_read_everything(
    as_: As, embargoed: Dataset, whole: dict[str, Any], who: str
):
    client = as_(who)
    for path in routes():
        assert told(client, embargoed, path) == whole[path], path


def test_the_two_differ_on_every_path(lacking: dict[str, Any], whole: dict[str, Any]):
    same = {path for path in routes() if lacking[path] == whole[path]}
    # That have nothing after the beginning of the embargo in either.
    assert same <= {"/data?resolution=year"}


def test_a_hidden_point_is_not_found_like_one_that_never_was(as_: As, embargoed: Dataset):
    path = f"{API}/datasets/{embargoed.pk}/data"
    points = as_("owner").get(f"{path}?start={UNTIL.date()}&station=A&limit=2").json()["results"]
    assert len(points) == 2
    unknown = UUID(points[0]["id"]).int + 7
    hidden = as_("viewer").get(f"{path}/{points[0]['id']}")
    never = as_("viewer").get(f"{path}/{UUID(int=unknown)}")
    assert (hidden.status_code, hidden.json()) == (404, never.json())
    assert as_("share edit").get(f"{path}/{points[0]['id']}").status_code == 200


def test_what_is_hidden_is_hidden_in_every_revision(as_: As, embargoed: Dataset):
    path = f"{API}/datasets/{embargoed.pk}/data?limit=50000&revision="
    for revision in range(1, embargoed.revision + 1):
        found = as_("share view").get(f"{path}{revision}").json()["results"]
        assert found
        assert max(one["timestamp"] for one in found) < clock.text(UNTIL)


def test_what_is_hidden_changes_at_midnight(
    as_: As, embargoed: Dataset, monkeypatch: pytest.MonkeyPatch
):
    path = f"{API}/datasets/{embargoed.pk}/data?order=desc&limit=1&station=A"

    def newest() -> tuple[str, str]:
        answer = as_("viewer").get(path)
        return answer.json()["results"][0]["timestamp"][:10], answer["ETag"]

    before = newest()
    monkeypatch.setattr(clock, "now", lambda: NOW.replace(hour=23, minute=59))
    assert newest() == before
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=1))
    assert (before[0], newest()[0]) == ("2020-06-04", "2020-06-05")
    assert newest()[1] != before[1]


# ------------------------------------------------------------------ lists


@pytest.fixture
def shelf(db: None, analyst: User, embargoed: Dataset) -> Dataset:
    """Another dataset beside the embargoed one: later and with more points than one may see."""
    return made(analyst, [series("2020-01-01", "2020-06-08", TMAX=1)], tags=["shelf"])


@pytest.mark.parametrize(
    ("query", "who", "names"),
    [
        ("start=2020-06-10", "viewer", []),
        ("start=2020-06-10", "owner", ["embargoed"]),
        ("start=2020-06-04&ordering=created_at", "viewer", ["embargoed", "shelf"]),
        ("ordering=end", "viewer", ["embargoed", "shelf"]),
        ("ordering=end", "owner", ["shelf", "embargoed"]),
        ("ordering=-point_count", "viewer", ["shelf", "embargoed"]),
    ],
)
def test_a_05_filters_and_order_go_by_what_one_may_see(
    as_: As, embargoed: Dataset, shelf: Dataset, query: str, who: str, names: list[str]
):
    of = {str(embargoed.pk): "embargoed", str(shelf.pk): "shelf"}
    listed = as_(who).get(f"{API}/datasets?search=River&{query}").json()
    assert [of[one["id"]] for one in listed["results"] if one["id"] in of] == names


def test_a_05_a_list_tells_of_a_dataset_what_the_dataset_itself_tells(
    as_: As, embargoed: Dataset, shelf: Dataset
):
    for who in ("viewer", "share edit"):
        for query in ("", "&ordering=start,end,point_count"):
            listed = as_(who).get(f"{API}/datasets?search=River{query}").json()["results"]
            for one in listed:
                assert one == as_(who).get(f"{API}/datasets/{one['id']}").json()


def test_the_columns_to_sort_by_are_the_facts(db: None, analyst: User, viewer: User):
    for number, days in enumerate((1, 5, 11, 60, 3650)):
        made(analyst, HISTORY[: 1 + number % 3], embargo_days=days)
    made(analyst, [], embargo_days=3)
    made(analyst, HISTORY, embargo_days=DAYS, before=UNTIL)
    found = list(visible.with_facts(datasets_for(viewer)))
    visible.tell(found)
    for one in found:
        columns = visible.Facts(one.seen_count, one.seen_start, one.seen_end)  # type: ignore[attr-defined]
        assert columns == one.seen  # type: ignore[attr-defined]


def test_a_list_costs_one_statement_more_whatever_is_under_an_embargo(
    as_: As, embargoed: Dataset, analyst: User
):
    def cost(query: str) -> int:
        client = as_("viewer")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{API}/datasets?{query}").status_code == 200
        return len(queries)

    made(analyst, HISTORY, tags=["open"])
    few = cost("search=River&page_size=500")
    assert few == cost("tag=open") + 1
    for _ in range(3):
        made(analyst, HISTORY, embargo_days=DAYS)
    assert cost("search=River&page_size=500") == few


def test_a_page_costs_no_statement_more_under_an_embargo(
    as_: As, embargoed: Dataset, analyst: User
):
    plain = made(analyst, HISTORY)
    rollups.roll_up(plain.pk)
    # A stream asks whether it is too long for one, and its file is named after its days; a month
    # or a year that the embargo cuts is read from its points.
    more = {"/data?format=csv": 2, "/data?resolution=month": 1, "/completeness": 1}
    for path in ("/data", "/data?limit=1&station=A", "/changes", *more):
        counts = []
        for dataset in (plain, embargoed):
            client = as_("anonymous")
            with CaptureQueriesContext(connection) as queries:
                told(client, dataset, path)
            counts.append(len(queries))
        assert counts[1] - counts[0] == more.get(path, 0), path


# ------------------------------------------------------------------ revisions, receipts, tags


def test_counts_and_digest_of_a_revision_do_not_tell_of_what_is_hidden(as_: As, embargoed: Dataset):
    path = f"{API}/datasets/{embargoed.pk}/revisions"
    names = ("inserted", "updated", "deleted", "unchanged", "digest")
    for one in as_("viewer").get(path).json()["results"]:
        assert [one[name] for name in names] == [None] * 5
        assert one == as_("viewer").get(f"{path}/{one['number']}").json()
        assert one["created_at"]
    for one in as_("share edit").get(path).json()["results"]:
        assert None not in [one[name] for name in names]


def test_a_revision_of_old_values_tells_its_counts(as_: As, analyst: User):
    dataset = made(analyst, [series("2020-01-01", "2020-02-01", TMAX=1)], embargo_days=DAYS)
    (one,) = as_("viewer").get(f"{API}/datasets/{dataset.pk}/revisions").json()["results"]
    assert (one["inserted"], one["updated"], one["deleted"]) == (33, 0, 0)
    assert (one["unchanged"], one["digest"]) == (None, None)


def test_a_tag_of_somebody_who_sees_more_is_not_the_viewers(as_: As, embargoed: Dataset):
    for path in ("", "/data", "/data?format=csv", "/data?resolution=month", "/changes",
                 "/window?variable=TMAX&station=A"):  # fmt: skip
        address = f"{API}/datasets/{embargoed.pk}{path}"
        tags = {who: as_(who).get(address)["ETag"] for who in ("owner", "share edit", "viewer")}
        assert tags["owner"] == tags["share edit"] or not path  # which tells the rights
        assert tags["viewer"] != tags["owner"]
        for who in ("viewer", "anonymous"):
            asked = as_(who).get(address, headers={"If-None-Match": tags["owner"]})
            assert asked.status_code == 200
        same = as_("viewer").get(address, headers={"If-None-Match": tags["viewer"]})
        assert same.status_code == 304


def test_an_author_who_no_longer_edits_reads_what_became_of_the_write_and_no_values(
    as_: As, people: dict[str, User | None], embargoed: Dataset
):
    author = people["viewer"]
    receipt = Receipt.objects.create(
        dataset=embargoed, user=author, status="stored", counts={"received": 1, "inserted": 1}
    )
    found = as_("viewer").get(f"{API}/receipts/{receipt.pk}").json()
    assert (found["inserted"], found["errors"]) == (1, [])
    assert as_("viewer").get(f"{API}/datasets/{embargoed.pk}/receipts").status_code == 403
    assert as_("share view").get(f"{API}/receipts/{receipt.pk}").status_code == 404


# ------------------------------------------------------------------ who sets it


@pytest.mark.parametrize("fact", [{"embargo_days": 1}, {"coordinate_step_deg": 1}])
@pytest.mark.parametrize(
    ("who", "status"),
    [("anonymous", 401), ("viewer", 403), ("steward", 403), ("share view", 403),
     ("share edit", 403), ("viewer with share edit", 403), ("share manage", 200), ("owner", 200),
     ("admin", 200)],
)  # fmt: skip
def test_who_manages_a_dataset_sets_what_others_see(
    as_: As, embargoed: Dataset, fact: dict[str, Any], who: str, status: int
):
    before = Dataset.objects.filter(pk=embargoed.pk).values().get()
    answer = as_(who).patch(f"{API}/datasets/{embargoed.pk}", fact, format="json")
    assert answer.status_code == status
    if status == 200:
        assert fact.items() <= answer.json().items()
        assert fact.items() <= as_("anonymous").get(f"{API}/datasets/{embargoed.pk}").json().items()
    else:
        assert Dataset.objects.filter(pk=embargoed.pk).values().get() == before


def test_an_embargo_works_on_the_next_request_and_ends_on_the_next(as_: As, analyst: User):
    dataset = made(analyst, HISTORY)
    path = f"{API}/datasets/{dataset.pk}"

    def counts() -> tuple[int, int]:
        points = as_("viewer").get(f"{path}/data?limit=50000").json()["results"]
        return len(points), as_("viewer").get(path).json()["point_count"]

    everything = counts()
    for days, is_less in ((DAYS, True), (None, False), (3650, True)):
        as_("owner").patch(path, {"embargo_days": days}, format="json")
        assert counts()[0] == counts()[1]
        assert (counts() < everything) == is_less
    assert counts() == (0, 0)
    found = as_("viewer").get(path).json()
    assert (found["start"], found["end"], found["embargo_days"]) == (None, None, 3650)


def test_a_page_that_is_open_when_the_embargo_comes_does_not_go_on(as_: As, analyst: User):
    dataset = made(analyst, HISTORY)
    path = f"{API}/datasets/{dataset.pk}"
    following = as_("viewer").get(f"{path}/data?limit=5").json()["next"]
    changes = as_("viewer").get(f"{path}/changes?limit=5").json()["next"]
    as_("owner").patch(path, {"embargo_days": DAYS}, format="json")
    for address in (following, changes):
        answer = as_("viewer").get(address)
        assert (answer.status_code, list(answer.json()["detail"]["details"])) == (400, ["cursor"])


def test_points_of_the_future_are_under_the_embargo_too(as_: As, analyst: User):
    dataset = make_dataset(analyst, visibility="public", embargo_days=1)
    write(dataset, series("2020-06-10", "2021-01-01", "A", TMAX=1))
    assert as_("viewer").get(f"{API}/datasets/{dataset.pk}").json()["point_count"] == 4
