"""Whose an OAuth2 access token is, and what it is good for."""

from accounts.models import User
from datastream.core.errors import InvalidTokenError
from datastream.core.origin import Credential


def caller_of(text: str) -> tuple[User, Credential]:
    """The active user of a token, and its scopes; that of its application where it has none."""
    raise InvalidTokenError
