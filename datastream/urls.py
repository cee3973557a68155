"""Every route."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from datastream import health
from datastream.core.api import errors

api = [
    path("", include("accounts.urls")),
    path("", include("datasets.urls")),
    path("", include("analyses.urls")),
    path("", include("connectors.urls")),
    path("", include("visualizations.urls")),
]

urlpatterns = [
    path("", health.home),
    path("api/v1/", include(api)),
    path(
        "api/schema",
        # The media type of OpenAPI is one that compression does not know.
        SpectacularJSONAPIView.as_view(
            renderer_classes=[health.SchemaRenderer], throttle_classes=[]
        ),
        name="schema",
    ),
    path(
        "api/docs",
        SpectacularSwaggerSplitView.as_view(
            url_name="schema", template_name="docs.html", throttle_classes=[]
        ),
        name="docs",
    ),
    path("account/", include("accounts.pages.urls")),
    path("", include("accounts.oauth2.urls")),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", health.metrics),
    path("admin/", admin.site.urls),
    re_path(r"^api(/.*)?$", csrf_exempt(errors.not_found)),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
