"""Routes of sign-in, people, keys and the audit log."""

from accounts.views.audit import AuditViewSet
from accounts.views.auth import AuthViewSet
from accounts.views.keys import ApiKeyViewSet
from accounts.views.people import UserViewSet

__all__ = ["ApiKeyViewSet", "AuditViewSet", "AuthViewSet", "UserViewSet"]
