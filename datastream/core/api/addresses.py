"""The address that a request came from, as far as it can be believed."""

from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The caller's address; what a forwarding header says counts from configured proxies only."""
    return str(request.META.get("REMOTE_ADDR", ""))
