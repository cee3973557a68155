"""OAuth2 where we are the provider: the flows, quickly; over HTTP in tests/security."""

from datetime import timedelta
from typing import Any

import pytest
from oauth2_provider.models import AccessToken, Grant, RefreshToken

from accounts.models import AuditEvent, User
from accounts.oauth2.access_tokens import caller_of, checksum
from accounts.selectors.oauth2 import grants_of
from accounts.services import oauth2
from datastream.core import clock
from datastream.core.errors import InvalidTokenError
from datastream.env import Rate
from tests.accounts.oauth2_flow import (
    CALLBACK,
    access,
    ask,
    asking,
    browser_of,
    decide,
    proof,
    read,
    redeem,
    register,
    renew,
    told,
)


@pytest.fixture
def owner(steward: User) -> User:
    """Whose applications these are."""
    return steward


def actions(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action))


def test_a_user_lets_an_application_in_and_it_reads_in_their_name(
    analyst: User, owner: User
) -> None:
    application, secret = register(owner)
    given = access(analyst, application, secret)
    assert given["expires_in"] == 600
    assert (given["token_type"], given["scope"]) == ("Bearer", "data:read")
    assert read(given["access_token"]).json()["username"] == analyst.username
    ((issued,), (allowed,)) = actions("oauth2.token_issued"), actions("oauth2.authorized")
    assert issued.user_id == allowed.user_id == analyst.pk
    assert issued.object_id == application.client_id


def test_the_answer_names_state_and_issuer(analyst: User, owner: User) -> None:
    application, _ = register(owner)
    answer = decide(analyst, asking(application, proof()[1]))
    assert (answer["state"], answer["iss"]) == ("s 1&2", "http://testserver")
    refused = decide(analyst, asking(application, proof()[1]), "refuse")
    assert refused["error"] == "access_denied"
    assert (refused["state"], refused["iss"]) == ("s 1&2", "http://testserver")
    assert [one.outcome for one in actions("oauth2.denied")] == ["denied"]


def test_the_page_says_who_asks_for_what_and_where_it_leads(analyst: User, owner: User) -> None:
    application, _ = register(owner, name="Rain <b>watch</b>")
    url = asking(application, proof()[1], scope="data:read analysis:run")
    page = browser_of(analyst).get(url)
    text = page.content.decode()
    assert "Rain &lt;b&gt;watch&lt;/b&gt;" in text
    for said in (owner.username, "Run, repeat", "Read what", "https://app.example.org", "Refuse"):
        assert said in text
    assert "form-action 'self' https://app.example.org" in page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["Cache-Control"] == "no-store"


def test_who_is_not_signed_in_is_sent_there_and_comes_back(client: Any, owner: User) -> None:
    application, _ = register(owner)
    url = asking(application, proof()[1])
    answer = client.get(url)
    assert answer["Location"].startswith("/account/login/?next=/oauth2/authorize%3F")
    assert told(answer["Location"])["next"] == url


def test_consent_is_asked_for_at_first_and_when_scopes_grow(analyst: User, owner: User) -> None:
    application, secret = register(owner)
    access(analyst, application, secret, "data:read data:write")
    browser = browser_of(analyst)
    assert browser.get(asking(application, proof()[1])).status_code == 302
    wider = asking(application, proof()[1], scope="data:read analysis:run")
    assert browser.get(wider).status_code == 200
    oauth2.withdraw_grant(analyst, application)
    assert browser.get(asking(application, proof()[1])).status_code == 200


def test_a_public_application_is_asked_about_each_time(analyst: User, owner: User) -> None:
    application, _ = register(owner, kind="public")
    access(analyst, application, "")
    assert browser_of(analyst).get(asking(application, proof()[1])).status_code == 200


def test_a_code_is_good_once_and_shown_again_ends_what_came_of_it(
    analyst: User, owner: User
) -> None:
    application, secret = register(owner)
    verifier, challenge = proof()
    code = decide(analyst, asking(application, challenge))["code"]
    given = redeem(application, secret, code, verifier).json()
    renewed = renew(application, secret, given["refresh_token"]).json()
    again = redeem(application, secret, code, verifier)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert read(renewed["access_token"]).status_code == 401
    assert renew(application, secret, renewed["refresh_token"]).status_code == 400
    assert len(actions("oauth2.code_reused")) == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_request"),
        ({"redirect_uri": CALLBACK.upper()}, "invalid_request"),
    ],
)
def test_a_code_needs_its_verifier_and_its_address(
    analyst: User, owner: User, change: dict[str, str], error: str
) -> None:
    application, secret = register(owner)
    verifier, challenge = proof()
    code = decide(analyst, asking(application, challenge))["code"]
    answer = redeem(application, secret, code, verifier, **change)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    # It was good for one attempt.
    assert redeem(application, secret, code, verifier).status_code == 400


