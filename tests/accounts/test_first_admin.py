"""The admin of a new installation."""

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from accounts import services
from accounts.models import User
from datastream.core.errors import ConflictError


@pytest.fixture
def var(settings: Any, tmp_path: Path) -> Path:
    settings.VAR = tmp_path / "var"
    return tmp_path / "var"


def make() -> str:
    said = io.StringIO()
    call_command("create_first_admin", stdout=said)
    return said.getvalue()


def test_k_13_there_is_nobody_before_the_command(db: None) -> None:
    assert User.objects.count() == 0


def test_k_13_the_first_admin_gets_a_random_password_kept_in_a_private_file(
    db: None, var: Path, anyone: APIClient
) -> None:
    said = make()
    path = var / "first-admin.json"
    kept = json.loads(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept["password"] in said
    assert len(kept["password"]) >= 20
    assert anyone.post("/api/v1/auth/token", kept, format="json").status_code == 200
    admin = User.objects.get()
    assert (admin.is_admin, admin.is_superuser, admin.roles) == (True, True, ["admin"])


def test_a_second_time_nothing_is_made_and_the_file_stays(db: None, var: Path) -> None:
    make()
    before = (var / "first-admin.json").read_bytes()
    assert make() == ""
    assert (var / "first-admin.json").read_bytes() == before
    assert User.objects.count() == 1


def test_no_admin_is_left_where_the_file_cannot_be_written(db: None, var: Path) -> None:
    var.write_text("a file stands where the folder should be")
    with pytest.raises(OSError, match="exists"):
        make()
    assert User.objects.count() == 0


def test_a_draft_that_a_kill_left_is_no_obstacle(db: None, var: Path) -> None:
    var.mkdir()
    draft = var / "first-admin.new"
    draft.write_text("half")
    draft.chmod(0o644)
    make()
    path = var / "first-admin.json"
    assert json.loads(path.read_text())["username"] == "admin"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not draft.exists()


def test_two_passwords_are_never_the_same(db: None, var: Path) -> None:
    first, password = services.create_first_admin("one", "one@example.org")
    User.objects.all().delete()
    _, other = services.create_first_admin("one", "one@example.org")
    assert password != other
    assert first.username == "one"


def test_where_there_is_an_admin_the_service_refuses(admin: User) -> None:
    with pytest.raises(ConflictError):
        services.create_first_admin("second", "second@example.org")
