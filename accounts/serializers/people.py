"""People on the wire."""

import re
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.models import User, username_validator
from accounts.roles import ROLES
from datastream.core.api.fields import Text, Typed

EXAMPLE = {
    "id": "0b9c2f9e-6f0e-4c55-9d7e-5f6f0a6a1d11",
    "username": "wegener",
    "email": "wegener@example.org",
    "is_active": True,
    "is_admin": False,
    "roles": ["analyst"],
    "created_at": "2026-01-05T09:30:00Z",
    "updated_at": "2026-01-05T09:30:00Z",
}


def masked(email: str) -> str:
    """All but the first letter before the `@` as stars."""
    return re.sub(r"(?<=^.).*(?=@)", "***", email)


@extend_schema_serializer(examples=[OpenApiExample("A user", EXAMPLE, response_only=True)])
class UserSerializer(serializers.ModelSerializer[User]):
    """A user; the e-mail is masked for all but the user and admins."""

    roles = serializers.ListField(child=serializers.ChoiceField(ROLES), read_only=True)
    is_admin = serializers.BooleanField(read_only=True)

    class Meta:
        model = User
        fields = (
            "id", "username", "email", "is_active", "is_admin", "roles", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: User) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        caller = self.context["request"].user
        if "email" in shown and caller.pk != instance.pk and not getattr(caller, "is_admin", False):
            shown["email"] = masked(instance.email)
        return shown


class NewUserSerializer(serializers.Serializer[User]):
    """Who is to be made; `roles` only from an admin."""

    username = Text(max_length=50, validators=[username_validator])
    email = serializers.EmailField(max_length=254)
    password = Typed(max_length=1000, trim_whitespace=False, write_only=True)
    roles = serializers.ListField(child=serializers.ChoiceField(ROLES), required=False)
    is_admin = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)


class ChangedUserSerializer(serializers.Serializer[User]):
    """What may change; the own e-mail only with `current_password`."""

    username = Text(max_length=50, validators=[username_validator], required=False)
    email = serializers.EmailField(max_length=254, required=False)
    current_password = Typed(
        max_length=1000, trim_whitespace=False, write_only=True, required=False
    )
    is_active = serializers.BooleanField(required=False)
    is_admin = serializers.BooleanField(required=False)
    roles = serializers.ListField(child=serializers.ChoiceField(ROLES), required=False)
    id = serializers.UUIDField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class PasswordSerializer(serializers.Serializer[None]):
    current_password = Typed(max_length=1000, trim_whitespace=False)
    new_password = Typed(max_length=1000, trim_whitespace=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Sign in", {"username": "wegener", "password": "a long sentence of your own"},
            request_only=True,
        )
    ]
)  # fmt: skip
class SignInSerializer(serializers.Serializer[None]):
    username = Typed(max_length=254, help_text="User name or e-mail address.")
    password = Typed(max_length=1000, trim_whitespace=False)
    otp = serializers.CharField(
        max_length=20,
        required=False,
        help_text="The code of the second factor, or a recovery code, where it is switched on.",
    )


class RefreshSerializer(serializers.Serializer[None]):
    refresh = serializers.CharField(max_length=4000, help_text="The newest refresh token.")


class TokensSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Send it as `Authorization: Bearer …`.")
    refresh = serializers.CharField(help_text="Good once; renewing gives the next.")
    expires_in = serializers.IntegerField(help_text="Seconds that the access token lives.")
