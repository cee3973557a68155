"""Who is calling: a bearer token, or the session of our own pages."""

from rest_framework import authentication
from rest_framework.request import Request

from accounts import tokens
from accounts.models import User
from datastream.core.errors import InvalidTokenError


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <token>`; any other authorization is refused, not ignored."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        words = header.split(" ")
        if len(words) != 2 or words[0].lower() != "bearer" or not words[1].isascii():
            raise InvalidTokenError("Send `Authorization: Bearer` and one token.")
        return tokens.user_of(words[1]), "jwt"

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of our own pages, with CSRF."""
