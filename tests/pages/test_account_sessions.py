"""Where one is signed in: listed, ended one by one or all at once, and never another's."""

from typing import Any

from allauth.usersessions.models import UserSession

from accounts.models import AuditEvent, Login, User
from tests.pages.conftest import Browser


def session_of(browser: Browser) -> UserSession:
    found: UserSession = UserSession.objects.get(session_key=browser.session.session_key)
    return found


def test_sessions_are_listed_with_this_one_marked(mine: Browser, analyst: User) -> None:
    other = Browser(headers={"user-agent": "Another browser"})
    other.sign_in(analyst)
    text = mine.page("/account/sessions/").text
    assert text.count("this one") == 1
    assert "Another browser" in text
    assert mine.session.session_key not in text
    assert other.session.session_key not in text


def test_one_session_is_ended(mine: Browser, analyst: User) -> None:
    other = Browser()
    other.sign_in(analyst)
    assert other.get("/account/").status_code == 200
    assert mine.post(f"/account/sessions/{session_of(other).pk}/end/").status_code == 302
    assert other.get("/account/").status_code == 302
    assert mine.get("/account/").status_code == 200
    assert AuditEvent.objects.filter(action="session.ended", user_id=analyst.pk).count() == 1


def test_another_s_session_is_like_none(mine: Browser, viewer: User) -> None:
    other = Browser()
    other.sign_in(viewer)
    assert mine.post(f"/account/sessions/{session_of(other).pk}/end/").status_code == 404
    assert other.get("/account/").status_code == 200


def test_a_sign_in_through_the_api_is_ended(mine: Browser, analyst: User, client_of: Any) -> None:
    program = client_of(analyst)
    login = Login.objects.get(user=analyst)
    assert str(login.pk) in mine.page("/account/sessions/").text
    assert mine.post(f"/account/sign-ins/{login.pk}/end/").status_code == 302
    assert program.get("/api/v1/users/me").status_code == 401
    assert str(login.pk) not in mine.page("/account/sessions/").text


def test_another_s_sign_in_is_like_none(mine: Browser, viewer: User, client_of: Any) -> None:
    program = client_of(viewer)
    assert mine.post(f"/account/sign-ins/{Login.objects.get().pk}/end/").status_code == 404
    assert program.get("/api/v1/users/me").status_code == 200


def test_everything_else_is_ended_at_once(mine: Browser, analyst: User, client_of: Any) -> None:
    program, other = client_of(analyst), Browser()
    other.sign_in(analyst)
    assert mine.post("/account/sessions/others/end/").status_code == 302
    assert other.get("/account/").status_code == 302
    assert program.get("/api/v1/users/me").status_code == 401
    assert mine.get("/account/").status_code == 200


def test_ending_takes_a_form(mine: Browser) -> None:
    for path in ("others/end/", f"{session_of(mine).pk}/end/"):
        assert mine.get(f"/account/sessions/{path}").status_code == 405
