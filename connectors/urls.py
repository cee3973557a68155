"""Routes of collection, below /api/v1."""

from django.urls import path

from connectors.views import (
    ConnectorViewSet,
    CoverageViewSet,
    DocumentViewSet,
    FeedViewSet,
    RunViewSet,
)

urlpatterns = [
    path("connectors", ConnectorViewSet.as_view({"get": "list"})),
    path("connectors/<str:name>", ConnectorViewSet.as_view({"get": "retrieve"})),
    path("feeds", FeedViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "feeds/<str:pk>",
        FeedViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    path("feeds/<str:pk>/run", FeedViewSet.as_view({"post": "run"})),
    path("feeds/<str:pk>/plan", FeedViewSet.as_view({"get": "plan"})),
    path("feeds/<str:feed_id>/coverage", CoverageViewSet.as_view({"get": "list"})),
    path("runs", RunViewSet.as_view({"get": "list"})),
    path("runs/<str:pk>", RunViewSet.as_view({"get": "retrieve"})),
    path("runs/<str:pk>/cancel", RunViewSet.as_view({"post": "cancel"})),
    path("documents", DocumentViewSet.as_view({"get": "list"})),
    path("documents/<str:pk>", DocumentViewSet.as_view({"get": "retrieve"})),
    path("documents/<str:pk>/body", DocumentViewSet.as_view({"get": "body"})),
]