def test_a_code_of_another_application_is_unknown_and_stays_good(
    analyst: User, owner: User
) -> None:
    application, secret = register(owner)
    other, its_secret = register(owner)
    verifier, challenge = proof()
    code = decide(analyst, asking(application, challenge))["code"]
    assert redeem(other, its_secret, code, verifier).json()["error"] == "invalid_grant"
    assert redeem(application, secret, code, verifier).status_code == 200


def test_a_code_expires(analyst: User, owner: User) -> None:
    application, secret = register(owner)
    verifier, challenge = proof()
    code = decide(analyst, asking(application, challenge))["code"]
    ends = Grant.objects.get().expires
    assert timedelta(seconds=50) < ends - clock.now() <= timedelta(seconds=60)
    Grant.objects.update(expires=clock.now())
    assert redeem(application, secret, code, verifier).json()["error"] == "invalid_grant"


def test_a_used_refresh_token_ends_its_family(analyst: User, owner: User) -> None:
    application, secret = register(owner)
    given = access(analyst, application, secret)
    renewed = renew(application, secret, given["refresh_token"]).json()
    assert read(given["access_token"]).status_code == 401
    assert renew(application, secret, given["refresh_token"]).status_code == 400
    assert read(renewed["access_token"]).status_code == 401
    assert renew(application, secret, renewed["refresh_token"]).status_code == 400
    first = actions("oauth2.refresh_reused")[-1]
    assert (first.outcome, first.user_id) == ("denied", analyst.pk)


def test_access_ends_after_fourteen_days_in_all(analyst: User, owner: User) -> None:
    application, secret = register(owner)
    given = access(analyst, application, secret)
    renewed = renew(application, secret, given["refresh_token"]).json()
    old = clock.now() - timedelta(days=14)
    RefreshToken.objects.filter(token_checksum=checksum(given["refresh_token"])).update(created=old)
    assert renew(application, secret, renewed["refresh_token"]).json()["error"] == "invalid_grant"
    assert grants_of(analyst) == []


def test_a_refresh_token_narrows_and_never_widens(analyst: User, owner: User) -> None:
    application, secret = register(owner)
    given = access(analyst, application, secret, "data:read data:write")
    wider = renew(application, secret, given["refresh_token"], scope="data:read admin")
    assert wider.json()["error"] == "invalid_scope"
    narrower = renew(application, secret, given["refresh_token"], scope="data:read").json()
    assert narrower["scope"] == "data:read"
    assert caller_of(narrower["access_token"])[1].scopes == frozenset({"data:read"})


def test_an_application_acts_as_its_owner_with_its_own_secret(owner: User) -> None:
    application, secret = register(owner, grants="credentials")
    fields = {"grant_type": "client_credentials", "scope": "data:read"}
    given = ask("/oauth2/token", application, secret, **fields).json()
    assert "refresh_token" not in given
    assert caller_of(given["access_token"])[0] == owner
    assert read(given["access_token"]).json()["username"] == owner.username
    application.user = None
    application.save()
    assert read(given["access_token"]).status_code == 401
    assert ask("/oauth2/token", application, secret, **fields).json() == {
        "error": "unauthorized_client"
    }


def test_who_is_the_caller_costs_one_statement(
    analyst: User, owner: User, django_assert_num_queries: Any
) -> None:
    application, secret = register(owner)
    token = access(analyst, application, secret)["access_token"]
    with django_assert_num_queries(1):
        user, credential = caller_of(token)
        assert user.roles == ["analyst"]
        assert user.has_perm("datasets.add_dataset")
    assert credential.kind == "oauth2"


