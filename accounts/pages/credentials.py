"""Keys of programs, applications, and who was given access. A secret is on one answer only."""

from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts import selectors
from accounts.pages.forms import ApplicationForm, KeyForm, attempt
from accounts.pages.views import page, person, sent
from accounts.selectors.oauth2 import applications_of, grants_of
from accounts.services import keys, oauth2


@page
@login_required
@reauthentication_required
def show_keys(request: HttpRequest) -> HttpResponse:
    """List the keys and make one, whose text is told on this one answer."""
    user = person(request)
    form = KeyForm(sent(request), user=user)
    if form.is_valid():
        wanted = {name: form.cleaned_data[name] for name in ("name", "scopes")}
        made = attempt(form, lambda: keys.create(user, **wanted, expires_at=form.ends))
        if made is not None:
            return render(request, "account/key_made.html", {"key": made[0], "text": made[1]})
    told = {"form": form, "keys": selectors.keys_of(user)}
    return render(request, "account/keys.html", told)


@page
@login_required
@reauthentication_required
def revoke_key(request: HttpRequest, pk: UUID) -> HttpResponse:
    key = get_object_or_404(selectors.keys_of(person(request)), pk=pk)
    if request.method == "POST":
        keys.revoke(key)
        messages.success(request, f"The key “{key.name}” is revoked.")
        return redirect("account_keys")
    return _ask(
        request,
        title="Revoke a key",
        question=f"Revoke the key “{key.name}”? Programs that use it are refused from now on.",
        button="Revoke the key",
        back=("account_keys", "API keys"),
    )


@page
@login_required
@reauthentication_required
def show_applications(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = ApplicationForm(sent(request))
    if form.is_valid():
        wanted = {**form.cleaned_data, "redirect_uris": form.cleaned_data["redirect_uris"].split()}
        made = attempt(form, lambda: oauth2.create_application(user, **wanted))
        if made is not None:
            return _tell_secret(request, *made)
    told = {"form": form, "applications": applications_of(user)}
    return render(request, "account/applications.html", told)


@page
@login_required
@reauthentication_required
def new_secret(request: HttpRequest, pk: int) -> HttpResponse:
    mine = applications_of(person(request)).filter(client_type="confidential")
    application = get_object_or_404(mine, pk=pk)
    if request.method == "POST":
        return _tell_secret(request, application, oauth2.new_secret(application))
    return _ask(
        request,
        title="A new secret",
        question=f"Give “{application.name}” a new secret? The one it has stops working at once.",
        button="Make a new secret",
        back=("account_applications", "Applications"),
    )


@page
@login_required
@reauthentication_required
def delete_application(request: HttpRequest, pk: int) -> HttpResponse:
    application = get_object_or_404(applications_of(person(request)), pk=pk)
    if request.method == "POST":
        name = application.name
        oauth2.delete_application(application)
        messages.success(request, f"“{name}” is deleted.")
        return redirect("account_applications")
    return _ask(
        request,
        title="Delete an application",
        question=f"Delete “{application.name}”? Everybody's access through it ends.",
        button="Delete the application",
        back=("account_applications", "Applications"),
    )


@page
@login_required
def show_grants(request: HttpRequest) -> HttpResponse:
    return render(request, "account/grants.html", {"grants": grants_of(person(request))})


@page
@login_required
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    given = {one.application.pk: one.application for one in grants_of(user)}
    if pk not in given:
        raise Http404
    application = given[pk]
    if request.method == "POST":
        oauth2.withdraw_grant(user, application)
        messages.success(request, f"“{application.name}” has no access any more.")
        return redirect("account_grants")
    return _ask(
        request,
        title="Withdraw access",
        question=f"Take from “{application.name}” its access to your account?",
        button="Withdraw access",
        back=("account_grants", "Access given"),
    )


def _tell_secret(request: HttpRequest, application: Any, secret: str | None) -> HttpResponse:
    told = {"application": application, "secret": secret}
    return render(request, "account/application_made.html", told)


def _ask(request: HttpRequest, **told: Any) -> HttpResponse:
    """Ask before something that cannot be undone; `back` is a route and its name."""
    return render(request, "account/confirm.html", told)
