"""Pages with their rules broken."""

from typing import Any

from allauth.mfa.recovery_codes.internal import flows

from accounts import selectors
from accounts.models import User
from accounts.services import people
from tests.security.faults import Switch, fault


@fault("k-07", "sessions in browsers outlive a changed password")
def sessions_outlive_the_password(is_on: Switch) -> None:
    right = User.get_session_auth_hash

    def broken(self: Any) -> str:
        return "the same for ever" if is_on() else str(right(self))

    User.get_session_auth_hash = broken  # type: ignore[method-assign]


@fault("k-07", "an e-mail address changes without the password")
def e_mail_without_password(is_on: Switch) -> None:
    right = people.check_current_password

    def broken(user: User, password: str) -> None:
        if not is_on():
            right(user, password)

    people.check_current_password = broken


@fault("a-08", "recovery codes are shown whenever one looks")
def recovery_codes_shown_again(is_on: Switch) -> None:
    right = flows.view_recovery_codes

    def broken(request: Any) -> Any:
        codes, may_see = right(request)
        return codes, may_see or (codes is not None and is_on())

    flows.view_recovery_codes = broken


@fault("a-08", "the list of keys tells the hash of the password")
def keys_tell_the_password_hash(is_on: Switch) -> None:
    right = selectors.keys_of

    def broken(user: User) -> Any:
        found = right(user)
        if is_on():
            for key in found:
                key.name = user.password
        return found

    selectors.keys_of = broken
