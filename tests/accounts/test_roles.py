"""What a role allows, and how soon."""

import pytest
from django.contrib.auth.models import Group, Permission
from rest_framework.test import APIClient

from accounts import services
from accounts.models import User
from accounts.roles import ROLES
from datastream.core.errors import InvalidInputError
from tests.conftest import ClientOf

DATASETS = "/api/v1/datasets"
MAKERS = ("add_dataset", "add_analysis", "add_visualization")


@pytest.mark.parametrize(
    ("role", "codenames"),
    [
        ("viewer", set()),
        ("analyst", set(MAKERS)),
        ("steward", {*MAKERS, "edit_visible_dataset"}),
        ("admin", {*MAKERS, "view_user", "change_user", "view_run", "change_group"}),
    ],
)
def test_the_migrations_give_each_role_its_permissions(
    db: None, role: str, codenames: set[str]
) -> None:
    has = set(Permission.objects.filter(group__name=role).values_list("codename", flat=True))
    assert codenames <= has
    assert role == "admin" or not {"view_user", "change_user", "change_group"} & has
    assert role != "viewer" or not any(name.startswith(("add_", "change_")) for name in has)


def test_every_permission_has_one_row_only(db: None) -> None:
    rows = Permission.objects.values_list("content_type", "codename")
    assert len(rows) == len(set(rows))
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)


def test_a_viewer_makes_nothing(viewer: User, client_of: ClientOf) -> None:
    client = client_of(viewer)
    assert client.post(DATASETS, {"name": "mine"}, format="json").status_code == 403
    assert client.get(DATASETS).status_code == 200


def test_a_06_a_lowered_role_works_on_the_next_request(analyst: User, api: APIClient) -> None:
    assert api.post(DATASETS, {"name": "first"}, format="json").status_code == 201
    services.set_roles(analyst, ["viewer"])
    assert api.post(DATASETS, {"name": "second"}, format="json").status_code == 403


def test_a_06_a_changed_group_works_on_the_next_request(analyst: User, api: APIClient) -> None:
    group = Group.objects.get(name="analyst")
    permission = group.permissions.get(codename="add_dataset")
    group.permissions.remove(permission)
    assert api.post(DATASETS, {"name": "first"}, format="json").status_code == 403
    group.permissions.add(permission)
    assert api.post(DATASETS, {"name": "second"}, format="json").status_code == 201


def test_a_06_the_first_admin_is_lowered_like_any_other(
    db: None, admin: User, client_of: ClientOf
) -> None:
    other = services.create_user("first", "first@example.org", password="a-long-sentence-7")
    User.objects.filter(pk=other.pk).update(is_superuser=True)
    answer = client_of(admin).patch(
        f"/api/v1/users/{other.pk}", {"roles": ["viewer"]}, format="json"
    )
    assert answer.json()["is_admin"] is False
    lowered = User.objects.get(pk=other.pk)
    assert not lowered.has_perm("accounts.view_user")


def test_a_role_that_does_not_exist_is_refused(analyst: User) -> None:
    with pytest.raises(InvalidInputError, match="not valid"):
        services.set_roles(analyst, ["emperor"])
    assert User.objects.get(pk=analyst.pk).roles == ["analyst"]


def test_roles_are_read_anew_after_they_are_set(analyst: User) -> None:
    assert analyst.roles == ["analyst"]
    services.set_roles(analyst, ["admin"])
    assert (analyst.roles, analyst.is_admin) == (["admin"], True)


def test_an_inactive_admin_is_no_admin(admin: User) -> None:
    admin.is_active = False
    assert (admin.is_admin, admin.is_staff) == (False, False)
