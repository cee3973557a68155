"""Installations with production's settings: behind a proxy, and without one."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from datastream.core import embedded
from datastream.core.postgres import OWNER
from tests.running import PROJECT, Server

HOST = "data.example.org"
PAGE_ORIGIN = "https://pages.example.org"
METRICS = "m" * 40
FORWARDED = {"X-Forwarded-Proto": "https"}
SHARED = ("SECRET_KEY", "JWT_SIGNING_KEY", "API_KEY_HASH_KEY")


class Production(Server):
    """An installation as an operator would run it; `verify` is the certificate to trust."""

    verify: str | bool = True

    def _is_ready(self) -> bool:
        with suppress(requests.RequestException):
            return self.ask("GET", "/health/ready").status_code == 200
        return False

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        more = {"allow_redirects": False, "verify": self.verify, **more}
        return requests.request(method, self.url + path, timeout=60, **more)


def production(database: embedded.Server, **more: str) -> dict[str, str]:
    """The environment that production needs; `more` is the rest."""
    return {
        "DATASTREAM_ENV": "production",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "JWT_SIGNING_KEY": secrets.token_urlsafe(48),
        "API_KEY_HASH_KEY": secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": f"{'A' * 43}=",
        "ALLOWED_HOSTS": f"127.0.0.1,{HOST}",
        "DATABASE_URL": database.url(),
        "DATABASE_OWNER_URL": database.url(role=OWNER),
        **more,
    }


def started(folder: Path, settings: dict[str, str]) -> Production:
    """A server whose static files were collected."""
    var = folder / "var"
    collecting = {"DJANGO_SETTINGS_MODULE": f"{__package__}.uncompressed"}
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0", "-i", "redoc"]
    environment = {"DATASTREAM_VAR": str(var), **settings, **collecting}
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, capture_output=True)
    return Production(var, "--no-samples", **settings)


@pytest.fixture(scope="package")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Server]:
    server = embedded.Server(tmp_path_factory.mktemp("elsewhere") / "postgres")
    server.ensure_running()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def proxied(
    database: embedded.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Production]:
    """Behind a proxy, which the tests are: they say what came over https."""
    settings = production(
        database,
        BEHIND_TLS_PROXY="true",
        CORS_ALLOWED_ORIGINS=PAGE_ORIGIN,
        METRICS_TOKEN=METRICS,
        # The first admin is wanted over the API, before anybody has been on a page.
        ADMIN_TOTP_REQUIRED="false",
    )
    with started(tmp_path_factory.mktemp("proxied"), settings) as server:
        yield server


@dataclass(frozen=True)
class Admin:
    username: str
    password: str
    access: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}


@pytest.fixture(scope="package")
def first_admin(proxied: Production) -> Admin:
    """The first admin, signed in."""
    kept = proxied.first_admin()
    answer = proxied.ask("POST", "/api/v1/auth/token", json=kept, headers=FORWARDED)
    assert answer.status_code == 200, answer.text
    return Admin(**kept, access=answer.json()["access"])


@pytest.fixture(scope="package")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine that it signed itself, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    made, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-out", made, "-keyout", key], check=True, capture_output=True)
    return made, key


@pytest.fixture(scope="package")
def encrypted(
    database: embedded.Server,
    certificate: tuple[Path, Path],
    proxied: Production,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Production]:
    """The same installation, which speaks https itself."""
    made, key = certificate
    same = {name: proxied.environment[name] for name in SHARED}
    settings = production(database, TLS_CERT_FILE=str(made), TLS_KEY_FILE=str(key), **same)
    server = started(tmp_path_factory.mktemp("encrypted"), settings)
    server.url, server.verify = f"https://127.0.0.1:{server.port}", str(made)
    server.api = f"{server.url}/api/v1"
    with server:
        yield server
