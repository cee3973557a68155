"""The admin's pages on people."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Login, User
from tests.admin import address, browser, filled, messages_of, statements
from tests.factories import PASSWORD, make_dataset, make_user

pytestmark = pytest.mark.slow


@pytest.fixture
def page(admin: User) -> Client:
    return browser(admin)


def make_users(n: int, start: int = 0) -> None:
    made = [User(username=f"u{i}", email=f"u{i}@example.org") for i in range(start, start + n)]
    User.objects.bulk_create(made)
    Login.objects.bulk_create(
        [Login(user=user, refresh_id="x", expires_at="2030-01-01T00:00Z") for user in made]
    )


@pytest.mark.parametrize("model", [User, Login])
def test_a_list_costs_no_query_for_each_row(page: Client, model: Any) -> None:
    make_users(2)
    few = statements(page, address(model, "changelist"))
    make_users(18, start=2)
    assert len(statements(page, address(model, "changelist"))) == len(few)


def test_a_new_user_has_the_password_and_the_roles_chosen(page: Client) -> None:
    form = page.get(address(User, "add"))
    steward = make_user("steward").groups.get()
    sent = filled(
        form,
        username="nadia", email="nadia@example.org", password1=PASSWORD, password2=PASSWORD,
        **{"membership_set-0-group": steward.pk},
    )  # fmt: skip
    page.post(address(User, "add"), sent)
    nadia = User.objects.get(username="nadia")
    assert nadia.check_password(PASSWORD)
    assert nadia.roles == ["steward"]


def test_a_new_user_without_a_role_gets_the_default_role(page: Client) -> None:
    form = page.get(address(User, "add"))
    sent = filled(
        form, username="omar", email="omar@example.org", password1=PASSWORD, password2=PASSWORD
    )
    page.post(address(User, "add"), sent)
    assert User.objects.get(username="omar").roles == ["analyst"]


def test_a_name_that_is_taken_in_other_letters_is_refused(page: Client, analyst: User) -> None:
    sent = filled(
        page.get(address(User, "add")),
        username=analyst.username.upper(), email="new@example.org", password1=PASSWORD,
        password2=PASSWORD,
    )  # fmt: skip
    assert "This user name is taken." in page.post(address(User, "add"), sent).content.decode()


def test_a_password_is_not_shown(page: Client, analyst: User) -> None:
    assert analyst.password not in page.get(address(analyst, "change")).content.decode()


def test_deactivating_a_user_ends_their_sign_ins(
    page: Client, analyst: User, client_of: Callable[[Any], Any]
) -> None:
    client_of(analyst)
    path = address(analyst, "change")
    page.post(path, filled(page.get(path), is_active=None))
    analyst.refresh_from_db()
    assert not analyst.is_active
    assert Login.objects.get(user=analyst).ended_at is not None


def test_a_new_password_for_another_ends_their_sign_ins(
    page: Client, analyst: User, client_of: Callable[[Any], Any]
) -> None:
    client_of(analyst)
    new = "another-long-secret-7"
    sent = {"usable_password": "true", "password1": new, "password2": new, "set-password": "1"}
    page.post(f"/admin/accounts/user/{analyst.pk}/password/", sent)
    analyst.refresh_from_db()
    assert analyst.check_password(new)
    assert Login.objects.get(user=analyst).ended_at is not None


def test_a_role_is_taken_away(page: Client, steward: User) -> None:
    path = address(steward, "change")
    page.post(path, filled(page.get(path), **{"membership_set-0-DELETE": "on"}))
    assert User.objects.get(pk=steward.pk).roles == []


def test_an_admin_does_not_lock_themselves_out(page: Client, admin: User) -> None:
    path = address(admin, "change")
    form = page.get(path)
    page.post(path, filled(form, **{"membership_set-0-DELETE": "on"}))
    page.post(path, filled(form, is_active=None))
    page.post(address(admin, "delete"), {"post": "yes"})
    assert User.objects.get(pk=admin.pk).is_admin


def test_deleting_a_user_leaves_what_they_made_under_nobodys_name(
    page: Client, analyst: User
) -> None:
    page.post(address(analyst, "delete"), {"post": "yes"})
    analyst.refresh_from_db()
    assert analyst.username.startswith("former-")
    assert not analyst.is_active


def test_a_user_who_owns_a_dataset_stays(page: Client, analyst: User) -> None:
    make_dataset(analyst)
    answer = page.post(address(analyst, "delete"), {"post": "yes"}, follow=True)
    analyst.refresh_from_db()
    assert analyst.is_active
    assert "owns 1 datasets" in messages_of(answer)[0]


def test_the_sign_ins_of_selected_users_can_be_ended(page: Client, analyst: User) -> None:
    Login.objects.create(user=analyst, refresh_id="x", expires_at="2030-01-01T00:00Z")
    page.post(
        address(User, "changelist"),
        {"action": "end_sign_ins", "_selected_action": str(analyst.pk)},
    )
    assert Login.objects.get().ended_at is not None


def test_the_four_roles_keep_their_names_and_stay(admin: User, analyst: User) -> None:
    admin.is_superuser = True
    admin.save()
    page, role = browser(admin), analyst.groups.get()
    assert "name" not in page.get(address(role, "change")).context["adminform"].form.fields
    assert page.post(address(role, "delete"), {"post": "yes"}).status_code == 403
