"""Keys for providers: made, replaced and deleted in the admin, and never shown."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from accounts.models import AuditEvent, User
from connectors import credentials
from connectors.models import ProviderCredential
from datastream.core.errors import ConflictError, InvalidInputError
from tests.admin import address, browser, messages_of
from tests.factories import make_user

CANARY = "canary-8d2f"


@pytest.fixture
def kept(admin: User) -> ProviderCredential:
    return credentials.keep_credential("noaa", admin, label="mine", secret=CANARY)


def test_a_key_is_kept_and_audited_without_its_secret(kept: ProviderCredential) -> None:
    assert ProviderCredential.objects.get().secret.reveal() == CANARY
    event = AuditEvent.objects.get(action="credential.created")
    assert event.object_id == str(kept.pk)
    assert CANARY not in str(list(AuditEvent.objects.values()))


def test_a_secret_is_replaced_or_left(kept: ProviderCredential) -> None:
    credentials.change_credential(kept, label="other")
    assert ProviderCredential.objects.get().secret.reveal() == CANARY
    credentials.change_credential(kept, label="other", secret="new")
    assert ProviderCredential.objects.get().secret.reveal() == "new"
    actions = AuditEvent.objects.filter(object_type="provider_credential").order_by("pk")
    assert [one.action for one in actions] == [
        "credential.created", "credential.changed", "credential.replaced",
    ]  # fmt: skip


@pytest.mark.parametrize("secret", [" ", "x" * 4097])
def test_a_blank_or_endless_secret_is_refused(admin: User, secret: str) -> None:
    with pytest.raises(InvalidInputError):
        credentials.keep_credential("noaa", admin, label="mine", secret=secret)


def test_a_label_is_taken_once(kept: ProviderCredential, admin: User) -> None:
    with pytest.raises(ConflictError):
        credentials.keep_credential("noaa", admin, label="mine", secret="x")


@pytest.mark.slow
def test_the_admin_takes_a_secret_and_shows_none(admin: User) -> None:
    page: Client = browser(admin)
    path = address(ProviderCredential, "add")
    assert page.get(path).status_code == 200
    sent = {"connector": "noaa", "label": "mine", "new_secret": CANARY}
    page.post(path, sent)
    kept = ProviderCredential.objects.get()
    assert (kept.owner, kept.secret.reveal()) == (admin, CANARY)
    path = address(kept, "change")
    page.post(path, {"label": "renamed", "new_secret": ""})
    kept.refresh_from_db()
    assert (kept.label, kept.secret.reveal()) == ("renamed", CANARY)
    page.post(path, {"label": "renamed", "new_secret": "replaced"})
    kept.refresh_from_db()
    assert kept.secret.reveal() == "replaced"
    for shown in (path, address(ProviderCredential, "changelist"), address(kept, "delete")):
        text = page.get(shown).content.decode()
        assert CANARY not in text
        assert "replaced" not in text
        assert kept.secret.stored not in text


@pytest.mark.slow
def test_the_admin_tells_what_is_wrong_and_keeps_nothing(
    kept: ProviderCredential, admin: User
) -> None:
    page = browser(admin)
    path = address(ProviderCredential, "add")
    missing = page.post(path, {"connector": "noaa", "label": "two", "new_secret": ""})
    assert "new_secret" in missing.context["adminform"].form.errors
    unknown = page.post(path, {"connector": "../x", "label": "two", "new_secret": CANARY})
    assert "connector" in unknown.context["adminform"].form.errors
    assert CANARY not in unknown.content.decode()
    twice = page.post(path, {"connector": "noaa", "label": "mine", "new_secret": "x"}, follow=True)
    assert "label" in " ".join(messages_of(twice))
    assert ProviderCredential.objects.count() == 1


@pytest.mark.slow
def test_deleting_in_the_admin_is_audited(kept: ProviderCredential, admin: User) -> None:
    browser(admin).post(address(kept, "delete"), {"post": "yes"})
    assert not ProviderCredential.objects.exists()
    assert AuditEvent.objects.filter(action="credential.deleted").count() == 1


@pytest.mark.slow
def test_what_was_kept_in_bytes_is_encrypted_by_the_migration_and_back(
    committed_db: None,
) -> None:
    owner = make_user("admin")
    kept = credentials.keep_credential("noaa", owner, label="mine", secret=CANARY)
    app = "connectors"
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes(app)
    MigrationExecutor(connection).migrate([(app, "0002_roles")])
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM provider_credentials")
            assert bytes(cursor.fetchone()[0]) == CANARY.encode()
    finally:
        MigrationExecutor(connection).migrate(newest)
    kept.refresh_from_db()
    assert kept.secret.reveal() == CANARY
