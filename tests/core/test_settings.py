"""What the settings make of the environment; each case is a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
KEY = "a-key-of-this-test-" + "0123456789abcdef" * 3
FERNET = f"{'Q' * 42}U="
PRODUCTION = {
    "DATASTREAM_ENV": "production",
    "SECRET_KEY": KEY,
    "JWT_SIGNING_KEY": KEY[::-1],
    "API_KEY_HASH_KEY": KEY.upper(),
    "ENCRYPTION_KEYS": FERNET,
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
@pytest.mark.parametrize("name", [name for name in PRODUCTION if name != "DATASTREAM_ENV"])
def test_production_refuses_to_start_and_names_what_is_missing(tmp_path: Path, name: str) -> None:
    given = {k: v for k, v in PRODUCTION.items() if k != name}
    done = start(tmp_path / "var", "import datastream.settings", **given)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert f"{name} is not set" in last
    assert not [value for value in given.values() if len(value) > 30 and value in done.stderr]
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
def test_the_header_of_a_proxy_is_believed_only_where_there_is_one(tmp_path: Path) -> None:
    name = "SECURE_PROXY_SSL_HEADER"
    found = shown(tmp_path, name, **PRODUCTION, BEHIND_TLS_PROXY="yes")
    assert found[name] == ["HTTP_X_FORWARDED_PROTO", "https"]
    code = f"from datastream import settings; assert not hasattr(settings, {name!r})"
    assert start(tmp_path, code, **PRODUCTION).returncode == 0


DATABASE = "postgresql://app@/climate?host=%2Frun%2Fa%20b&port=5433"


@pytest.mark.slow
def test_a_database_may_be_a_socket_or_speak_tls(tmp_path: Path) -> None:
    names = ("DATABASES", "CELERY_BROKER_URL")
    found = shown(tmp_path, *names, **{**PRODUCTION, "DATABASE_URL": DATABASE})
    default = found["DATABASES"]["default"]  # type: ignore[index]
    assert (default["HOST"], default["PORT"], default["USER"]) == ("/run/a b", "5433", "app")
    broker = "sqla+postgresql+psycopg2://app@/climate?host=%2Frun%2Fa%20b&port=5433"
    assert found["CELERY_BROKER_URL"] == broker
    url = f"{PRODUCTION['DATABASE_URL']}?sslmode=verify-full&sslrootcert=%2Fetc%2Froot.pem"
    found = shown(tmp_path, *names, **{**PRODUCTION, "DATABASE_URL": url})
    options = found["DATABASES"]["default"]["OPTIONS"]  # type: ignore[index]
    assert (options["sslmode"], options["sslrootcert"]) == ("verify-full", "/etc/root.pem")
    assert "statement_timeout" in options["options"]
    asked = str(found["CELERY_BROKER_URL"]).partition("?")[2]
    assert asked == "sslmode=verify-full&sslrootcert=%2Fetc%2Froot.pem"


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
        ("ENCRYPTION_KEYS", "canary"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example.org/path"),
        ("CORS_ALLOWED_ORIGINS", "http://a.example.org"),
        ("DATABASE_URL", "postgresql://h:port/x"),
        ("METRICS_TOKEN", "canary"),
    ],
)
def test_a_malformed_setting_stops_the_start_and_is_named(
    tmp_path: Path, name: str, value: str
) -> None:
    done = start(tmp_path / "var", "import datastream.settings", **{name: value})
    assert done.returncode != 0
    assert f"SettingError: {name} must" in done.stderr
    assert "canary" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"DATABASE_URL": "postgresql://a:canary@h/x?options=-c"}, "DATABASE_URL may ask for host"),
        ({"TLS_CERT_FILE": "/c.pem"}, "TLS_CERT_FILE and TLS_KEY_FILE are set together"),
    ],
)
def test_what_does_not_fit_together_stops_the_start(
    tmp_path: Path, given: dict[str, str], told: str
) -> None:
    done = start(tmp_path / "var", "import datastream.settings", **given)
    assert done.returncode != 0
    assert told in done.stderr.strip().splitlines()[-1]
    assert "canary" not in done.stderr


@pytest.mark.slow
def test_the_key_before_this_one_still_reads_what_it_signed(tmp_path: Path) -> None:
    found = shown(tmp_path, "SECRET_KEY_FALLBACKS", **PRODUCTION, SECRET_KEY_PREVIOUS=KEY * 2)
    assert found["SECRET_KEY_FALLBACKS"] == [KEY * 2]


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
