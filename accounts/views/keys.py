"""Routes of API keys."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors
from accounts.models import ApiKey
from accounts.serializers.keys import ApiKeySerializer, MadeKeySerializer, NewKeySerializer
from accounts.services import keys
from datastream.core.api.permissions import SIGNED_IN
from datastream.core.api.views import Resource
from datastream.core.scopes import IN_PERSON


@extend_schema(tags=["auth"])
@extend_schema_view(
    list=extend_schema(operation_id="auth_api_keys_list", summary="List your API keys"),
    destroy=extend_schema(
        operation_id="auth_api_keys_revoke",
        summary="Revoke an API key",
        description="It opens nothing from the next request on.",
    ),
)
class ApiKeyViewSet(Resource):
    """The caller's own keys."""

    serializer_class = ApiKeySerializer
    inputs: ClassVar = {"create": NewKeySerializer}
    requires: ClassVar = {"list": SIGNED_IN, "create": SIGNED_IN, "destroy": SIGNED_IN}
    scopes: ClassVar = {"list": IN_PERSON, "create": IN_PERSON, "destroy": IN_PERSON}

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return ApiKey.objects.none()
        return selectors.keys_of(self.caller)

    @extend_schema(
        operation_id="auth_api_keys_create",
        summary="Make an API key",
        request=NewKeySerializer,
        responses={201: MadeKeySerializer},
    )
    def create(self, request: Request) -> Response:
        """The answer holds the key itself, once: nobody can tell it again.

        At most 20 at a time; 409 past that.
        """
        key, text = keys.create(self.caller, **self.checked_input())
        shown = {"key": text, **self.represent(key)}
        return Response(shown, status=201, headers={"Cache-Control": "no-store"})

    def remove(self, instance: ApiKey) -> None:
        keys.revoke(instance)
