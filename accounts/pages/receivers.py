"""The audit log's lines on sessions and second factors, which the libraries announce."""

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as elsewhere
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.authentication import known
from accounts.models import User
from accounts.services import audit
from datastream.core.origin import SESSION, Credential

TOTP = Authenticator.Type.TOTP


@receiver(user_logged_in)
def record_login(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    known(user, Credential(SESSION, ""))
    # What it was opened with: a password, a code, an account elsewhere.
    ways = [one["method"] for one in get_authentication_records(request, user)]
    audit.record("login", of=("user", user.pk), ways=ways)


@receiver(user_logged_out)
def record_logout(
    sender: Any, request: HttpRequest, user: User | None = None, **kwargs: Any
) -> None:
    if user is not None:
        audit.record("logout", of=("user", user.pk), user_id=user.pk)


@receiver(mfa.authenticator_added)
def record_added(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Note it; whoever has just shown a code of a new app need not show one again."""
    if authenticator.type == TOTP:
        record_authentication(request, user, "mfa", type=str(TOTP), id=authenticator.pk)
        audit.record("totp.enabled", of=("user", user.pk))
    else:
        audit.record("recovery_codes.made", of=("user", user.pk))


@receiver(mfa.authenticator_reset)
def record_reset(sender: Any, user: User, **kwargs: Any) -> None:
    audit.record("recovery_codes.made", of=("user", user.pk))


@receiver(mfa.authenticator_removed)
def record_removed(sender: Any, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    if authenticator.type == TOTP:
        audit.record("totp.disabled", of=("user", user.pk))


@receiver(elsewhere.social_account_added)
def record_connected(sender: Any, sociallogin: Any, **kwargs: Any) -> None:
    told = {"provider": sociallogin.account.provider}
    audit.record("social.connected", of=("user", sociallogin.user.pk), **told)


@receiver(elsewhere.social_account_removed)
def record_disconnected(sender: Any, socialaccount: Any, **kwargs: Any) -> None:
    told = {"provider": socialaccount.provider}
    audit.record("social.disconnected", of=("user", socialaccount.user_id), **told)
