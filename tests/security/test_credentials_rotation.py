"""A new installation, and keys that sign and hash changed while what they made stays good."""

from pathlib import Path

import pytest

from tests.security.credentials import key_of, renew, rows, status_with, tokens_of
from tests.security.limited import running
from tests.security.people import ACCESS_S, Person

pytestmark = pytest.mark.slow
NEW_KEYS = {
    "JWT_SIGNING_KEY": "the-second-signing-key-0123456789abcdef",
    "API_KEY_HASH_KEY": "the-second-hash-key-0123456789abcdef",
}
STORED = "SELECT hash_key, secret_hash FROM api_keys"


def test_k_05_k_08_k_13_keys_change_while_what_they_made_stays_good(tmp_path: Path) -> None:
    var = tmp_path / "var"
    with running(tmp_path) as server:
        assert rows(server, "SELECT username FROM users") == [("admin",)]
        assert rows(server, "SELECT count(*) FROM api_keys") == [(0,)]
        assert (var / "first-admin.json").stat().st_mode & 0o777 == 0o600
        admin = Person(server, "", **server.first_admin(), session=server.admin())
        old, key = tokens_of(admin), f"Api-Key {key_of(admin)['key']}"
        assert old["expires_in"] == ACCESS_S
        stored = rows(server, STORED)
    previous = {
        "JWT_PREVIOUS_SIGNING_KEY": (var / "jwt-key").read_text().strip(),
        "API_KEY_PREVIOUS_HASH_KEY": (var / "api-key-hash-key").read_text().strip(),
    }
    with running(tmp_path, **NEW_KEYS, **previous) as server:
        assert status_with(server, f"Bearer {old['access']}") == 200
        renewed = renew(server, old["refresh"]).json()
        assert status_with(server, f"Bearer {renewed['access']}") == 200
        # Hashed anew by the first use.
        assert rows(server, STORED) == stored
        assert status_with(server, key) == 200
        assert rows(server, STORED) != stored
    with running(tmp_path, **NEW_KEYS) as server:
        statuses = [status_with(server, f"Bearer {one['access']}") for one in (old, renewed)]
        assert statuses == [401, 200]
        assert status_with(server, key) == 200
