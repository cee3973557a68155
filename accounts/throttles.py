"""The limits on requests of the API, as REST framework asks for them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import limits

if TYPE_CHECKING:
    from rest_framework.views import APIView


class Rates(BaseThrottle):
    """Per user, key, or network for anonymous calls; `view.rates` and `view.weight` say more."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Always, or TooManyRequestsError is raised."""
        weight = getattr(view, "weight", None)
        limits.spend(policy_of(view, request.method or ""), weight(request) if weight else 1.0)
        return True


def policy_of(view: "APIView", method: str) -> str:
    """`view.rates` by action, else by the method."""
    rates: Mapping[str, str] = getattr(view, "rates", {})
    default = limits.READS if method in SAFE_METHODS else limits.WRITES
    return rates.get(getattr(view, "action", None) or "", default)
