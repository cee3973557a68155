"""Who is calling: a token or key in a header, or the session of our own pages."""

from rest_framework import authentication
from rest_framework.request import Request

from accounts import keys, tokens
from accounts.models import User
from accounts.oauth2 import access_tokens
from accounts.services import second_factor
from datastream.core import origin
from datastream.core.errors import InvalidTokenError
from datastream.core.origin import SESSION, Credential

Caller = tuple[User, Credential]
SAY = "Send `Authorization: Bearer <token>` or `Authorization: Api-Key <key>`."


class HeaderAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer …` or `Api-Key …`, or `X-API-Key`.

    Any other authorization is refused, not ignored.
    """

    def authenticate(self, request: Request) -> Caller | None:
        sent = [request.META.get(name) for name in ("HTTP_AUTHORIZATION", "HTTP_X_API_KEY")]
        header, key = sent
        if header is None and key is None:
            return None
        if header is not None and key is not None:
            raise InvalidTokenError("Send one credential, not two.")
        caller = keys.caller_of(key) if key is not None else _by_authorization(header or "")
        return known(*caller)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def _by_authorization(header: str) -> Caller:
    words = header.split(" ")
    if len(words) != 2 or not words[1].isascii():
        raise InvalidTokenError(SAY)
    scheme, text = words[0].lower(), words[1]
    if scheme == "api-key":
        return keys.caller_of(text)
    if scheme != "bearer":
        raise InvalidTokenError(SAY)
    # A JSON Web Token has two dots, and those of OAuth2 none.
    return tokens.caller_of(text) if text.count(".") == 2 else access_tokens.caller_of(text)


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of our own pages, with CSRF."""

    def authenticate(self, request: Request) -> Caller | None:
        found = super().authenticate(request)
        if found is None:
            return None
        second_factor.require_of_staff(found[0])
        return known(found[0], Credential(SESSION, ""))


def known(user: User, credential: Credential) -> Caller:
    """Tell whoever writes down what happens who is at it."""
    here = origin.current()
    here.user_id, here.credential = user.pk, credential
    return user, credential
