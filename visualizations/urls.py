"""Routes of pictures, below /api/v1."""

from typing import Any

from django.urls import path

from visualizations.views import KindViewSet, ReportViewSet, VisualizationViewSet

ONE = "visualizations/<str:pk>"
DETAIL: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("visualization-kinds", KindViewSet.as_view({"get": "list"})),
    path("visualizations", VisualizationViewSet.as_view({"get": "list", "post": "create"})),
    path(ONE, VisualizationViewSet.as_view(DETAIL)),
    path(f"{ONE}/spec", VisualizationViewSet.as_view({"get": "spec"})),
    path(f"{ONE}/image", VisualizationViewSet.as_view({"get": "image"})),
    path(f"{ONE}/embed", VisualizationViewSet.as_view({"get": "embed"})),
    path("analyses/<str:pk>/report", ReportViewSet.as_view({"get": "report"})),
    path(f"{ONE}/data", VisualizationViewSet.as_view({"get": "data"})),
]
