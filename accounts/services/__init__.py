"""Changes to people, their roles and passwords."""

from accounts.services.people import (
    FOR_ADMINS,
    change_password,
    change_user,
    check_current_password,
    check_password,
    create_first_admin,
    create_user,
    password_changed,
    register,
    remove_user,
    set_roles,
    shut_out,
)
from accounts.services.sign_ins import end_logins, end_sessions

__all__ = [
    "FOR_ADMINS",
    "change_password",
    "change_user",
    "check_current_password",
    "check_password",
    "create_first_admin",
    "create_user",
    "end_logins",
    "end_sessions",
    "password_changed",
    "register",
    "remove_user",
    "set_roles",
    "shut_out",
]
