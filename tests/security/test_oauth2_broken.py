"""What the OAuth2 routes answer to broken requests: an error of RFC 6749, never a page or a 500."""

import base64
import threading
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.running import Server
from tests.security.limited import stranger
from tests.security.oauth2_flow import App, Browser, address_for, proof

pytestmark = pytest.mark.slow

ROUTES = ("token", "revoke", "introspect")
FORM = "application/x-www-form-urlencoded"
CODE = "grant_type=authorization_code&code=x&redirect_uri=x&code_verifier=x"
BROKEN: dict[str, tuple[str | bytes, dict[str, str]]] = {
    "empty": ("", {}),
    "json": ('{"grant_type": "client_credentials"}', {"Content-Type": "application/json"}),
    "json called a form": ('{"grant_type": ["client_credentials"]}', {}),
    "nul": ("grant_type=client_credentials&scope=%00", {}),
    "nul in a name": ("grant%00_type=client_credentials", {}),
    "nul in a token": ("token=a%00b&grant_type=refresh_token&refresh_token=a%00b", {}),
    "doubled": ("grant_type=client_credentials&grant_type=password&token=a&token=b", {}),
    "no utf-8": ("grant_type=%ff%fe&token=%ff", {}),
    "raw bytes": (b"grant_type=\xff\xfe&token=\x00", {}),
    "many fields": ("&".join(f"a{i}=1" for i in range(2000)), {}),
    "long value": (
        "grant_type=client_credentials&scope=" + "a" * 10_000 + "&token=" + "a" * 5000,
        {},
    ),
    "megabyte": ("token=" + "a" * 1024 * 1024, {}),
    "multipart": ("--x\r\n\r\n", {"Content-Type": "multipart/form-data; boundary=x"}),
    "packed": (b"\x1f\x8b\x08\x00", {"Content-Encoding": "gzip"}),
    "unknown grant": ("grant_type=[]&token[]=x", {}),
    "surrogate": ("grant_type=%ed%a0%80&token=%ed%a0%80", {}),
}


def is_plain_error(answer: requests.Response) -> bool:
    assert answer.headers["Content-Type"].startswith("application/json"), answer.text[:300]
    assert "no-store" in answer.headers["Cache-Control"]
    return 400 <= answer.status_code < 500 and isinstance(answer.json()["error"], str)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", BROKEN)
def test_k_12_a_broken_form_is_a_plain_error(app: App, route: str, name: str) -> None:
    body, headers = BROKEN[name]
    answer = app.send(route, body, **headers)
    assert is_plain_error(answer)
    assert answer.status_code == (413 if name == "megabyte" or len(body) > 16_384 else 400)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_k_12_other_methods_are_told_which_one_there_is(
    guarded: Server, route: str, method: str
) -> None:
    answer = requests.request(method, f"{guarded.url}/oauth2/{route}", timeout=60)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert is_plain_error(answer)


@pytest.mark.parametrize(
    "header",
    [
        "Basic", "Basic ", "Basic !!!", "Basic " + "A" * 7000, "Bearer x", "Basic YQ==",
        "Basic " + base64.b64encode(b"a\x00:b").decode(),
        "Basic " + base64.b64encode(b"%00:%00").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
        "Negotiate x y z",
    ],
)  # fmt: skip
def test_k_12_a_broken_client_authentication_is_401(guarded: Server, header: str) -> None:
    with stranger(address_for(header)) as session:
        answer = session.post(
            f"{guarded.url}/oauth2/token",
            data=CODE,
            headers={"Authorization": header, "Content-Type": FORM},
            timeout=60,
        )
    assert answer.status_code == 401
    assert is_plain_error(answer)
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "query",
    [
        "", "client_id=%00", "client_id=", "client_id=unknown&response_type=code",
        "client_id=a&client_id=b", "%ff=%fe", "client_id=%ff", "client_id[]=x",
        "=&=&=", "client_id=" + "a" * 5000, "state=%00&client_id=x", "client_id=%0d%0aX:y",
    ],
)  # fmt: skip
def test_k_12_a_broken_request_for_access_is_told_and_leads_nowhere(
    guarded: Server, browser: Browser, query: str
) -> None:
    answer = browser.get(f"{guarded.url}/oauth2/authorize?{query}")
    assert "Location" not in answer.headers
    assert is_plain_error(answer)
    page = browser.session.get(
        f"{guarded.url}/oauth2/authorize?{query}", headers={"Accept": "text/html"}, timeout=60
    )
    assert page.status_code == 400
    assert page.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scope", "nonsense"),
        ("scope", "data:read " * 300),
        ("scope", "data:read in person"),
        ("code_challenge", "a" * 200),
        ("code_challenge_method", "s256"),
        ("response_type", "none"),
    ],
)
def test_k_12_what_is_wrong_is_told_to_the_registered_address(
    app: App, browser: Browser, name: str, value: str
) -> None:
    answer = browser.get(app.asking(proof()[1], **{name: value}))
    if value.startswith("data:read ") and len(set(value.split())) == 1:
        assert answer.status_code == 200
        return
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://app.example.org/callback?error=")


@pytest.mark.parametrize("state", ["\r\nX-Evil: 1", "a\x00", "☃" * 20, "a&b=c#d", "<script>"])
def test_k_12_the_state_comes_back_as_it_was_or_not_at_all(
    app: App, browser: Browser, state: str
) -> None:
    url = app.asking(proof()[1], state="STATE").replace("STATE", quote(state))
    answer = browser.post(url, {"decision": "refuse"})
    assert "X-Evil" not in answer.headers
    if answer.status_code == 303:
        assert f"state={quote(state, safe='')}" in answer.headers["Location"].replace("+", "%20")
    else:
        assert is_plain_error(answer)


@pytest.mark.parametrize("decision", ["", "yes", "allow\x00", "ALLOW"])
def test_k_12_only_allow_means_allow(app: App, browser: Browser, decision: str) -> None:
    answer = browser.post(app.asking(proof()[1]), {"decision": decision})
    assert answer.status_code == 400
    assert is_plain_error(answer)


def test_k_12_of_many_who_bring_one_code_at_once_none_keeps_a_token(
    guarded: Server, app: App, browser: Browser
) -> None:
    verifier, challenge = proof()
    code = browser.allow(app.asking(challenge))
    answers = together(lambda: app.redeem(code, verifier))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    (given,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert app.renew(given["refresh_token"]).status_code == 400


def test_k_12_of_many_who_renew_at_once_none_keeps_a_token(
    guarded: Server, app: App, browser: Browser
) -> None:
    given = browser.lets_in(app)
    answers = together(lambda: app.renew(given["refresh_token"]))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    (kept,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert app.renew(kept["refresh_token"]).status_code == 400


def together(ask: Any, n: int = 4) -> list[requests.Response]:
    answers: list[requests.Response] = []
    start = threading.Barrier(n)

    def one() -> None:
        start.wait()
        answers.append(ask())

    threads = [threading.Thread(target=one) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
