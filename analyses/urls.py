"""Routes of analyses, below /api/v1."""

from django.urls import path

from analyses.views import (
    AnalysisTypeViewSet,
    AnalysisViewSet,
    AppliedAnalysisViewSet,
    DatasetAnalysisViewSet,
)

urlpatterns = [
    path("analysis-types", AnalysisTypeViewSet.as_view({"get": "list"})),
    path(
        "datasets/<str:dataset_id>/analysis",
        DatasetAnalysisViewSet.as_view({"get": "list", "post": "create"}),
    ),
    path("analyses", AnalysisViewSet.as_view({"get": "list"})),
    path(
        "analyses/<str:pk>",
        AnalysisViewSet.as_view(
            {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
        ),
    ),
    path("analyses/<str:pk>/explain", AnalysisViewSet.as_view({"get": "explain"})),
    path("analyses/<str:pk>/notebook", AnalysisViewSet.as_view({"get": "notebook"})),
    path("analyses/<str:pk>/rerun", AnalysisViewSet.as_view({"post": "rerun"})),
    path("analyses/<str:pk>/apply", AppliedAnalysisViewSet.as_view({"post": "apply"})),
    path("analyses/<str:pk>/cancel", AnalysisViewSet.as_view({"post": "cancel"})),
]
