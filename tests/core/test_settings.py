"""What the settings make of the environment; each case is a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
KEY = "a-key-of-this-test-" + "0123456789abcdef" * 3
PRODUCTION = {
    "DATASTREAM_ENV": "production",
    "SECRET_KEY": KEY,
    "JWT_SIGNING_KEY": KEY[::-1],
    "DATABASE_URL": "postgresql://app:p%40ss@db.example.org/climate",
    "ALLOWED_HOSTS": "data.example.org",
}
SHOW = """
import json
from datastream import settings as s
print(json.dumps({name: getattr(s, name) for name in %r}, default=str))
"""
KEPT = ("PATH", "HOME", "LANG")


def start(var: Path, code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    surroundings = {k: v for k, v in os.environ.items() if k in KEPT}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env={**surroundings, "DATASTREAM_VAR": str(var), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def shown(var: Path, *names: str, **environment: str) -> dict[str, object]:
    done = start(var, SHOW % (names,), **environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SIGNING_KEY", "DATABASE_URL", "ALLOWED_HOSTS"])
def test_production_refuses_to_start_and_names_what_is_missing(tmp_path: Path, name: str) -> None:
    given = {k: v for k, v in PRODUCTION.items() if k != name}
    done = start(tmp_path / "var", "import datastream.settings", **given)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert f"{name} is not set" in last
    assert KEY not in done.stderr
    # Nothing random was made in its place.
    assert not (tmp_path / "var").exists()


@pytest.mark.slow
def test_production_is_strict(tmp_path: Path) -> None:
    names = (
        "DEBUG", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE", "ALLOWED_HOSTS", "DATABASES", "CELERY_BROKER_URL",
    )  # fmt: skip
    found = shown(tmp_path, *names, **PRODUCTION)
    assert found["DEBUG"] is False
    assert found["SECURE_SSL_REDIRECT"] is True
    assert found["SECURE_HSTS_SECONDS"] == 31_536_000
    assert (found["SESSION_COOKIE_SECURE"], found["CSRF_COOKIE_SECURE"]) == (True, True)
    assert found["ALLOWED_HOSTS"] == ["data.example.org"]
    assert found["DATABASES"]["default"]["PASSWORD"] == "p@ss"  # type: ignore[index]
    assert found["CELERY_BROKER_URL"] == (
        "sqla+postgresql+psycopg2://app:p%40ss@db.example.org:5432/climate"
    )


@pytest.mark.slow
def test_behind_a_proxy_plain_http_is_not_redirected_here(tmp_path: Path) -> None:
    names = ("SECURE_SSL_REDIRECT", "SECURE_PROXY_SSL_HEADER")
    found = shown(tmp_path, *names, **PRODUCTION, BEHIND_TLS_PROXY="yes")
    assert found["SECURE_SSL_REDIRECT"] is False
    assert found["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]


@pytest.mark.slow
def test_a_developer_needs_no_variable_at_all(tmp_path: Path) -> None:
    found = shown(tmp_path / "var", "SECRET_KEY", "JWT_SIGNING_KEY", "DEBUG", "CACHES")
    assert found["SECRET_KEY"] != found["JWT_SIGNING_KEY"]
    assert found["DEBUG"] is False
    assert "DatabaseCache" in str(found["CACHES"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STATEMENT_TIMEOUT_S", "fast"),
        ("OPEN_REGISTRATION", "perhaps"),
        ("REDIS_URL", "http://h"),
        ("DATASTREAM_ENV", "prod"),
        ("DEFAULT_ROLE", "admin"),
    ],
)
def test_a_malformed_setting_stops_the_start_and_is_named(
    tmp_path: Path, name: str, value: str
) -> None:
    done = start(tmp_path / "var", "import datastream.settings", **{name: value})
    assert done.returncode != 0
    assert f"SettingError: {name} must be" in done.stderr


@pytest.mark.slow
def test_the_check_for_deployment_has_no_warning(tmp_path: Path) -> None:
    code = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'datastream.settings'\n"
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('check', '--deploy', '--fail-level', 'WARNING')\n"
    )
    done = start(tmp_path, code, **PRODUCTION)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_cache_in_redis_may_vanish(tmp_path: Path) -> None:
    found = shown(tmp_path / "var", "CACHES", REDIS_URL="unix:///run/redis.sock?db=1")
    default = found["CACHES"]["default"]  # type: ignore[index]
    assert default["LOCATION"] == "unix:///run/redis.sock?db=1"
    assert default["OPTIONS"]["IGNORE_EXCEPTIONS"] is True
    assert default["OPTIONS"]["SOCKET_TIMEOUT"] <= 1
