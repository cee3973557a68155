"""Where somebody is signed in: sessions in browsers, and sign-ins through the API."""

from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Login, User
from accounts.selectors.sign_ins import open_logins_of
from accounts.services import audit, sign_ins

ENDED = "session.ended"


def keep(request: HttpRequest) -> None:
    """List this session under its key, which has changed."""
    UserSession.objects.create_from_request(request)


@require_safe
@login_required
def show(request: HttpRequest) -> HttpResponse:
    found = UserSession.objects.purge_and_list(request.user)
    told = {
        "sessions": sorted(found, key=lambda one: one.created_at, reverse=True),
        "current": request.session.session_key,
        "logins": open_logins_of(_user(request)),
    }
    return render(request, "account/sessions.html", told)


@require_POST
@login_required
@transaction.atomic
def end(request: HttpRequest, pk: int) -> HttpResponse:
    session = get_object_or_404(UserSession, pk=pk, user=_user(request))
    if session.session_key == request.session.session_key:
        return redirect("account_logout")
    _end(session)
    messages.success(request, "The session has ended.")
    return redirect("account_sessions")


@require_POST
@login_required
@transaction.atomic
def end_others(request: HttpRequest) -> HttpResponse:
    """End every session but this one, and every sign-in through the API."""
    mine = UserSession.objects.filter(user=_user(request))
    for session in mine.exclude(session_key=request.session.session_key):
        _end(session)
    for login in open_logins_of(_user(request)):
        sign_ins.end_login(login)
    messages.success(request, "Everything but this session has ended.")
    return redirect("account_sessions")


@require_POST
@login_required
def end_login(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End one sign-in through the API."""
    sign_ins.end_login(get_object_or_404(Login, pk=pk, user=_user(request)))
    messages.success(request, "The sign-in has ended.")
    return redirect("account_sessions")


def _end(session: UserSession) -> None:
    identity = session.pk
    session.end()
    audit.record(ENDED, of=("session", identity))


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - tells the type checker
    return request.user
