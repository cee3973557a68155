"""Routes of sign-in, people, keys and the audit log, below /api/v1."""

from django.urls import path

from accounts.views import ApiKeyViewSet, AuditViewSet, AuthViewSet, UserViewSet

urlpatterns = [
    path("auth/token", AuthViewSet.as_view({"post": "token"})),
    path("auth/refresh", AuthViewSet.as_view({"post": "refresh"})),
    path("auth/revoke", AuthViewSet.as_view({"post": "revoke"})),
    path("auth/api-keys", ApiKeyViewSet.as_view({"get": "list", "post": "create"})),
    path("auth/api-keys/<str:pk>", ApiKeyViewSet.as_view({"delete": "destroy"})),
    path("audit", AuditViewSet.as_view({"get": "list"})),
    path("audit/<str:pk>", AuditViewSet.as_view({"get": "retrieve"})),
    path("users", UserViewSet.as_view({"get": "list", "post": "create"})),
    path("users/me", UserViewSet.as_view({"get": "me", "patch": "change_me"})),
    path("users/me/password", UserViewSet.as_view({"post": "password"})),
    path(
        "users/<str:pk>",
        UserViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
]