def test_a_token_is_of_no_use_after_its_time_or_without_its_people(
    analyst: User, owner: User
) -> None:
    application, secret = register(owner)
    token = access(analyst, application, secret)["access_token"]
    for people in (analyst, owner):
        User.objects.filter(pk=people.pk).update(is_active=False)
        with pytest.raises(InvalidTokenError):
            caller_of(token)
        User.objects.filter(pk=people.pk).update(is_active=True)
    caller_of(token)
    AccessToken.objects.update(expires=clock.now() - timedelta(minutes=1))
    with pytest.raises(InvalidTokenError):
        caller_of(token)


def test_roles_limit_what_a_token_is_good_for(viewer: User, owner: User) -> None:
    application, secret = register(owner)
    token = access(viewer, application, secret, "data:read data:write admin")["access_token"]
    assert caller_of(token)[1].scopes == frozenset({"data:read"})


def test_a_token_is_stored_as_its_hash(analyst: User, owner: User) -> None:
    application, secret = register(owner)
    given = access(analyst, application, secret)
    stored = [AccessToken.objects.get(), RefreshToken.objects.get()]
    assert [one.token for one in stored] == ["", ""]
    assert {one.token_checksum for one in stored} == {
        checksum(given["access_token"]),
        checksum(given["refresh_token"]),
    }
    application.refresh_from_db()
    assert application.client_secret == f"sha256_of_random${checksum(secret)}"


def test_an_application_ends_its_own_tokens_only(analyst: User, owner: User) -> None:
    application, secret = register(owner)
    other, its_secret = register(owner)
    given = access(analyst, application, secret)
    stranger = ask("/oauth2/revoke", other, its_secret, token=given["access_token"])
    assert stranger.status_code == 200
    assert read(given["access_token"]).status_code == 200
    ended = ask("/oauth2/revoke", application, secret, token=given["refresh_token"])
    assert ended.status_code == 200
    assert read(given["access_token"]).status_code == 401
    assert len(actions("oauth2.revoked")) == 1


def test_an_application_learns_about_its_own_tokens_only(analyst: User, owner: User) -> None:
    application, secret = register(owner)
    other, its_secret = register(owner)
    given = access(analyst, application, secret)
    for token in (given["access_token"], given["refresh_token"]):
        about = ask("/oauth2/introspect", application, secret, token=token).json()
        assert (about["active"], about["username"]) == (True, analyst.username)
        unknown = ask("/oauth2/introspect", other, its_secret, token=token).json()
        assert unknown == {"active": False}
    assert ask("/oauth2/introspect", application, "wrong", token="x").status_code == 401
    oauth2.withdraw_grant(analyst, application)
    for token in (given["access_token"], given["refresh_token"]):
        about = ask("/oauth2/introspect", application, secret, token=token).json()
        assert about == {"active": False}


def test_a_public_application_learns_nothing(analyst: User, owner: User) -> None:
    application, _ = register(owner, kind="public")
    given = access(analyst, application, "")
    asked = ask("/oauth2/introspect", application, "", token=given["access_token"])
    assert asked.status_code == 401


def test_access_that_was_given_is_listed_and_taken_back(analyst: User, owner: User) -> None:
    application, secret = register(owner)
    given = access(analyst, application, secret, "data:read analysis:run")
    renewed = renew(application, secret, given["refresh_token"]).json()
    (grant,) = grants_of(analyst)
    assert (grant.application, grant.scopes) == (application, ("analysis:run", "data:read"))
    assert grant.since < grant.last
    oauth2.withdraw_grant(analyst, application)
    assert grants_of(analyst) == []
    assert read(renewed["access_token"]).status_code == 401


def test_failing_to_be_an_application_is_noted(owner: User) -> None:
    application, _ = register(owner, grants="credentials")
    answer = ask("/oauth2/token", application, "wrong", grant_type="client_credentials")
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert answer["WWW-Authenticate"].startswith("Basic ")
    (noted,) = actions("oauth2.failed")
    assert (noted.outcome, noted.object_id) == ("failed", application.client_id)


def test_k_03_applications_that_fail_count_for_their_network(owner: User, settings: Any) -> None:
    settings.RATE_LOGINS_NETWORK = Rate(3, 60)
    application, secret = register(owner, grants="credentials")
    fields = {"grant_type": "client_credentials"}
    for _ in range(3):
        assert ask("/oauth2/token", application, "wrong", **fields).status_code == 401
    for route in ("token", "revoke", "introspect"):
        answer = ask(f"/oauth2/{route}", application, secret, **fields, token="x")
        assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
        assert 0 < int(answer["Retry-After"]) <= 60
