"""Routes of sign-in."""

from dataclasses import asdict
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import tokens
from accounts.serializers.people import RefreshSerializer, SignInSerializer, TokensSerializer
from datastream.core.api.permissions import ANYONE
from datastream.core.api.views import Resource


@extend_schema(tags=["auth"])
class AuthViewSet(Resource):
    """Sign in, renew, sign out."""

    # A bad token in the header must not stop anyone from signing in.
    authentication_classes = ()
    requires: ClassVar = {"token": ANYONE, "refresh": ANYONE, "revoke": ANYONE}
    serializer_class = SignInSerializer
    inputs: ClassVar = {"refresh": RefreshSerializer, "revoke": RefreshSerializer}

    @extend_schema(
        operation_id="auth_token",
        summary="Sign in",
        request=SignInSerializer,
        responses={200: TokensSerializer},
    )
    def token(self, request: Request) -> Response:
        """Exchange user name (or e-mail) and password for a pair of tokens.

        An account with a second factor needs its code, too: without it, or with a wrong one, the
        answer is a 401 with `details.otp`.
        """
        return Response(asdict(tokens.sign_in(**self.checked_input())))

    @extend_schema(
        operation_id="auth_refresh",
        summary="Renew",
        request=RefreshSerializer,
        responses={200: TokensSerializer},
    )
    def refresh(self, request: Request) -> Response:
        """Exchange the newest refresh token for new tokens; one used before ends the sign-in."""
        return Response(asdict(tokens.renew(**self.checked_input())))

    @extend_schema(
        operation_id="auth_revoke",
        summary="Sign out",
        request=RefreshSerializer,
        responses={204: None},
    )
    def revoke(self, request: Request) -> Response:
        """End the sign-in of a refresh token, its access tokens too."""
        tokens.revoke(**self.checked_input())
        return Response(status=204)
