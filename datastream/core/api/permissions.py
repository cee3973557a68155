"""What a route asks of its caller; a route that does not say refuses to start."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    # The framework imports this module while it makes APIView.
    from rest_framework.views import APIView

ANYONE = "anyone"
SIGNED_IN = "signed in"


class Anyone(BasePermission):
    """For the schema and its pages."""


class Required(BasePermission):
    """Hold a caller to `view.requires`: action or method → ANYONE, SIGNED_IN or a permission.

    Rights on one object are not decided here but by the queryset that finds it.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        wanted = needed(view, request.method or "")
        if wanted == ANYONE:
            return True
        user = request.user
        if wanted is None or not (user and user.is_authenticated):
            return False
        return wanted == SIGNED_IN or user.has_perm(wanted)


def needed(view: "APIView", method: str) -> str | None:
    requires: Mapping[str, str] = getattr(view, "requires", {})
    action = getattr(view, "action", None) or method.lower()
    return requires.get("list" if action == "head" else action)
