"""Routes of sign-in and people."""

from dataclasses import asdict
from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors, services, tokens
from accounts.models import User
from accounts.serializers import (
    ChangedUserSerializer,
    NewUserSerializer,
    PasswordSerializer,
    RefreshSerializer,
    SignInSerializer,
    TokensSerializer,
    UserSerializer,
)
from datastream.core.api.permissions import ANYONE, SIGNED_IN
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
        """Exchange user name (or e-mail) and password for a pair of tokens."""
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


@extend_schema(tags=["users"])
@extend_schema_view(
    list=extend_schema(summary="List users (admins)"),
    retrieve=extend_schema(summary="Read a user (oneself, or an admin)"),
    partial_update=extend_schema(
        summary="Change a user", request=ChangedUserSerializer, responses={200: UserSerializer}
    ),
    destroy=extend_schema(
        summary="Deactivate and anonymise a user",
        description="409 while the user owns datasets; hand those over or delete them first.",
    ),
)
class UserViewSet(Resource):
    serializer_class = UserSerializer
    inputs: ClassVar = {
        "create": NewUserSerializer,
        "partial_update": ChangedUserSerializer,
        "change_me": ChangedUserSerializer,
        "password": PasswordSerializer,
    }
    requires: ClassVar = {
        "list": "accounts.view_user",
        "create": ANYONE,
        "retrieve": SIGNED_IN,
        "partial_update": SIGNED_IN,
        "destroy": SIGNED_IN,
        "me": SIGNED_IN,
        "change_me": SIGNED_IN,
        "password": SIGNED_IN,
    }
    search_fields = ("username", "email")
    ordering_fields = ("username", "created_at")
    ordering = ("username",)

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return User.objects.none()
        return selectors.users_for(self.request.user)

    @extend_schema(
        summary="Register a user", request=NewUserSerializer, responses={201: UserSerializer}
    )
    def create(self, request: Request) -> Response:
        """Admins always; anyone where registration is open."""
        if not (request.user.is_authenticated or settings.OPEN_REGISTRATION):
            self.permission_denied(request)
        user = services.register(request.user, self.checked_input())
        return Response(
            self.represent(user),
            status=201,
            headers={"Location": f"/api/v1/users/{user.pk}"},
        )

    def change(self, instance: User, data: dict[str, Any]) -> None:
        services.change_user(self.caller, instance, data)

    def remove(self, instance: User) -> None:
        services.remove_user(instance)

    @extend_schema(operation_id="users_me", summary="Read oneself", responses={200: UserSerializer})
    def me(self, request: Request) -> Response:
        self.kwargs["pk"] = request.user.pk
        return self.retrieve(request)

    @extend_schema(
        operation_id="users_me_update",
        summary="Change oneself",
        request=ChangedUserSerializer,
        responses={200: UserSerializer},
    )
    def change_me(self, request: Request) -> Response:
        """The e-mail changes only with `current_password`."""
        self.kwargs["pk"] = request.user.pk
        return self.partial_update(request)

    @extend_schema(
        operation_id="users_me_password",
        summary="Change the own password",
        request=PasswordSerializer,
        responses={204: None},
    )
    def password(self, request: Request) -> Response:
        """Every sign-in of the user ends with it."""
        services.change_password(self.caller, **self.checked_input())
        return Response(status=204)
