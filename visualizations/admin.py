"""The admin's pages on pictures, and the small pictures of datasets."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag

from datasets.access import View, view
from datasets.models import Dataset, Kind
from datastream.core.admin import NOTHING, Admin, image, person, pretty
from datastream.core.errors import NotFoundError, PlatformError
from visualizations import options, services
from visualizations.models import Visualization
from visualizations.registry import kinds
from visualizations.services import Shown, Size

SIZES = {"small": Size(216, 144), "large": Size(640, 320)}
# A long series is read only so far back: a few hundred px show no more.
MOST_POINTS = 20_000
# Its marks are attributes and not styles, so every policy lets them show.
NO_PICTURE = b"""<svg xmlns="http://www.w3.org/2000/svg"
 width="144" height="96" viewBox="0 0 144 96">
<rect width="144" height="96" fill="#f1f4f7"/>
<path d="M24 48h96" stroke="#9aa7b4" stroke-width="2" stroke-dasharray="6 6"/></svg>"""


@admin.register(Visualization)
class VisualizationAdmin(Admin):
    """Pictures are built elsewhere; here they are looked at, renamed, published and deleted."""

    about = "Saved pictures of series."
    parents = ("dataset", "analysis__dataset")
    is_counted = True
    list_display = ("thumbnail", "title", "kind", "subject", "owner", "visibility", "created_at")
    list_display_links = ("title",)
    list_filter = ("visibility", "kind")
    list_select_related = ("owner", "dataset", "analysis__dataset")
    list_per_page = 25  # each row has a picture
    search_fields = ("title", "kind", "dataset__name", "owner__username")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    fields = (
        "picture", "title", "alt", "visibility", "kind", "dataset", "analysis", "owner",
        "shown_series", "shown_options", "created_at", "updated_at",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in self.fields if name not in {"title", "alt", "visibility"}]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Visualization, form: Any, change: bool) -> None:  # noqa: FBT001
        services.change_visualization(person(request), obj, form.cleaned_data)

    def delete_model(self, request: HttpRequest, obj: Visualization) -> None:
        services.delete_visualization(obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Visualization]) -> None:
        for picture in queryset:
            self.delete_model(request, picture)

    # -------------------------------------------------------------- shown
    @admin.display(description="picture")
    def thumbnail(self, picture: Visualization) -> str:
        return image(reverse("admin:picture", args=[picture.pk]), width=108, height=72)

    @admin.display
    def picture(self, picture: Visualization) -> str:
        address = reverse("admin:picture", args=[picture.pk], query={"size": "large"})
        return image(address, width=640, height=320, alt=picture.alt or picture.title)

    @admin.display(description="of")
    def subject(self, picture: Visualization) -> str:
        if picture.analysis is not None:
            return f"{picture.analysis.type} of {picture.analysis.dataset}"
        return str(picture.dataset or NOTHING)

    @admin.display(description="series")
    def shown_series(self, picture: Visualization) -> str:
        return "; ".join(map(str, picture.series.all())) or NOTHING

    @admin.display(description="options")
    def shown_options(self, picture: Visualization) -> str:
        return pretty(picture.options)

    # -------------------------------------------------------------- drawn
    def get_urls(self) -> list[URLPattern]:
        saved = self.admin_site.admin_view(self.saved_picture, cacheable=True)
        of_dataset = self.admin_site.admin_view(self.dataset_picture, cacheable=True)
        return [
            path("<uuid:pk>/picture.png", saved, name="picture"),
            path("dataset/<uuid:pk>/picture.png", of_dataset, name="dataset_picture"),
            *super().get_urls(),
        ]

    def saved_picture(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Answer a saved picture, in the size asked for."""
        picture = self.get_object(request, str(pk))
        if picture is None:
            raise Http404
        return drawn(request, picture)

    def dataset_picture(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Answer the first saved picture of a dataset, or a line that is saved nowhere."""
        try:
            seen = view(person(request), pk)
        except NotFoundError as error:
            raise Http404 from error
        saved = Visualization.objects.filter(dataset=seen.dataset).order_by("created_at").first()
        if saved is not None:
            return drawn(request, saved)
        picture, series = first_line(seen, person(request))
        return drawn(request, picture, series) if series else nothing()


def first_line(seen: View, user: Any) -> tuple[Visualization, list[Shown]]:
    """Return a line of the first number variable at the first station; no series where none is."""
    variable = seen.dataset.variables.filter(kind=Kind.NUMBER).first()
    station = seen.dataset.stations.first()
    picture = Visualization(owner=user, kind="line", dataset=seen.dataset)
    if variable is None or station is None or not seen.dataset.revision:
        return picture, []
    given: dict[str, Any] = {"variables": [variable.name]}
    if station.code:
        given["station"] = station.code
    start = recent_start(seen.dataset)
    if start is not None:
        given["start"] = start.isoformat()
    picture.options = options.check(kinds["line"], given)
    return picture, [Shown(seen, station.code, variable.name, seen.dataset.revision)]


def recent_start(dataset: Dataset) -> datetime | None:
    """Return from when on a station has about `MOST_POINTS`; None where it has no more in all."""
    points_each = dataset.point_count / max(dataset.stations.count(), 1)
    if dataset.start is None or dataset.end is None or points_each <= MOST_POINTS:
        return None
    return dataset.end - (dataset.end - dataset.start) * (MOST_POINTS / points_each)


def drawn(
    request: HttpRequest, picture: Visualization, series: list[Shown] | None = None
) -> HttpResponse:
    """Answer a picture as PNG, 304 where the browser has it, a neutral one where it cannot be."""
    size = SIZES.get(request.GET.get("size", ""), SIZES["small"])
    try:
        if series is None:
            series = services.shown(person(request), picture)
        tag = services.version(picture, series, "png", size.width, size.height, size.scale)
        answer = get_conditional_response(request, etag=quote_etag(tag))
        if answer is None:
            body = services.image(picture, series, "png", size)
            answer = HttpResponse(body, content_type="image/png")
    except PlatformError:
        return nothing()
    answer["ETag"] = quote_etag(tag)
    answer["Cache-Control"] = "private, max-age=60"
    return answer


def nothing() -> HttpResponse:
    headers = {"Cache-Control": "private, max-age=60"}
    return HttpResponse(NO_PICTURE, content_type="image/svg+xml", headers=headers)
