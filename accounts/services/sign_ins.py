"""Ending what somebody is signed in with."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import Login, User
from accounts.services import audit, oauth2


@transaction.atomic
def end_login(login: Login) -> None:
    """End one sign-in through the API, its access tokens too, from the next request on."""
    if Login.objects.filter(pk=login.pk, ended_at__isnull=True).update(ended_at=Now()):
        # Whoever has the refresh token need not send another token with it.
        audit.record("logout", of=("login", login.pk), user_id=login.user_id)


def end_logins(user: User) -> None:
    """End every sign-in through the API, and what programs were let in with by the user."""
    Login.objects.filter(user=user, ended_at__isnull=True).update(ended_at=Now())
    oauth2.end_tokens(user)


def end_sessions(user: User) -> None:
    """End every session in a browser; a changed password ends them without this."""
    for session in UserSession.objects.filter(user=user):
        session.end()


def forget(user: User) -> None:
    """Remove what the pages know of somebody who leaves: addresses, devices, other accounts."""
    for kind in (EmailAddress, Authenticator, SocialAccount, UserSession):
        kind.objects.filter(user=user).delete()


def forget_other_addresses(user: User) -> None:
    """Let nobody reset a password through an address that is the user's no more."""
    EmailAddress.objects.filter(user=user).exclude(email__iexact=user.email).delete()
