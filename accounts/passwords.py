"""Checking passwords, and what one may not be beyond the framework's own rules."""

from django.core.exceptions import ValidationError

from accounts import limits, turns
from accounts.limits import Caller
from accounts.models import User

LONGEST = 128
PROJECT_WORDS = ("datastream", "climate", "password")


def check(user: User | None, password: str, *, typed: str = "") -> bool:
    """Whether it is the password of an active user; this is the one place that tells.

    Wrong ones are counted, on the account and on the network they come from, and past a limit none
    is looked at. Nothing differs where there is no such user but a name that somebody `typed`.

    Raises
    ------
    TooManyRequestsError
        There were too many failures on this account, or from this network; or too many others are
        waiting for their passwords to be looked at.
    """
    account = Caller(f"account {user.pk}" if user else f"name {typed.lower()}")
    limits.require_guesses(account)
    with turns.hashing.turn():
        limits.count_guess(account)
        is_right = _is_right(user, password)
        if is_right:
            limits.forgive(account)
    return is_right


def _is_right(user: User | None, password: str) -> bool:
    """One slow hash, whoever it is."""
    if user is None:
        User().set_password(password)
        return False
    return user.check_password(password) and user.is_active


class LongestLengthValidator:
    """Refuse what is too long to be hashed at no cost; nothing is ever cut short."""

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(self.get_help_text())

    def get_help_text(self) -> str:
        return f"A password has at most {LONGEST} characters."


class ProjectWordsValidator:
    """Refuse passwords that are little more than a word of this project."""

    def validate(self, password: str, user: object = None) -> None:
        rest = password.lower()
        for word in PROJECT_WORDS:
            rest = rest.replace(word, "")
        if rest != password.lower() and len(rest) < 8:
            raise ValidationError(self.get_help_text())

    def get_help_text(self) -> str:
        return "A password is more than a word of this project with a few characters."
