"""The base of routes below a dataset."""

from typing import Any, ClassVar

from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from datasets import access
from datasets.access import Right, View
from datastream.core.api.views import Resource

DATASET_ID = OpenApiParameter(
    "dataset_id", str, OpenApiParameter.PATH, description="The dataset's id."
)


class Nested(Resource):
    """A route whose `dataset_id` the caller must see; a child is sought below its parent only.

    formatted : actions that choose among several formats by themselves (`negotiation.asked`)
    """

    formatted: ClassVar[frozenset[str]] = frozenset()

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002 - REST framework's
        # It knows JSON only and would refuse what the action itself can give.
        return super().perform_content_negotiation(request, force or self.action in self.formatted)

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(*args, **kwargs)
        if self.action in self.formatted:
            patch_vary_headers(response, ["Accept"])
        return response

    def view(self, need: Right = Right.VIEW) -> View:
        return access.view(self.request.user, self.kwargs["dataset_id"], need=need)

    @property
    def is_described(self) -> bool:
        """Whether the view only serves to describe itself, without a request's data."""
        return bool(getattr(self, "swagger_fake_view", False))

    def empty(self, model: Any) -> Any:
        return model.objects.none()
