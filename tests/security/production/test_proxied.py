"""Behind a proxy that speaks https: what is refused, what is led there, what answers carry."""

import re
from typing import Any

import psycopg2
import pytest
import requests

from tests.security.production.conftest import (
    FORWARDED,
    HOST,
    METRICS,
    PAGE_ORIGIN,
    Admin,
    Production,
)

pytestmark = pytest.mark.slow

YEAR_S = 31_536_000

# ------------------------------------------------------------------ plain http


def refused_for_http(answer: requests.Response) -> None:
    assert answer.status_code == 403, answer.text
    detail = answer.json()["detail"]
    assert (detail["code"], detail["message"]) == ("PERMISSION_DENIED", "Use https.")
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/api/v1/datasets", "/api", "/api/docs", "/oauth2/token", "/.well-known/x"],
)
def test_the_api_refuses_plain_http(proxied: Production, path: str):
    refused_for_http(proxied.ask("GET", path))
    refused_for_http(proxied.ask("POST", path, json={}))
    refused_for_http(proxied.ask("GET", path, headers={"X-Forwarded-Proto": "http"}))


def test_no_credential_is_looked_at_over_plain_http(proxied: Production, first_admin: Admin):
    good, bad = first_admin.bearer, {"Authorization": "Bearer nonsense"}
    assert proxied.ask("GET", "/api/v1/users/me", headers={**good, **FORWARDED}).status_code == 200
    for headers in (good, bad, {"X-API-Key": "dsk_x"}, {"Authorization": "Api-Key dsk_x"}):
        refused_for_http(proxied.ask("GET", "/api/v1/users/me", headers=headers))
    before = audited(database_of(proxied))
    right = {"username": first_admin.username, "password": first_admin.password}
    for body in (right, {**right, "password": "wrong"}):
        refused_for_http(proxied.ask("POST", "/api/v1/auth/token", json=body))
    assert audited(database_of(proxied)) == before


def database_of(server: Production) -> str:
    return server.environment["DATABASE_OWNER_URL"]


def audited(url: str) -> int:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_events")
        ((count,),) = cursor.fetchall()
        return int(count)


@pytest.mark.parametrize("path", ["/", "/admin/", "/account/login/"])
def test_pages_lead_to_https(proxied: Production, path: str):
    answer = proxied.ask("GET", path, headers={"Host": HOST})
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{HOST}{path}")


def test_probes_answer_over_plain_http(proxied: Production):
    assert proxied.ask("GET", "/health/live").status_code == 200
    assert proxied.ask("GET", "/health/ready").status_code == 200


def test_metrics_are_for_those_who_know_the_token(proxied: Production):
    assert proxied.ask("GET", "/metrics").status_code == 401
    wrong = {"Authorization": f"Bearer {METRICS}x"}
    assert proxied.ask("GET", "/metrics", headers=wrong).status_code == 401
    right = proxied.ask("GET", "/metrics", headers={"Authorization": f"Bearer {METRICS}"})
    assert right.status_code == 200
    assert "django_http" in right.text


# ------------------------------------------------------------------ headers and cookies

OVER_HTTPS = ["/", "/api/v1/datasets", "/api/v1/nonsense", "/api/docs", "/account/login/", "/no"]


@pytest.mark.parametrize("path", OVER_HTTPS)
def test_every_answer_over_https_has_the_headers_of_safety(proxied: Production, path: str):
    headers = proxied.ask("GET", path, headers=FORWARDED).headers
    told = headers["Strict-Transport-Security"]
    assert told == f"max-age={YEAR_S}; includeSubDomains; preload"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src" in headers["Content-Security-Policy"]
    assert "frame-ancestors" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "same-origin"


def test_refusals_have_them_too(proxied: Production):
    long = "x" * 9000
    for answer in (
        proxied.ask("GET", "/api/v1/datasets"),
        proxied.ask("GET", f"/api/v1/datasets?search={long}", headers=FORWARDED),
        proxied.ask("GET", "/api/v1/datasets", headers={**FORWARDED, "X-Long": long * 3}),
        proxied.ask("GET", "/api/v1/datasets", headers={**FORWARDED, "Host": "evil.example"}),
    ):
        assert answer.status_code >= 400
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors" in answer.headers["Content-Security-Policy"]


