"""Routes of analyses, below /api/v1."""

from django.urls import path

from analyses.views import AnalysisTypeViewSet, AnalysisViewSet, DatasetAnalysisViewSet

urlpatterns = [
    path("analysis-types", AnalysisTypeViewSet.as_view({"get": "list"})),
    path(
        "datasets/<str:dataset_id>/analysis",
        DatasetAnalysisViewSet.as_view({"get": "list", "post": "create"}),
    ),
    path("analyses", AnalysisViewSet.as_view({"get": "list"})),
    path("analyses/<str:pk>", AnalysisViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path("analyses/<str:pk>/rerun", AnalysisViewSet.as_view({"post": "rerun"})),
    path("analyses/<str:pk>/cancel", AnalysisViewSet.as_view({"post": "cancel"})),
]
