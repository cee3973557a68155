"""The second factor of a sign-in: the library's authenticators, and codes that are good once."""

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.db import transaction

from accounts import limits
from accounts.limits import Caller
from accounts.models import Outcome, User
from accounts.services import audit
from datastream.core.errors import NotAllowedError

TYPES = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
LAST_COUNTER = "last_counter"


def is_on(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def require_of_staff(user: User) -> None:
    """NotAllowedError where admins must have a second factor, and this one has none yet."""
    if settings.ADMIN_TOTP_REQUIRED and user.is_admin and not is_on(user):
        raise NotAllowedError("Switch on two-step sign-in on your account page first.")


@transaction.atomic
def switch_off(user: User) -> None:
    """Take all second factors of somebody who has lost them, recovery codes too."""
    if Authenticator.objects.filter(user=user).delete()[0]:
        audit.record("totp.disabled", of=("user", user.pk))


def use_code(user: User, code: str) -> bool:
    """Whether this is a code of the user's that was not used before; it is used from now on.

    Wrong ones are counted as wrong passwords are, but apart from them: whoever knows the password
    must not begin anew with each sign-in. TooManyRequestsError past the limit.
    """
    account = Caller(f"second factor {user.pk}")
    limits.count_guess(account)
    if not _use(user, code):
        audit.record(
            "login.failed",
            of=("user", user.pk),
            outcome=Outcome.FAILED,
            user_id=user.pk,
            second_factor=True,
        )
        return False
    limits.forgive(account)
    return True


@transaction.atomic
def _use(user: User, code: str) -> bool:
    # One after the other, so that one code sent twice at once is good once.
    mine = Authenticator.objects.select_for_update().filter(user=user, type__in=TYPES)
    for authenticator in mine.order_by("-type"):
        is_of_app = authenticator.type == Authenticator.Type.TOTP
        if _use_of_app(authenticator, code) if is_of_app else _use_kept(authenticator, code):
            authenticator.record_usage()
            return True
    return False


def _use_kept(authenticator: Authenticator, code: str) -> bool:
    return bool(authenticator.wrap().validate_code(code))


def _use_of_app(authenticator: Authenticator, code: str) -> bool:
    """Each counter of the clock once, in order (RFC 6238, 5.2).

    The library remembers used codes in the cache, which may vanish, and for less time than a code
    is good where a clock may be wrong.
    """
    secret = decrypt(authenticator.data["secret"])
    used = authenticator.data.get(LAST_COUNTER, 0)
    for counter in totp.yield_hotp_counters_from_time():
        expected = totp.format_hotp_value(totp.hotp_value(secret, counter))
        if counter > used and compare_user_code(actual=code, expected=expected):
            authenticator.data[LAST_COUNTER] = counter
            authenticator.save(update_fields=["data"])
            return True
    return False
