"""Who sees and changes feeds, runs and raw answers: roles, rights on the dataset, what it hides."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from accounts.models import User
from connectors import services
from connectors.models import Feed, Run
from datasets.models import Dataset, Share
from datastream.core.models import Status
from tests.conftest import ClientOf
from tests.connectors.collecting import API, body_of, make_document, make_feed
from tests.factories import make_dataset, make_user


@pytest.fixture
def dataset(db: None) -> Dataset:
    """A private dataset of an analyst."""
    return make_dataset(make_user("analyst"))


@pytest.fixture
def feed(dataset: Dataset) -> Feed:
    return make_feed(dataset)


@pytest.fixture
def run(feed: Feed) -> Run:
    return services.start_run(feed)


@pytest.fixture
def client(steward: User, client_of: ClientOf) -> APIClient:
    """A steward to whom the dataset is no more than what a share makes it."""
    return client_of(steward)


def share(dataset: Dataset, user: User, permission: str) -> None:
    Share.objects.update_or_create(dataset=dataset, user=user, defaults={"permission": permission})


def status(answer: Any) -> int:
    return int(answer.status_code)


def reading(run: Run, document: str) -> list[str]:
    feed = f"{API}/feeds/{run.feed_id}"
    raw = [f"{API}/documents/{document}", f"{API}/documents/{document}/body"]
    return [feed, f"{feed}/plan", f"{feed}/coverage", f"{API}/runs/{run.pk}", *raw]


def writing(client: APIClient, run: Run) -> list[Any]:
    feed = f"{API}/feeds/{run.feed_id}"
    return [
        client.patch(feed, {"lookback_days": 1}, format="json"),
        client.post(f"{feed}/run"),
        client.post(f"{API}/runs/{run.pk}/cancel"),
        client.delete(feed),
    ]


LISTS = ("feeds", "runs", "documents")


def counts(client: APIClient) -> list[int]:
    return [client.get(f"{API}/{name}").json()["count"] for name in LISTS]


def test_what_cannot_be_seen_is_as_what_never_was(client: APIClient, run: Run) -> None:
    document = str(make_document(run, b"x").pk)
    ghost = Run(pk=uuid.uuid4(), feed_id=uuid.uuid4())
    hidden = [client.get(path) for path in reading(run, document)] + writing(client, run)
    never = [client.get(p) for p in reading(ghost, str(uuid.uuid4()))] + writing(client, ghost)
    assert {one.status_code for one in hidden} == {404}
    assert [one.content for one in hidden] == [one.content for one in never]
    assert counts(client) == [0, 0, 0]


@pytest.mark.parametrize("visibility", ["private", "internal", "public"])
def test_who_only_views_the_dataset_sees_nothing_of_its_collection(
    client: APIClient, run: Run, steward: User, visibility: str
) -> None:
    share(run.feed.dataset, steward, "view")
    # Only a narrower right than its own keeps a steward from editing what everybody sees.
    Permission.objects.get(codename="edit_visible_dataset").group_set.clear()
    Dataset.objects.filter(pk=run.feed.dataset_id).update(visibility=visibility)
    document = str(make_document(run, b"x").pk)
    assert status(client.get(f"{API}/datasets/{run.feed.dataset_id}")) == 200
    assert {status(client.get(path)) for path in reading(run, document)} == {404}
    assert {status(answer) for answer in writing(client, run)} == {404}
    assert counts(client) == [0, 0, 0]
    run.refresh_from_db()
    assert run.status == Status.QUEUED


def test_who_edits_the_dataset_does_all(client: APIClient, run: Run, steward: User) -> None:
    share(run.feed.dataset, steward, "edit")
    document = str(make_document(run, b"x").pk)
    assert {status(client.get(path)) for path in reading(run, document)} == {200}
    assert counts(client) == [1, 1, 1]
    assert [status(answer) for answer in writing(client, run)] == [200, 409, 200, 204]
    # What is left of a deleted feed is nobody's any more.
    assert counts(client) == [0, 0, 0]


def test_of_a_deleted_dataset_nothing_is_left(
    client: APIClient, run: Run, steward: User, client_of: ClientOf, admin: User
) -> None:
    share(run.feed.dataset, steward, "manage")
    document = str(make_document(run, b"x").pk)
    assert counts(client) == [1, 1, 1]
    owner = client_of(run.feed.dataset.owner)
    assert status(owner.delete(f"{API}/datasets/{run.feed.dataset_id}")) == 204
    for one in (client, client_of(admin)):
        assert counts(one) == [0, 0, 0]
        assert {status(one.get(path)) for path in reading(run, document)} == {404}


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_only_stewards_have_to_do_with_collection(role: str, run: Run, client_of: ClientOf) -> None:
    user = make_user(role)
    share(run.feed.dataset, user, "manage")
    other = client_of(user)
    document = str(make_document(run, b"x").pk)
    assert {status(other.get(path)) for path in reading(run, document)} == {403}
    assert {status(answer) for answer in writing(other, run)} == {403}
    made = other.post(f"{API}/feeds", body_of(run.feed.dataset), format="json")
    assert (status(made), made.json()["detail"]["code"]) == (403, "PERMISSION_DENIED")
    assert {status(other.get(f"{API}/{name}")) for name in LISTS} == {403}
    # Who may not make one is not told what would be wrong with it.
    assert status(other.post(f"{API}/feeds", {"x": 1}, format="json")) == 403


def test_nobody_needs_to_sign_in_for_connectors_but_for_all_else(run: Run) -> None:
    anyone = APIClient()
    assert status(anyone.get(f"{API}/connectors")) == 200
    document = str(make_document(run, b"x").pk)
    assert {status(anyone.get(path)) for path in reading(run, document)} == {401}
    assert {status(answer) for answer in writing(anyone, run)} == {401}


def test_a_feed_into_a_dataset_of_somebody_else(
    client: APIClient, dataset: Dataset, steward: User
) -> None:
    told = []
    for identity in (str(dataset.pk), str(uuid.uuid4())):
        answer = client.post(f"{API}/feeds", body_of(identity, name="x"), format="json")
        assert list(answer.json()["detail"]["details"]) == ["dataset"]
        told.append((status(answer), answer.content))
    assert told[0] == told[1]
    assert told[0][0] == 400
    share(dataset, steward, "view")
    assert status(client.post(f"{API}/feeds", body_of(dataset), format="json")) == 403
    share(dataset, steward, "edit")
    assert status(client.post(f"{API}/feeds", body_of(dataset), format="json")) == 201


def test_a_tag_opens_nothing_and_guesses_nothing(
    client: APIClient, run: Run, client_of: ClientOf, admin: User
) -> None:
    path = f"{API}/feeds/{run.feed_id}"
    tag = client_of(admin).get(path)["ETag"]
    for value in (tag, "*", '"x"'):
        assert status(client.get(path, HTTP_IF_NONE_MATCH=value)) == 404
        assert status(client.patch(path, {}, format="json", HTTP_IF_MATCH=value)) == 404
        assert status(client.delete(path, HTTP_IF_MATCH=value)) == 404


def test_ids_of_one_kind_name_nothing_of_another(
    client: APIClient, run: Run, steward: User
) -> None:
    share(run.feed.dataset, steward, "manage")
    document = make_document(run, b"x").pk
    for kind, right in (("feeds", run.feed_id), ("runs", run.pk), ("documents", document)):
        for identity in (run.feed_id, run.pk, document, run.feed.dataset_id):
            wanted = 200 if identity == right else 404
            assert status(client.get(f"{API}/{kind}/{identity}")) == wanted


def test_lists_by_a_hidden_id_are_as_empty_as_by_an_unknown_one(
    client: APIClient, run: Run
) -> None:
    make_document(run, b"x")
    queries = [("feeds", "dataset", run.feed.dataset_id), ("runs", "dataset", run.feed.dataset_id),
               ("runs", "feed", run.feed_id), ("documents", "feed", run.feed_id),
               ("documents", "run", run.pk)]  # fmt: skip
    for kind, name, identity in queries:
        hidden = client.get(f"{API}/{kind}", {name: str(identity)})
        unknown = client.get(f"{API}/{kind}", {name: str(uuid.uuid4())})
        assert (status(hidden), hidden.content) == (200, unknown.content)


@pytest.mark.parametrize(("scope", "may_read", "may_write"), [
    ("data:read", True, False), ("data:write", False, True), ("analysis:run", False, False),
])  # fmt: skip
def test_a_key_needs_the_scope(
    scope: str, may_read: bool, may_write: bool, run: Run, steward: User, client_of: ClientOf
) -> None:
    share(run.feed.dataset, steward, "manage")
    body = {"name": scope, "scopes": [scope]}
    key = client_of(steward).post(f"{API}/auth/api-keys", body, format="json").json()["key"]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {key}")
    document = str(make_document(run, b"x").pk)
    for path in reading(run, document):
        assert status(client.get(path)) == (200 if may_read else 403), path
    expected = [200, 409, 200, 204] if may_write else [403] * 4
    assert [status(answer) for answer in writing(client, run)] == expected


def test_the_name_of_a_hidden_feed_is_taken(client: APIClient, feed: Feed, steward: User) -> None:
    """It says that there is a feed of this name, and nothing else of it: names are no secrets."""
    mine = make_dataset(steward)
    answer = client.post(f"{API}/feeds", body_of(mine, name=feed.name), format="json")
    assert status(answer) == 409
    told = answer.content.decode()
    assert str(feed.pk) not in told
    assert str(feed.dataset_id) not in told
