"""Who may do what with a dataset of somebody else, by the table of the security page."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from rest_framework.test import APIClient

from accounts import services as accounts
from accounts.models import User
from datasets import services
from datasets.models import Dataset
from tests.datasets.reading import view
from tests.factories import days, make_dataset, make_user, signed_in, write

pytestmark = pytest.mark.slow

VISIBILITIES = ("private", "internal", "public")
# Principal → answer on a private, an internal and a public dataset.
READ = {
    "anonymous": (404, 404, 200),
    "deactivated": (401, 401, 401),
    "viewer": (404, 200, 200),
    "analyst": (404, 200, 200),
    "steward": (404, 200, 200),
    "share view": (200, 200, 200),
    "share edit": (200, 200, 200),
    "share manage": (200, 200, 200),
    "viewer with share manage": (200, 200, 200),
    "owner": (200, 200, 200),
    "admin": (200, 200, 200),
}
EDIT = {
    "anonymous": (401, 401, 401),
    "deactivated": (401, 401, 401),
    "viewer": (404, 403, 403),
    "analyst": (404, 403, 403),
    "steward": (404, 200, 200),
    "share view": (403, 403, 403),
    "share edit": (200, 200, 200),
    "share manage": (200, 200, 200),
    "viewer with share manage": (403, 403, 403),
    "owner": (200, 200, 200),
    "admin": (200, 200, 200),
}
MANAGE = {**EDIT, "steward": (404, 403, 403), "share edit": (403, 403, 403)}
PAIRS = [(who, visibility) for who in READ for visibility in VISIBILITIES]
CODES = {401: "AUTHENTICATION_REQUIRED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


@pytest.fixture(scope="module")
def owner(kept: None) -> User:
    return make_user("analyst")


@pytest.fixture(scope="module")
def datasets(owner: User) -> dict[str, Dataset]:
    """A dataset of each visibility, with three points and a variable."""
    made = {
        visibility: make_dataset(owner, visibility=visibility, tags=["access"])
        for visibility in VISIBILITIES
    }
    for dataset in made.values():
        write(dataset, days(3, station="a"))
    return made


@pytest.fixture(scope="module")
def people(owner: User, datasets: dict[str, Dataset]) -> dict[str, User | None]:
    found: dict[str, User | None] = {
        who: make_user(who) for who in ("viewer", "analyst", "steward", "admin")
    }
    found |= {"anonymous": None, "owner": owner, "deactivated": make_user("steward")}
    for right in ("view", "edit", "manage"):
        found[f"share {right}"] = make_user("analyst")
    found["viewer with share manage"] = make_user("viewer")
    for dataset in datasets.values():
        for who, user in found.items():
            if "share" in who:
                services.share(view(dataset), who.split()[-1], user=user)
    return found


@pytest.fixture(scope="module")
def clients(people: dict[str, User | None]) -> dict[str, APIClient]:
    found = {who: signed_in(user) for who, user in people.items()}
    User.objects.filter(pk=people["deactivated"].pk).update(is_active=False)  # type: ignore[union-attr]
    return found


def state(dataset: Dataset) -> Any:
    """All that a refused request could have changed."""
    row = Dataset.objects.filter(pk=dataset.pk).values().first()
    related = (dataset.shares, dataset.stations, dataset.variables, dataset.revisions)
    return row, [list(manager.values()) for manager in related], dataset.receipts.count()


def expect(answer: Any, status: int, who: str) -> None:
    assert answer.status_code == status, (answer.status_code, answer.content)
    if status >= 400:
        code = answer.json()["detail"]["code"]
        assert code == ("INVALID_TOKEN" if who == "deactivated" else CODES[status])
        assert ("WWW-Authenticate" in answer) == (status == 401)


# ------------------------------------------------------------------ the table


def readings(dataset: Dataset) -> list[str]:
    station = dataset.stations.get()
    below = [
        "", "/data", "/data?limit=1", "/stations", f"/stations/{station.pk}", "/variables",
        f"/variables/{dataset.variables.first().pk}", "/revisions", "/revisions/1",  # type: ignore[union-attr]
    ]  # fmt: skip
    return [f"/api/v1/datasets/{dataset.pk}{path}" for path in below]


@pytest.mark.slow
@pytest.mark.parametrize(("who", "visibility"), PAIRS)
def test_a_01_reading(db: None, clients: Any, datasets: Any, who: str, visibility: str):
    dataset = datasets[visibility]
    wanted = READ[who][VISIBILITIES.index(visibility)]
    for path in readings(dataset):
        expect(clients[who].get(path), wanted, who)
    if wanted == 401:
        return
    listed = clients[who].get("/api/v1/datasets?tag=access").json()
    assert (str(dataset.pk) in {one["id"] for one in listed["results"]}) == (wanted == 200)
    assert listed["count"] == sum(answer == 200 for answer in READ[who])


@pytest.mark.slow
@pytest.mark.parametrize(("who", "visibility"), PAIRS)
def test_a_01_editing(db: None, clients: Any, datasets: Any, who: str, visibility: str):
    dataset, client = datasets[visibility], clients[who]
    wanted = EDIT[who][VISIBILITIES.index(visibility)]
    path, before = f"/api/v1/datasets/{dataset.pk}", state(dataset)
    station, variable = dataset.stations.get(), dataset.variables.first()
    made = 201 if wanted == 200 else wanted
    expect(client.post(f"{path}/data", days(4, station="a"), format="json"), wanted, who)
    expect(client.patch(path, {"description": "x"}, format="json"), wanted, who)
    expect(client.post(f"{path}/stations", {"code": "b"}, format="json"), made, who)
    expect(client.patch(f"{path}/stations/{station.pk}", {"name": "x"}, format="json"), wanted, who)
    expect(client.post(f"{path}/variables", {"name": "B"}, format="json"), made, who)
    expect(
        client.patch(f"{path}/variables/{variable.pk}", {"unit": "K"}, format="json"), wanted, who
    )
    assert (state(dataset) == before) == (wanted != 200)


@pytest.mark.slow
@pytest.mark.parametrize(("who", "visibility"), PAIRS)
def test_a_01_managing(db: None, clients: Any, datasets: Any, who: str, visibility: str):
    dataset, client = datasets[visibility], clients[who]
    wanted = MANAGE[who][VISIBILITIES.index(visibility)]
    path, before = f"/api/v1/datasets/{dataset.pk}", state(dataset)
    share = dataset.shares.first()
    new = {"role": "steward", "permission": "view"}
    change = {"visibility": visibility, "description": "x"}
    expect(client.patch(path, change, format="json"), wanted, who)
    expect(client.get(f"{path}/shares"), wanted, who)
    expect(client.post(f"{path}/shares", new, format="json"), 201 if wanted == 200 else wanted, who)
    assert (state(dataset) == before) == (wanted != 200)
    gone = 204 if wanted == 200 else wanted
    if who == "share manage":
        share = dataset.shares.exclude(permission="manage").first()
    expect(client.delete(f"{path}/shares/{share.pk}"), gone, who)
    expect(client.delete(path), gone, who)
    assert Dataset.objects.filter(pk=dataset.pk).exists() == (wanted != 200)


@pytest.mark.parametrize("who", READ)
def test_a_01_making_a_dataset(db: None, clients: Any, people: Any, who: str):
    refused = {"anonymous": 401, "deactivated": 401, "viewer": 403, "viewer with share manage": 403}
    answer = clients[who].post("/api/v1/datasets", {"name": "new"}, format="json")
    expect(answer, refused.get(who, 201), who)
    if answer.status_code == 201:
        assert answer.json()["owner"]["id"] == str(people[who].pk)
        assert answer.json()["permissions"] == ["view", "edit", "manage"]


@pytest.mark.parametrize(
    ("who", "rights"),
    [("viewer", (None, 1, 1)), ("analyst", (None, 1, 1)), ("steward", (None, 2, 2)),
     ("share view", (1, 1, 1)), ("share edit", (2, 2, 2)), ("share manage", (3, 3, 3)),
     ("viewer with share manage", (1, 1, 1)), ("owner", (3, 3, 3)), ("admin", (3, 3, 3)),
     ("anonymous", (None, None, 1))],
)  # fmt: skip
def test_a_dataset_says_what_its_reader_may_do(
    db: None, clients: Any, datasets: Any, who: str, rights: tuple[int | None, ...]
):
    for dataset, right in zip(datasets.values(), rights, strict=True):
        if right is not None:
            found = clients[who].get(f"/api/v1/datasets/{dataset.pk}").json()["permissions"]
            assert found == ["view", "edit", "manage"][:right]


def test_an_owner_who_is_made_a_viewer_only_reads(db: None, owner: User, datasets: Any):
    client = signed_in(owner)
    accounts.set_roles(owner, ["viewer"])
    path = f"/api/v1/datasets/{datasets['private'].pk}"
    assert client.get(path).json()["permissions"] == ["view"]
    assert client.patch(path, {"name": "x"}, format="json").status_code == 403
    assert client.delete(path).status_code == 403


def test_a_user_without_any_role_only_reads(db: None, datasets: Any):
    user = make_user("viewer")
    user.groups.clear()
    client = signed_in(user)
    assert client.get(f"/api/v1/datasets/{datasets['internal'].pk}").status_code == 200
    assert client.get(f"/api/v1/datasets/{datasets['private'].pk}").status_code == 404
    assert client.post("/api/v1/datasets", {"name": "x"}, format="json").status_code == 403


# ------------------------------------------------------------------ what may not be known


def told(answer: Any, *ids: Any) -> Any:
    """An answer but for its request id."""
    # What is left of the caller's quota goes down with every request.
    changing = {"X-Request-ID", "Date", "RateLimit"}
    headers = {k: v for k, v in answer.headers.items() if k not in changing}
    text = answer.content.decode()
    assert not any(str(one) in text for one in ids)
    return answer.status_code, text, headers


REQUESTS: list[tuple[str, str, Any]] = [
    ("get", "", None), ("patch", "", {"name": "x"}), ("patch", "", {"nonsense": 1}),
    ("delete", "", None), ("get", "/data", None), ("get", "/data?limit=0", None),
    ("get", "/data?nonsense=1", None), ("post", "/data", []), ("post", "/data", {"points": 3}),
    ("get", "/stations", None), ("get", "/stations?ordering=x", None),
    ("post", "/stations", {"code": "a"}), ("post", "/stations", {}),
    ("patch", "/stations/1", {"name": "x"}), ("get", "/variables", None),
    ("post", "/variables", {"name": "TMAX"}), ("get", "/shares", None),
    ("post", "/shares", {"role": "viewer", "permission": "view"}), ("post", "/shares", {}),
    ("get", "/revisions", None), ("get", "/revisions/1", None), ("get", "/revisions/99", None),
]  # fmt: skip


@pytest.mark.parametrize("asked", REQUESTS, ids=lambda asked: " ".join(asked[:2]))
@pytest.mark.parametrize("who", ["anonymous", "steward"])
def test_a_hidden_dataset_answers_like_one_that_never_was(
    db: None, clients: Any, datasets: Any, who: str, asked: tuple[str, str, Any]
):
    method, path, body = asked
    hidden, unknown = datasets["private"].pk, uuid4()
    ask = getattr(clients[who], method)
    answers = [
        told(ask(f"/api/v1/datasets/{one}{path}", body, format="json"), hidden)
        for one in (hidden, unknown)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] in {400, 401, 404}


def test_a_05_search_filters_and_order_do_not_reach_what_is_hidden(
    db: None, clients: Any, datasets: Any, owner: User
):
    hidden = datasets["private"]
    queries = [f"search={hidden.name}", f"owner={owner.pk}", "visibility=private", "variable=TMAX"]
    for query in [*queries, "ordering=name", "start=1900-01-01", "page_size=500"]:
        listed = clients["analyst"].get(f"/api/v1/datasets?{query}").json()
        assert str(hidden.pk) not in str(listed)
        assert listed["count"] == len(listed["results"])


def test_a_03_a_child_under_another_parent_is_not_found(db: None, clients: Any, datasets: Any):
    mine, other = (f"/api/v1/datasets/{datasets[v].pk}" for v in ("internal", "private"))
    client, dataset = clients["owner"], datasets["private"]
    point = client.get(f"{other}/data").json()["results"][0]["id"]
    children = [
        f"/stations/{dataset.stations.get().pk}",
        f"/variables/{dataset.variables.first().pk}",
        f"/data/{point}",
    ]
    for child in children:
        assert client.get(f"{other}{child}").status_code == 200
        assert client.get(f"{mine}{child}").status_code == 404
    for child in children[:2]:
        assert client.patch(f"{mine}{child}", {"name": "x"}, format="json").status_code == 404
    share = dataset.shares.first()
    assert client.delete(f"{mine}/shares/{share.pk}").status_code == 404
    assert dataset.shares.filter(pk=share.pk).exists()


# ------------------------------------------------------------------ shares


@pytest.fixture
def colleague(db: None) -> User:
    return make_user("analyst")


def test_a_06_a_withdrawn_share_works_on_the_next_request(
    clients: Any, datasets: Any, colleague: User
):
    path, client = f"/api/v1/datasets/{datasets['private'].pk}", signed_in(colleague)
    given = clients["owner"].post(
        f"{path}/shares", {"user": str(colleague.pk), "permission": "edit"}, format="json"
    )
    following = client.get(f"{path}/data?limit=1").json()["next"]
    assert client.get(following).status_code == 200
    assert clients["owner"].delete(f"{path}/shares/{given.json()['id']}").status_code == 204
    assert client.get(following).status_code == 404
    assert client.get(path).status_code == 404
    assert client.get("/api/v1/datasets?visibility=private").json()["count"] == 0


def test_a_share_given_again_is_replaced(clients: Any, datasets: Any, colleague: User):
    path, client = f"/api/v1/datasets/{datasets['private'].pk}", signed_in(colleague)
    before = datasets["private"].shares.count()
    for right, names in (("manage", 3), ("view", 1), ("edit", 2)):
        body = {"user": str(colleague.pk), "permission": right}
        answer = clients["owner"].post(f"{path}/shares", body, format="json")
        assert answer.status_code == 201
        assert len(client.get(path).json()["permissions"]) == names
    assert datasets["private"].shares.count() == before + 1


def test_a_role_gets_a_share_and_of_two_the_greater_counts(
    clients: Any, datasets: Any, colleague: User
):
    path, client = f"/api/v1/datasets/{datasets['private'].pk}", signed_in(colleague)
    role = {"role": "analyst", "permission": "edit"}
    clients["owner"].post(f"{path}/shares", role, format="json")
    clients["owner"].post(
        f"{path}/shares", {"user": str(colleague.pk), "permission": "view"}, format="json"
    )
    assert client.get(path).json()["permissions"] == ["view", "edit"]
    assert clients["viewer"].get(path).status_code == 404
    colleague.groups.set(Group.objects.filter(name="steward"))
    assert client.get(path).json()["permissions"] == ["view"]


def test_a_share_with_the_role_of_viewers_lets_them_only_read(clients: Any, datasets: Any):
    path = f"/api/v1/datasets/{datasets['private'].pk}"
    clients["owner"].post(f"{path}/shares", {"role": "viewer", "permission": "edit"}, format="json")
    assert clients["viewer"].get(path).json()["permissions"] == ["view"]
    assert clients["viewer"].post(f"{path}/data", [], format="json").status_code == 403


@pytest.mark.parametrize(
    "body",
    [{}, {"permission": "view"}, {"role": "viewer"}, {"role": "nobody", "permission": "view"},
     {"role": "viewer", "permission": "own"}, {"role": ["viewer"], "permission": "view"},
     {"user": str(uuid4()), "permission": "view"}, {"user": "x", "permission": "view"},
     {"user": 3, "permission": "view"}, {"user": True, "permission": "view"},
     {"user": {}, "permission": "view"}, {"role": "viewer", "permission": "view", "dataset": "x"},
     {"role": "vie\x00wer", "permission": "view"}, {"role": None, "permission": "view"}],
)  # fmt: skip
def test_a_share_that_makes_no_sense_is_refused(db: None, clients: Any, datasets: Any, body: Any):
    path = f"/api/v1/datasets/{datasets['private'].pk}/shares"
    before = state(datasets["private"])
    answer = clients["owner"].post(path, body, format="json")
    assert (answer.status_code, answer.json()["detail"]["code"]) == (400, "VALIDATION_ERROR")
    assert state(datasets["private"]) == before


def test_a_share_is_for_a_user_or_a_role_and_not_both(clients: Any, datasets: Any, colleague: User):
    body = {"user": str(colleague.pk), "role": "viewer", "permission": "view"}
    path = f"/api/v1/datasets/{datasets['private'].pk}/shares"
    assert clients["owner"].post(path, body, format="json").status_code == 400


def test_a_listed_share_says_for_whom_it_is(db: None, clients: Any, datasets: Any, people: Any):
    path = f"/api/v1/datasets/{datasets['private'].pk}/shares"
    listed = clients["owner"].get(f"{path}?ordering=permission").json()
    assert listed["count"] == 4
    found = {(one["permission"], one["user"]) for one in listed["results"]}
    assert ("view", str(people["share view"].pk)) in found
