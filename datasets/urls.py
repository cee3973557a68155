"""Routes of datasets, below /api/v1."""

from typing import Any

from django.urls import path

from datasets import views

DETAIL: dict[str, Any] = {"get": "retrieve", "patch": "partial_update"}
DATA: dict[str, Any] = {"get": "list", "post": "create", "delete": "destroy_range"}
BELOW = "datasets/<str:dataset_id>"

urlpatterns = [
    path("datasets", views.DatasetViewSet.as_view({"get": "list", "post": "create"})),
    path("datasets/<str:pk>", views.DatasetViewSet.as_view({**DETAIL, "delete": "destroy"})),
    path(f"{BELOW}/stations", views.StationViewSet.as_view({"get": "list", "post": "create"})),
    path(f"{BELOW}/stations/<int:pk>", views.StationViewSet.as_view(DETAIL)),
    path(f"{BELOW}/variables", views.VariableViewSet.as_view({"get": "list", "post": "create"})),
    path(f"{BELOW}/variables/<int:pk>", views.VariableViewSet.as_view(DETAIL)),
    path(f"{BELOW}/shares", views.ShareViewSet.as_view({"get": "list", "post": "create"})),
    path(f"{BELOW}/shares/<str:pk>", views.ShareViewSet.as_view({"delete": "destroy"})),
    path(f"{BELOW}/revisions", views.RevisionViewSet.as_view({"get": "list"})),
    path(f"{BELOW}/revisions/<int:number>", views.RevisionViewSet.as_view({"get": "retrieve"})),
    path(f"{BELOW}/data", views.DataViewSet.as_view(DATA)),
    path(
        f"{BELOW}/data/<str:point_id>", views.DataViewSet.as_view({**DETAIL, "delete": "destroy"})
    ),
    path(f"{BELOW}/window", views.WindowViewSet.as_view({"get": "list"})),
    path(f"{BELOW}/completeness", views.CompletenessViewSet.as_view({"get": "list"})),
    path(f"{BELOW}/changes", views.ChangesViewSet.as_view({"get": "list"})),
    path(f"{BELOW}/receipts", views.DatasetReceiptViewSet.as_view({"get": "list"})),
    path(f"{BELOW}/receipts/<str:pk>", views.DatasetReceiptViewSet.as_view({"get": "retrieve"})),
    path("receipts/<str:pk>", views.ReceiptViewSet.as_view({"get": "retrieve"})),
    path("exports", views.ExportViewSet.as_view({"get": "list"})),
    path("exports/<str:pk>", views.ExportViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path("exports/<str:pk>/file", views.ExportViewSet.as_view({"get": "file"})),
]
