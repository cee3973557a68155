"""Routes of people."""

from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors, services
from accounts.models import User
from accounts.serializers.people import (
    ChangedUserSerializer,
    NewUserSerializer,
    PasswordSerializer,
    UserSerializer,
)
from datastream.core.api.permissions import ANYONE, SIGNED_IN, require_scope
from datastream.core.api.views import Resource
from datastream.core.scopes import ADMINISTER, IN_PERSON


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
    scopes: ClassVar = {
        "list": ADMINISTER,
        "create": ADMINISTER,
        "retrieve": ADMINISTER,
        "partial_update": ADMINISTER,
        "destroy": IN_PERSON,
        "change_me": IN_PERSON,
        "password": IN_PERSON,
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
        if "email" in data:
            # Whoever has the address can have the password set anew.
            require_scope(self.request, IN_PERSON)
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
