"""Routes of the OAuth2 provider, outside /api/v1; nothing else of the library is routed."""

from django.urls import re_path

from accounts.oauth2 import consent, views

# The library looks its routes up under this name.
app_name = "oauth2_provider"
urlpatterns = [
    re_path(r"^oauth2/authorize/?$", consent.authorize, name="authorize"),
    re_path(r"^oauth2/token/?$", views.token, name="token"),
    re_path(r"^oauth2/revoke/?$", views.revoke, name="revoke-token"),
    re_path(r"^oauth2/introspect/?$", views.introspect, name="introspect"),
    re_path(
        r"^\.well-known/oauth-authorization-server/?$", views.metadata, name="oauth-server-metadata"
    ),
]
