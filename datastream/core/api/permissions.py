"""What a route asks of its caller; a route that does not say refuses to start."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from datastream.core.errors import InsufficientScopeError
from datastream.core.origin import Credential
from datastream.core.scopes import IN_PERSON, READ, WRITE

if TYPE_CHECKING:
    # The framework imports this module while it makes APIView.
    from rest_framework.views import APIView

ANYONE = "anyone"
SIGNED_IN = "signed in"


class Anyone(BasePermission):
    """For the schema and its pages."""


class Required(BasePermission):
    """Hold a caller to `view.requires` and a key or token to its scopes.

    Rights on one object are not decided here but by the queryset that finds it.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        wanted = needed(view, request.method or "")
        user = request.user
        if not (user and user.is_authenticated):
            return wanted == ANYONE
        require_scope(request, scope_needed(view, request.method or ""))
        return wanted in {ANYONE, SIGNED_IN} or (wanted is not None and user.has_perm(wanted))


def needed(view: "APIView", method: str) -> str | None:
    """ANYONE, SIGNED_IN or a permission; None where the view does not say."""
    requires: Mapping[str, str] = getattr(view, "requires", {})
    return requires.get(_action(view, method))


def scope_needed(view: "APIView", method: str) -> str:
    """The scope that a key or token needs: `view.scopes` by action, else by the method."""
    scopes: Mapping[str, str] = getattr(view, "scopes", {})
    return scopes.get(_action(view, method), READ if method in SAFE_METHODS else WRITE)


def _action(view: "APIView", method: str) -> str:
    action = getattr(view, "action", None) or method.lower()
    return "list" if action == "head" else action


def require_scope(request: Request, scope: str) -> None:
    """Raise InsufficientScopeError where the request came with a narrower key or token."""
    credential = cast("Credential | None", request.auth)
    if credential is None or credential.scopes is None or scope in credential.scopes:
        return
    if scope == IN_PERSON:
        raise InsufficientScopeError(
            "Only somebody who has signed in may do this, no key or token."
        )
    raise InsufficientScopeError(details={"scope": [scope]})
