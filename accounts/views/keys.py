"""Routes of API keys."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view

from accounts.models import ApiKey
from accounts.serializers.keys import ApiKeySerializer
from datastream.core.api.permissions import SIGNED_IN
from datastream.core.api.views import Resource
from datastream.core.scopes import IN_PERSON


@extend_schema(tags=["auth"])
@extend_schema_view(list=extend_schema(summary="List your API keys"))
class ApiKeyViewSet(Resource):
    """The caller's own keys."""

    serializer_class = ApiKeySerializer
    requires: ClassVar = {"list": SIGNED_IN}
    scopes: ClassVar = {"list": IN_PERSON}

    def get_queryset(self) -> Any:
        return ApiKey.objects.none()
