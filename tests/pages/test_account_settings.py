"""What the settings of signing in refuse, and what production asks of staff and cookies."""

from pathlib import Path

import pytest

from tests.core.test_settings import PRODUCTION, shown, start

pytestmark = pytest.mark.slow

CLIENT = {"OIDC_CLIENT_ID": "us", "OIDC_CLIENT_SECRET": "a-secret-of-this-test"}


@pytest.mark.parametrize("missing", CLIENT)
def test_a_sign_in_elsewhere_is_set_up_wholly_or_not_at_all(tmp_path: Path, missing: str) -> None:
    given = {k: v for k, v in CLIENT.items() if k != missing}
    done = start(
        tmp_path, "import datastream.settings", OIDC_ISSUER="https://login.example", **given
    )
    assert done.returncode != 0
    assert "OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET" in done.stderr
    assert CLIENT["OIDC_CLIENT_SECRET"] not in done.stderr


def test_production_asks_staff_for_codes_and_keeps_cookies_to_https(tmp_path: Path) -> None:
    names = ("ADMIN_TOTP_REQUIRED", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
    assert set(shown(tmp_path, *names, **PRODUCTION).values()) == {True}
    assert not shown(tmp_path, "ADMIN_TOTP_REQUIRED")["ADMIN_TOTP_REQUIRED"]


def test_production_asks_no_provider_over_plain_http(tmp_path: Path) -> None:
    given = {**PRODUCTION, **CLIENT, "OIDC_ISSUER": "http://login.example"}
    done = start(tmp_path, "import datastream.settings", **given)
    assert "OIDC_ISSUER must begin with https in production." in done.stderr
