"""API keys: how they are made, and whose they are."""

from accounts.models import User
from datastream.core.errors import InvalidTokenError
from datastream.core.origin import Credential


def caller_of(text: str) -> tuple[User, Credential]:
    """The active user of a key that is neither revoked nor expired, and what it is good for."""
    raise InvalidTokenError