def test_cookies_are_for_this_host_over_https_only(proxied: Production, first_admin: Admin):
    browser = requests.Session()
    browser.headers.update({**FORWARDED, "Referer": f"{proxied.url}/account/login/"})
    page = browser.get(f"{proxied.url}/account/login/", timeout=60)
    assert page.status_code == 200, page.text[:500]
    (found,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[:1]
    form = {
        "csrfmiddlewaretoken": found,
        "login": first_admin.username,
        "password": first_admin.password,
    }
    cookie = page.headers["Set-Cookie"]
    sent = {"Cookie": cookie.partition(";")[0], **browser.headers}
    signed = proxied.ask(
        "POST", "/account/login/", data={**form, "csrfmiddlewaretoken": found},
        headers={**sent, "Referer": f"https://{HOST}/account/login/", "Host": HOST},
    )  # fmt: skip
    assert signed.status_code in {200, 302}, signed.text[:500]
    cookies = [cookie, signed.headers.get("Set-Cookie", "")]
    for one in re.split(r", (?=__Host-)", ", ".join(filter(None, cookies))):
        assert one.startswith("__Host-"), one
        for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert word in one, one
        assert "Domain" not in one


def test_errors_show_nothing_of_the_inside(proxied: Production):
    for path in ("/no/such/page", "/api/v1/no", "/admin/no/"):
        answer = proxied.ask("GET", path, headers=FORWARDED)
        assert answer.status_code in {302, 404}
        assert "Traceback" not in answer.text
        assert "urlpatterns" not in answer.text


def test_the_first_admin_is_kept_where_nobody_else_reads(proxied: Production):
    kept = proxied.var / "first-admin.json"
    assert kept.stat().st_mode & 0o077 == 0
    names = {path.name for path in proxied.var.iterdir()}
    # Nothing random was made in place of the keys that were given.
    assert not names & {"secret-key", "jwt-key", "encryption-key", "api-key-hash-key", "postgres"}


# ------------------------------------------------------------------ hosts and origins


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Forwarded-Server", "Forwarded"])
def test_in_46_a_forwarded_host_is_not_believed(proxied: Production, first_admin: Admin, name: str):
    headers = {**FORWARDED, **first_admin.bearer, "Host": HOST, name: "evil.example"}
    answer = proxied.ask("GET", "/api/v1/users?page_size=1", headers=headers)
    assert answer.status_code == 200
    assert "evil.example" not in answer.text + str(answer.headers)


def preflight(server: Production, origin: str, path: str = "/api/v1/datasets") -> Any:
    headers = {
        **FORWARDED,
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    return server.ask("OPTIONS", path, headers=headers)


def test_listed_origins_may_ask_and_without_cookies(proxied: Production, first_admin: Admin):
    asked = preflight(proxied, PAGE_ORIGIN)
    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Origin"] == PAGE_ORIGIN
    assert "idempotency-key" in asked.headers["Access-Control-Allow-Headers"]
    answer = proxied.ask(
        "GET",
        "/api/v1/datasets",
        headers={**FORWARDED, **first_admin.bearer, "Origin": PAGE_ORIGIN},
    )
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE_ORIGIN
    exposed = answer.headers["Access-Control-Expose-Headers"]
    for name in ("ETag", "Link", "Location", "RateLimit", "Retry-After", "X-Request-ID"):
        assert name in exposed
    for one in (asked, answer):
        assert "Access-Control-Allow-Credentials" not in one.headers
        assert "origin" in one.headers["Vary"].lower()


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", f"{PAGE_ORIGIN}.evil.example", "http://pages.example.org"],
)
def test_other_origins_are_told_nothing(proxied: Production, origin: str):
    asked = preflight(proxied, origin)
    simple = proxied.ask("GET", "/api/v1/datasets", headers={**FORWARDED, "Origin": origin})
    for one in (asked, simple):
        assert not [name for name in one.headers if name.startswith("Access-Control-")]


def test_pages_are_for_no_other_origin(proxied: Production):
    for path in ("/", "/account/login/", "/admin/", "/oauth2/authorize", "/metrics"):
        answer = preflight(proxied, PAGE_ORIGIN, path)
        assert not [name for name in answer.headers if name.startswith("Access-Control-")]


def test_nothing_went_wrong_on_the_way(proxied: Production):
    assert "Traceback" not in proxied.log.read_text()
