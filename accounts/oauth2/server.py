"""The protocol: codes with PKCE by S256, client credentials, refresh; nothing else is there."""

import secrets

from django.conf import settings
from oauthlib.common import Request
from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    AuthorizationEndpoint,
    BearerToken,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    RevocationEndpoint,
    TokenEndpoint,
)
from oauthlib.oauth2.rfc6749.grant_types.authorization_code import code_challenge_method_s256

from accounts.oauth2.validator import Validator


def random_token(request: Request) -> str:
    """256 bits, without a dot: with dots it would be taken for a JSON Web Token."""
    return secrets.token_urlsafe(32)


class CodeGrant(AuthorizationCodeGrant):
    _code_challenge_methods = {"S256": code_challenge_method_s256}


class Server(AuthorizationEndpoint, TokenEndpoint, RevocationEndpoint):
    def __init__(self) -> None:
        self.validator = Validator()
        codes = CodeGrant(self.validator)
        bearer = BearerToken(
            self.validator,
            random_token,
            settings.ACCESS_TOKEN_MINUTES * 60,
            random_token,
        )
        AuthorizationEndpoint.__init__(
            self,
            default_response_type="code",
            response_types={"code": codes},
            default_token_type=bearer,
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="authorization_code",
            default_token_type=bearer,
            grant_types={
                "authorization_code": codes,
                "client_credentials": ClientCredentialsGrant(self.validator),
                "refresh_token": RefreshTokenGrant(self.validator),
            },
        )
        RevocationEndpoint.__init__(self, self.validator)


server = Server()
