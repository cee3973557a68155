"""Secrets in the database: what is stored, who can read it, and how keys are changed."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import serializers
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import User
from connectors.models import ProviderCredential
from datastream import env
from datastream.core import rotation
from datastream.core.encryption import (
    ENCRYPTED,
    EncryptionError,
    Secret,
    UnknownKeyError,
    current_key,
    decrypt,
    encrypt,
    key_id,
)

OLD, NEW, OTHER = (f"{letter * 43}=" for letter in "ABC")
PLAIN = "canary-5b1e: ключ\n"


@pytest.fixture(autouse=True)
def old_key(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]


@pytest.fixture
def kept(analyst: User) -> ProviderCredential:
    return ProviderCredential.objects.create(
        connector="noaa", owner=analyst, label="mine", secret=PLAIN
    )


def stored(credential: ProviderCredential) -> str:
    with connection.cursor() as cursor:
        query = "SELECT secret FROM provider_credentials WHERE id = %s"
        cursor.execute(query, [credential.pk])
        return str(cursor.fetchone()[0])


# ------------------------------------------------------------------ text


@pytest.mark.parametrize("text", [PLAIN, "", "x" * 100_000])
def test_what_is_encrypted_comes_back(text: str) -> None:
    made = encrypt(text)
    assert ENCRYPTED.fullmatch(made)
    assert made.startswith(f"{key_id(OLD)}:")
    assert decrypt(made) == text
    assert encrypt(text) != made


def test_all_keys_decrypt_and_the_first_encrypts(settings: Any) -> None:
    made = encrypt(PLAIN)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert decrypt(made) == PLAIN
    assert encrypt(PLAIN).startswith(f"{key_id(NEW)}:")


def test_a_missing_key_is_named_by_its_id(settings: Any) -> None:
    made = encrypt(PLAIN)
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(UnknownKeyError, match=key_id(OLD)) as caught:
        decrypt(made)
    assert OLD not in str(caught.value)


def test_changed_or_plain_text_is_refused_and_not_repeated() -> None:
    made = encrypt(PLAIN)
    changed = made[:-10] + ("A" if made[-10] != "A" else "B") + made[-9:]
    for wrong in (changed, PLAIN, "", f"{key_id(OLD)}:", made.partition(":")[2]):
        with pytest.raises(EncryptionError) as caught:
            decrypt(wrong)
        assert "canary" not in str(caught.value)


# ------------------------------------------------------------------ the field


def test_the_database_holds_no_plain_text(kept: ProviderCredential) -> None:
    assert "canary" not in stored(kept)
    assert ProviderCredential.objects.get().secret.reveal() == PLAIN


def test_a_row_shows_its_secret_to_nobody_who_does_not_ask(kept: ProviderCredential) -> None:
    found = ProviderCredential.objects.get()
    shown = [str(found), repr(found), str(found.secret), repr(found.secret), str(vars(found))]
    shown += [str(vars(kept)), str(list(ProviderCredential.objects.values()))]
    shown.append(serializers.serialize("json", [found]))
    assert "canary" not in " ".join(shown)
    assert str(found.secret) == "(secret)"


def test_nothing_is_found_by_a_secret(kept: ProviderCredential) -> None:
    for lookup in ("secret", "secret__startswith", "secret__regex", "secret__gt", "secret__in"):
        with pytest.raises(FieldError):
            ProviderCredential.objects.filter(**{lookup: [PLAIN]}).exists()
    assert ProviderCredential.objects.filter(secret__isnull=False).exists()


def test_an_empty_secret_is_no_null(kept: ProviderCredential) -> None:
    kept.secret = ""
    kept.save()
    assert stored(kept).startswith(f"{key_id(OLD)}:")
    kept.refresh_from_db()
    assert kept.secret.reveal() == ""


def test_saving_a_row_as_it_is_does_not_encrypt_again(kept: ProviderCredential) -> None:
    before = stored(kept)
    ProviderCredential.objects.get().save()
    assert stored(kept) == before


# ------------------------------------------------------------------ changing keys


def rotated(*options: str) -> tuple[int, str]:
    """Exit code and output of the command."""
    said = io.StringIO()
    try:
        call_command("rotate_encryption", *options, stdout=said, stderr=said)
    except SystemExit as stopped:
        return int(str(stopped.code)), said.getvalue()
    return 0, said.getvalue()


@pytest.fixture
def second_factor(analyst: User) -> Authenticator:
    data = {"seed": encrypt(PLAIN), "used_mask": 5, "migrated_codes": [encrypt("1"), encrypt("2")]}
    return Authenticator.objects.create(user=analyst, type="recovery_codes", data=data)


def test_the_command_leaves_nothing_on_an_old_key(
    kept: ProviderCredential, second_factor: Authenticator, settings: Any
) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert rotated("--check") == (1, "2 remain on other keys.\n")
    code, said = rotated()
    assert (code, said) == (
        0,
        f"2 encrypted anew with the key {key_id(NEW)}.\n0 remain on other keys.\n",
    )
    settings.ENCRYPTION_KEYS = [NEW]
    assert ProviderCredential.objects.get().secret.reveal() == PLAIN
    second_factor.refresh_from_db()
    assert decrypt(second_factor.data["seed"]) == PLAIN
    assert [decrypt(code) for code in second_factor.data["migrated_codes"]] == ["1", "2"]
    assert second_factor.data["used_mask"] == 5


def test_the_command_can_be_repeated(kept: ProviderCredential, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    rotated()
    before = stored(kept)
    code, said = rotated()
    assert code == 0
    assert said.startswith("0 encrypted anew")
    assert stored(kept) == before


def test_a_row_whose_key_is_gone_is_named_and_left(kept: ProviderCredential, settings: Any) -> None:
    before = stored(kept)
    settings.ENCRYPTION_KEYS = [NEW, OTHER]
    code, said = rotated()
    assert code == 1
    assert f"provider_credentials: 1 need the encryption key {key_id(OLD)}." in said
    assert stored(kept) == before


def test_a_batch_that_fails_is_undone_and_those_before_it_are_not(
    analyst: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        ProviderCredential.objects.create(
            connector="noaa", owner=analyst, label=str(number), secret=PLAIN
        )
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    (holder,) = [one for one in rotation.holders() if one.name == "provider_credentials"]
    steps = rotation.rotate(holder, batch=2)
    assert next(steps).renewed == 2
    real, calls = encrypt, []

    def killed(text: str) -> str:
        calls.append(text)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(text)

    monkeypatch.setattr(rotation, "encrypt", killed)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        next(steps)
    ids = [stored(one).partition(":")[0] for one in ProviderCredential.objects.all()]
    assert sorted(ids) == sorted([key_id(NEW), key_id(NEW), key_id(OLD), key_id(OLD)])


def test_every_table_with_such_a_field_is_found_by_itself() -> None:
    names = [holder.name for holder in rotation.holders()]
    assert names == ["provider_credentials", "mfa_authenticator"]


# ------------------------------------------------------------------ the setting


def test_keys_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", f"{NEW}, {OLD}")
    assert env.encryption_keys("X", kept_in=None) == [NEW, OLD]


@pytest.mark.parametrize("wrong", ["canary", OLD[:-1], f"{OLD},canary", "A" * 44, "é" * 43 + "="])
def test_a_malformed_key_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("X", wrong)
    with pytest.raises(env.SettingError, match="X must be keys") as caught:
        env.encryption_keys("X", kept_in=None)
    assert "canary" not in str(caught.value)
    assert OLD not in str(caught.value)


def test_production_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("X", raising=False)
    with pytest.raises(env.SettingError, match="X is not set"):
        env.encryption_keys("X", kept_in=None)


def test_a_developer_gets_a_key_that_stays_in_a_private_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any
) -> None:
    monkeypatch.delenv("X", raising=False)
    path = tmp_path / "encryption-key"
    keys = env.encryption_keys("X", kept_in=path)
    assert env.encryption_keys("X", kept_in=path) == keys
    assert path.stat().st_mode & 0o777 == 0o600
    settings.ENCRYPTION_KEYS = keys
    assert decrypt(encrypt(PLAIN)) == PLAIN
    assert current_key() == key_id(keys[0])
    path.write_text("damaged")
    with pytest.raises(env.SettingError, match="does not hold an encryption key"):
        env.encryption_keys("X", kept_in=path)


def test_a_secret_is_not_written_out_by_json(kept: ProviderCredential) -> None:
    with pytest.raises(TypeError):
        json.dumps(kept.secret)
    made: Any = Secret.of(PLAIN)
    assert "canary" not in f"{made!r} {made}"
