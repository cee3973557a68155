"""What allauth asks of us: where one may go next, when to prove oneself again, who may come in."""

import secrets
import time
from typing import Any

import requests
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.app_settings import REAUTHENTICATION_TIMEOUT
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.pages.outbound import Session
from accounts.services import elsewhere
from datastream.core import encryption
from datastream.core.api.addresses import address_of
from datastream.core.errors import InvalidInputError

WRONG = "The user name or the password is wrong."
# What somebody proves to be themselves with; an account elsewhere is proven there.
PROOFS = {"password", "mfa"}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": WRONG,
        "email_password_mismatch": WRONG,
        "incorrect_password": "This is not your password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.OPEN_REGISTRATION)

    def is_safe_url(self, url: str) -> bool:
        """Whether somebody may be sent there after signing in: our own paths only."""
        return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_client_ip(self, request: HttpRequest) -> str:
        # A server behind a socket of the file system is told no address.
        return address_of(request) or "0.0.0.0"  # noqa: S104 - says that it is not known

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether the last proof is too old; signing in is one."""
        request = context.request
        records = get_authentication_records(request, request.user)
        proofs = [record["at"] for record in records if record["method"] in PROOFS]
        return bool(time.time() - max(proofs, default=0.0) >= REAUTHENTICATION_TIMEOUT)

    def get_login_stages(self) -> list[str]:
        """Return what is between a proof and being in: the code of the second step."""
        return ["accounts.pages.codes.CodeStage"]

    def is_ajax(self, request: HttpRequest) -> bool:
        """Never: pages answer with pages, and programs have the API."""
        return False


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This is not the code. Codes change every 30 seconds and work once.",
    }

    def get_totp_label(self, user: Any) -> str:
        return str(user.username)

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)


class ElsewhereAdapter(DefaultSocialAccountAdapter):
    """Who comes in with an account at the configured OpenID Connect provider."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Return the one of the settings; rows of the database are no providers."""
        (found,) = [config["APPS"] for config in settings.SOCIALACCOUNT_PROVIDERS.values()]
        apps = [SocialApp(provider="openid_connect", **told) for told in found]
        return [app for app in apps if provider in {None, app.provider, app.provider_id}]

    def get_requests_session(self) -> requests.Session:
        return Session()

    def generate_state_param(self, state: dict[str, Any]) -> str:
        return secrets.token_urlsafe(32)

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        """Never: whoever owns an address there need not own the account here."""
        return False

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Never by allauth's own way; `pre_social_login` has made the account by then."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Make an account for somebody new where registration is open, or say why not."""
        if sociallogin.state.get("process") == AuthProcess.CONNECT or sociallogin.is_existing:
            return
        if not settings.OPEN_REGISTRATION:
            raise ImmediateHttpResponse(stranger(request, sociallogin))
        said = sociallogin.account.extra_data
        try:
            user = elsewhere.create_user(
                username=str(said.get("preferred_username") or ""),
                email=str(said.get("email") or "") if said.get("email_verified") is True else "",
            )
        except InvalidInputError as error:
            raise ImmediateHttpResponse(stranger(request, sociallogin)) from error
        sociallogin.user = sociallogin.account.user = user
        sociallogin.account.save()


def stranger(request: HttpRequest, sociallogin: SocialLogin) -> Any:
    """No account; the same words whether or not somebody here has this e-mail address."""
    told = {"provider": sociallogin.provider.name}
    return render(request, "socialaccount/stranger.html", told, status=403)
