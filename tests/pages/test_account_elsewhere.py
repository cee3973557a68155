"""Signing in with an account elsewhere: what is believed, and that nobody takes an account over."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken

from accounts.models import AuditEvent, User
from datastream.core import encryption
from tests.pages.conftest import Browser
from tests.pages.provider import CLIENT_ID, CLIENT_SECRET, Provider, key

LOGIN = "/account/oidc/login/"
CONNECT = f"{LOGIN}?process=connect"


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    """One that is configured, while registration is closed."""
    made = Provider()
    app = {
        "provider_id": "oidc", "name": "The Office", "client_id": CLIENT_ID,
        "secret": CLIENT_SECRET, "settings": {"server_url": made.issuer},
    }  # fmt: skip
    usual = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]
    settings.OIDC_ISSUER = made.issuer
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {**usual, "APPS": [app]}}
    yield made
    made.stop()


@pytest.fixture
def connected(provider: Provider, mine: Browser, analyst: User) -> User:
    """The analyst, who has connected the account elsewhere and signed out."""
    come_back(mine, provider, CONNECT)
    assert SocialAccount.objects.get().user == analyst
    mine.post("/account/logout/")
    return analyst


def come_back(browser: Browser, provider: Provider, begin: str = LOGIN) -> Any:
    """Go to the provider and come back; the answer to the coming back."""
    back = provider.authorize(browser.post(begin)["Location"])
    return browser.get(back.removeprefix("http://testserver"))


def is_in(browser: Browser) -> bool:
    return bool(browser.get("/account/").status_code == 200)


def test_the_button_is_there_once_it_is_configured(browser: Browser, provider: Provider) -> None:
    assert "Sign in with The Office" in browser.page("/account/login/").text


def test_there_is_no_button_and_no_route_without(browser: Browser) -> None:
    assert LOGIN not in browser.page("/account/login/").text
    assert browser.post(LOGIN).status_code == 404


def test_nobody_is_led_away_by_a_link_alone(browser: Browser, provider: Provider) -> None:
    assert "Sign in with The Office?" in browser.page(LOGIN).text
    assert provider.asked == []


def test_the_owner_connects_and_signs_in_with_it(
    browser: Browser, provider: Provider, connected: User
) -> None:
    assert not is_in(browser)
    assert come_back(browser, provider)["Location"] == "/account/"
    assert browser.get("/api/v1/users/me").json()["username"] == connected.username
    assert not SocialToken.objects.exists()
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"social.connected", "login"} <= actions


def test_the_session_changes_with_the_sign_in(
    browser: Browser, provider: Provider, connected: User
) -> None:
    back = provider.authorize(browser.post(LOGIN)["Location"])
    before = browser.session.session_key
    browser.get(back.removeprefix("http://testserver"))
    assert browser.session.session_key != before


def test_a_stranger_gets_no_account_while_registration_is_closed(
    browser: Browser, provider: Provider
) -> None:
    answer = come_back(browser, provider)
    assert answer.status_code == 403
    assert "No account here" in answer.content.decode()
    assert not User.objects.exists()
    assert not is_in(browser)


def test_a_stranger_gets_the_default_role_where_registration_is_open(
    browser: Browser, provider: Provider, settings: Any
) -> None:
    settings.OPEN_REGISTRATION = True
    provider.claims = {"preferred_username": "Ann Other/../x"}
    assert come_back(browser, provider).status_code == 302
    made = User.objects.get()
    assert (made.username, made.email) == ("Ann-Other-..-x", "person@example.org")
    assert made.roles == [settings.DEFAULT_ROLE]
    assert not made.has_usable_password()
    assert is_in(browser)
    browser.post("/account/logout/")
    come_back(browser, provider)
    assert is_in(browser)
    assert User.objects.count() == 1


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("is_verified", [True, False, "true"])
def test_an_account_is_never_taken_over_by_its_e_mail_address(
    browser: Browser, provider: Provider, analyst: User, settings: Any, *, is_open: bool,
    is_verified: object,
) -> None:  # fmt: skip
    settings.OPEN_REGISTRATION = is_open
    provider.claims = {"email": analyst.email.upper(), "email_verified": is_verified}
    taken = come_back(browser, provider)
    assert taken.status_code == 403
    assert not is_in(browser)
    assert not SocialAccount.objects.exists()
    assert User.objects.count() == 1
    settings.OPEN_REGISTRATION = False
    provider.claims = {"email": "nobody-here@example.org"}
    assert come_back(browser, provider).content == taken.content


def test_who_is_deactivated_does_not_get_in_elsewhere_either(
    browser: Browser, provider: Provider, connected: User
) -> None:
    User.objects.filter(pk=connected.pk).update(is_active=False)
    assert come_back(browser, provider)["Location"] == "/account/inactive/"
    assert not is_in(browser)


def sign_with_another_key(provider: Provider) -> None:
    provider.key = key(1)


def sign_not_at_all(provider: Provider) -> None:
    provider.algorithm = "none"


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "another-client"},
    "no audience": {"aud": None},
    "another issuer": {"iss": "https://issuer.example"},
    "expired": {"exp": 1_500_000_000},
    "no expiry": {"exp": None},
    "another nonce": {"nonce": "0" * 64},
    "no nonce": {"nonce": None},
    "no subject": {"sub": None},
    "a subject without end": {"sub": "x" * 500},
    "another party": {"azp": "another-client"},
}
BAD_SIGNATURES = {"another key": sign_with_another_key, "no signature": sign_not_at_all}


@pytest.mark.parametrize("wrong", [*BAD_CLAIMS, *BAD_SIGNATURES])
def test_an_id_token_that_is_not_right_lets_nobody_in(
    browser: Browser, provider: Provider, connected: User, wrong: str
) -> None:
    provider.claims = BAD_CLAIMS.get(wrong, {})
    BAD_SIGNATURES.get(wrong, lambda _: None)(provider)
    answer = come_back(browser, provider)
    assert answer.status_code == 401
    assert "did not work" in answer.content.decode()
    assert not is_in(browser)


@pytest.mark.parametrize("state", ["", "made-up"])
def test_only_the_browser_that_began_comes_in(
    browser: Browser, provider: Provider, connected: User, state: str
) -> None:
    back = provider.authorize(browser.post(LOGIN)["Location"]).removeprefix("http://testserver")
    other = Browser()
    assert other.get(back).status_code == 401
    made_up = back.partition("state=")[0] + f"state={state}"
    assert browser.get(made_up).status_code == 401
    assert not is_in(other)
    assert not is_in(browser)
    assert browser.get(back).status_code == 302
    assert browser.get(back).status_code == 401


@pytest.mark.parametrize(
    "config",
    [
        {"issuer": "https://issuer.example"},
        {"token_endpoint": "ftp://127.0.0.1/token"},
        {"jwks_uri": None},
    ],
)
def test_a_provider_that_is_not_the_issuer_is_not_followed(
    browser: Browser, provider: Provider, config: dict[str, Any]
) -> None:
    provider.config = config
    assert browser.post(LOGIN).status_code == 503


def test_a_provider_that_is_away_is_a_page(browser: Browser, provider: Provider) -> None:
    provider.stop()
    answer = browser.post(LOGIN)
    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()


def test_details_of_somebody_else_are_not_taken(
    browser: Browser, provider: Provider, settings: Any
) -> None:
    settings.OPEN_REGISTRATION = True
    provider.claims = {"email": None, "email_verified": None}
    provider.userinfo = {"sub": "another", "email": "x@example.org", "email_verified": True}
    assert come_back(browser, provider).status_code == 401
    provider.userinfo["sub"] = "subject-1"
    assert come_back(browser, provider).status_code == 302
    assert User.objects.get().email == "x@example.org"


def test_an_account_elsewhere_belongs_to_one_here(
    browser: Browser, provider: Provider, connected: User, viewer: User
) -> None:
    browser.sign_in(viewer)
    come_back(browser, provider, CONNECT)
    assert SocialAccount.objects.get().user == connected


def test_connecting_takes_a_recent_proof(mine: Browser, provider: Provider) -> None:
    session = mine.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [{**one, "at": 0} for one in records]
    session.save()
    assert mine.post(CONNECT)["Location"].startswith("/account/reauthenticate/")
    assert Browser().post(CONNECT)["Location"].startswith("/account/login/")


def test_it_is_no_second_factor_for_the_admin(
    browser: Browser, provider: Provider, admin: User, settings: Any
) -> None:
    browser.sign_in(admin)
    come_back(browser, provider, CONNECT)
    browser.post("/account/logout/")
    Authenticator.objects.create(
        user=admin, type="totp", data={"secret": encryption.encrypt("A" * 32)}
    )
    settings.ADMIN_TOTP_REQUIRED = True
    # Not asked again for who was let in there, and not enough here.
    assert come_back(browser, provider)["Location"] == "/account/"
    asked = browser.get("/admin/", follow=True)
    assert asked.redirect_chain[-1][0].startswith("/account/2fa/reauthenticate/")


def test_an_account_elsewhere_is_disconnected(mine: Browser, provider: Provider) -> None:
    come_back(mine, provider, CONNECT)
    page = mine.page("/account/elsewhere/")
    assert "person@example.org" in page.text
    mine.post("/account/elsewhere/", {"account": SocialAccount.objects.get().pk})
    assert not SocialAccount.objects.exists()
    assert AuditEvent.objects.filter(action="social.disconnected").exists()
