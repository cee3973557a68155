"""The base of routes below a dataset."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

from datasets import access
from datasets.access import Right, View
from datastream.core.api.views import Resource

DATASET_ID = OpenApiParameter(
    "dataset_id", str, OpenApiParameter.PATH, description="The dataset's id."
)


class Nested(Resource):
    """A route whose `dataset_id` the caller must see; a child is sought below its parent only."""

    def view(self, need: Right = Right.VIEW) -> View:
        return access.view(self.request.user, self.kwargs["dataset_id"], need=need)

    @property
    def is_described(self) -> bool:
        """Whether the view only serves to describe itself, without a request's data."""
        return bool(getattr(self, "swagger_fake_view", False))

    def empty(self, model: Any) -> Any:
        return model.objects.none()
