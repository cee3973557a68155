"""Whose an OAuth2 access token is, and what it is good for."""

import hashlib
from typing import Any

from accounts import selectors
from accounts.models import User
from datastream.core.errors import InvalidTokenError
from datastream.core.origin import OAUTH2, Credential

LONGEST = 255
# A token that no person gave acts as the owner of its application. An application rests while its
# owner is not active: whoever was shut out has its secret still.
BEARER = """
FROM oauth2_provider_accesstoken AS token
JOIN oauth2_provider_application AS application ON application.id = token.application_id
JOIN users ON users.id = coalesce(token.user_id, application.user_id)
LEFT JOIN users AS owners ON owners.id = application.user_id
WHERE token.token_checksum = %s AND token.expires > now() AND coalesce(owners.is_active, true)"""
OF_THE_TOKEN = ("token.id AS token_id", "token.scope AS token_scope")


def caller_of(text: str) -> tuple[User, Credential]:
    """The active user of a token, or the owner of its application, and its scopes."""
    if len(text) > LONGEST:
        raise InvalidTokenError
    user: Any = selectors.user_with_rights(BEARER, [checksum(text)], also=OF_THE_TOKEN)
    if user is None:
        raise InvalidTokenError
    # The role still wins: of what the token was given for, no more than its user may do today.
    scopes = frozenset(user.token_scope.split()) & selectors.scopes_of(user)
    return user, Credential(OAUTH2, str(user.token_id), scopes)


def checksum(text: str) -> str:
    """What is stored in place of a token or code."""
    return hashlib.sha256(text.encode()).hexdigest()
