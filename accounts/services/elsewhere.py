"""Accounts of people who sign in with an account elsewhere."""

import re
import secrets

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import selectors
from accounts.models import User
from accounts.services import audit
from accounts.services.people import set_roles
from datastream.core.errors import InvalidInputError

LONGEST_BEGINNING = 40


@transaction.atomic
def create_user(*, username: str, email: str) -> User:
    """Make a user without a password, with the default role; the user name is made to fit.

    InvalidInputError where there is no e-mail address, or somebody has it: an account is never
    given to whoever says to have its address.
    """
    user = User(username=_free_name(username or email.partition("@")[0]), email=email)
    user.set_unusable_password()
    try:
        user.full_clean()
    except ValidationError as error:
        raise InvalidInputError(details=error.message_dict) from error
    user.save()
    set_roles(user, [settings.DEFAULT_ROLE])
    audit.record("user.created", of=("user", user.pk), user_id=user.pk, elsewhere=True)
    return user


def _free_name(wanted: str) -> str:
    name = re.sub(r"[^\w.+-]", "-", wanted)[:LONGEST_BEGINNING] or "user"
    while selectors.is_taken("username", name):
        name = f"{name[:LONGEST_BEGINNING]}-{secrets.token_hex(3)}"
    return name
