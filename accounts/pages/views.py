"""The account page: who one is here, e-mail address, password, what one has done."""

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import limits, services
from accounts.models import User
from accounts.pages import sessions
from accounts.pages.forms import EmailForm, PasswordForm, SignUpForm, attempt
from accounts.selectors.audit import events_of
from accounts.services import second_factor

MOST_EVENTS = 50
page = require_http_methods(["GET", "HEAD", "POST"])


def person(request: HttpRequest) -> User:
    """Return who is signed in; the pages that ask are for nobody else."""
    assert isinstance(request.user, User)  # noqa: S101 - tells the type checker
    return request.user


def sent(request: HttpRequest) -> QueryDict | None:
    """Return what a form takes of a request; None before it is sent."""
    return request.POST if request.method == "POST" else None


@require_safe
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    user = person(request)
    told = {"user": user, "has_second_factor": second_factor.is_on(user)}
    return render(request, "account/profile.html", told)


@page
@login_required
@reauthentication_required
@sensitive_post_parameters()
def change_email(request: HttpRequest) -> HttpResponse:
    """Change the e-mail address; it takes the password, though somebody is signed in."""
    user = person(request)
    form = EmailForm(sent(request))
    if form.is_valid():
        # Another object, so that a refused address is not shown as if it were the user's.
        same = User.objects.get(pk=user.pk)
        attempt(form, lambda: services.change_user(same, same, form.cleaned_data))
    if form.is_bound and form.is_valid():
        messages.success(request, "Your e-mail address has changed.")
        return redirect("account")
    return render(request, "account/email.html", {"form": form, "user": user})


@page
@login_required
@sensitive_post_parameters()
def change_password(request: HttpRequest) -> HttpResponse:
    """Change the password; every other sign-in, session and token of the user ends."""
    user = person(request)
    form = PasswordForm(sent(request))
    if form.is_valid():
        told = {name: form.cleaned_data[name] for name in ("current_password", "new_password")}
        attempt(form, lambda: services.change_password(user, **told))
    if form.is_bound and form.is_valid():
        # This session goes on, under another key.
        update_session_auth_hash(request, user)
        sessions.keep(request)
        messages.success(request, "Your password has changed. Everything else is signed out.")
        return redirect("account")
    return render(request, "account/password.html", {"form": form, "user": user})


@page
@sensitive_post_parameters()
def sign_up(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("account")
    if not settings.OPEN_REGISTRATION:
        return render(request, "account/signup_closed.html", status=403)
    form = SignUpForm(sent(request))
    if form.is_valid():
        limits.spend(limits.WRITES)
        attempt(form, lambda: services.register(request.user, form.cleaned_data))
    if form.is_bound and form.is_valid():
        messages.success(request, "Your account is made. Sign in with it.")
        return redirect("account_login")
    return render(request, "account/sign_up.html", {"form": form})


@require_safe
@login_required
def activity(request: HttpRequest) -> HttpResponse:
    events = events_of(person(request))[:MOST_EVENTS]
    return render(request, "account/activity.html", {"events": events, "most": MOST_EVENTS})
