"""People, their credentials, and the log of what they did."""

from accounts.models.audit import AuditEvent, AuditSeal, Outcome
from accounts.models.credentials import ApiKey, Login
from accounts.models.people import (
    DEFAULT_WORKSPACE,
    Membership,
    User,
    UserManager,
    Workspace,
    username_validator,
)

__all__ = [
    "DEFAULT_WORKSPACE",
    "ApiKey",
    "AuditEvent",
    "AuditSeal",
    "Login",
    "Membership",
    "Outcome",
    "User",
    "UserManager",
    "Workspace",
    "username_validator",
]
