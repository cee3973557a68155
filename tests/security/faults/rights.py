"""Faults in who may do what."""

import time
from typing import Any

from django.http import HttpRequest

from accounts.serializers.people import UserSerializer
from analyses import selectors as analyses
from analyses.models import Analysis
from analyses.services import inputs
from datasets import access
from datasets.ingest import traces
from datasets.models import Dataset, Receipt, Station
from datasets.selectors import catalogue
from datastream.core.api import permissions, views
from datastream.core.api.filtering import Ordering
from datastream.core.errors import InvalidInputError, NotAllowedError, NotFoundError
from tests.security.faults import Switch, fault
from visualizations import subjects

REMEMBERED_S = 60.0


@fault("a-01", "Keys and tokens are good for everything, whatever their scopes.")
def any_scope(is_on: Switch) -> None:
    require_scope = permissions.require_scope

    def lenient(*args: Any, **more: Any) -> None:
        if not is_on():
            require_scope(*args, **more)

    permissions.require_scope = lenient


@fault("a-01", "A dataset that may not be seen is refused, and so known to exist.")
def told_apart(is_on: Switch) -> None:
    view = access.view

    def telling(caller: Any, dataset_id: Any, **more: Any) -> Any:
        try:
            return view(caller, dataset_id, **more)
        except NotFoundError:
            if is_on() and Dataset.objects.filter(pk=dataset_id).exists():
                raise NotAllowedError from None
            raise

    access.view = telling


@fault("a-03", "A station is found below any dataset.")
def any_parent(is_on: Switch) -> None:
    stations = catalogue.stations

    def all_of_them(*args: Any, **more: Any) -> Any:
        found = stations(*args, **more)
        return Station.objects.all() if is_on() else found

    catalogue.stations = all_of_them


@fault("a-04", "A picture of a hidden dataset is refused in other words than one of nothing.")
def known_ids(is_on: Switch) -> None:
    made = subjects._input

    def telling(caller: Any, position: int, one: Any) -> Any:
        try:
            return made(caller, position, one)
        except InvalidInputError:
            if is_on() and Dataset.objects.filter(pk=one["dataset"]).exists():
                raise InvalidInputError.of("dataset", "You may not see it.") from None
            raise

    subjects._input = telling


@fault("a-04", "An analysis against a hidden dataset is refused in other words than against none.")
def known_references(is_on: Switch) -> None:
    seen = inputs.Chooser.view

    def telling(self: Any, dataset: str | None, place: str) -> Any:
        try:
            return seen(self, dataset, place)
        except InvalidInputError:
            if is_on() and Dataset.objects.filter(pk=str(dataset)).exists():
                raise InvalidInputError.of(place, "You may not see it.") from None
            raise

    inputs.Chooser.view = telling  # type: ignore[method-assign]


@fault("a-05", "An analysis is shown to whoever sees its own dataset, whatever else it reads.")
def other_inputs(is_on: Switch) -> None:
    readable = analyses._readable

    def by_its_own(caller: Any) -> Any:
        if not is_on():
            return readable(caller)
        return Analysis.objects.filter(dataset__in=access.datasets_for(caller).values("pk"))

    analyses._readable = by_its_own


@fault("a-05", "The list of analyses holds those of hidden datasets too.")
def all_listed(is_on: Switch) -> None:
    analyses_for = analyses.analyses_for

    def every(caller: Any) -> Any:
        if not is_on():
            return analyses_for(caller)
        return Analysis.objects.select_related("result", "user").prefetch_related("inputs")

    analyses.analyses_for = every


@fault("a-05", "Lists are sorted by any column, through relations too.")
def any_order(is_on: Switch) -> None:
    filter_queryset = Ordering.filter_queryset

    def trusting(self: Any, request: Any, queryset: Any, view: Any) -> Any:
        asked = request.query_params.get("ordering")
        if is_on() and asked:
            return queryset.order_by(*asked.split(","), "pk")
        return filter_queryset(self, request, queryset, view)

    Ordering.filter_queryset = trusting  # type: ignore[method-assign]


@fault("a-06", "Who saw a dataset goes on seeing it for a minute.")
def remembered(is_on: Switch) -> None:
    one_of = access._one_of
    seen: dict[Any, tuple[float, Any]] = {}

    def kept(caller: Any, dataset_id: Any) -> Any:
        if not is_on():
            return one_of(caller, dataset_id)
        at, found = seen.get((caller.pk, dataset_id), (0.0, None))
        if found is None or time.monotonic() - at > REMEMBERED_S:
            found = one_of(caller, dataset_id)
            seen[caller.pk, dataset_id] = (time.monotonic(), found)
        return found

    access._one_of = kept


@fault("a-07", "Fields that nobody may set are passed over without a word.")
def any_field(is_on: Switch) -> None:
    refuse_unknown = views.refuse_unknown

    def lenient(*args: Any, **more: Any) -> None:
        if not is_on():
            refuse_unknown(*args, **more)

    views.refuse_unknown = lenient


@fault("a-08", "A user is shown with the hash of the password.")
def shown_hash(is_on: Switch) -> None:
    to_representation = UserSerializer.to_representation

    def telling(self: Any, instance: Any) -> dict[str, Any]:
        shown = to_representation(self, instance)
        return {**shown, "password": instance.password} if is_on() else shown

    UserSerializer.to_representation = telling  # type: ignore[method-assign]


@fault("a-10", "A header may name another method than the one that was used.")
def overridden(is_on: Switch) -> None:
    dispatch = views.Resource.dispatch

    def obeying(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        wanted = request.headers.get("X-HTTP-Method-Override")
        if is_on() and wanted:
            request.method = wanted
        return dispatch(self, request, *args, **kwargs)

    views.Resource.dispatch = obeying  # type: ignore[method-assign]


@fault("k-15", "An Idempotency-Key is looked up among those of everybody.")
def anybodys_key(is_on: Switch) -> None:
    stored_receipt = traces.stored_receipt

    def shared(author: Any, key: Any) -> Any:
        found = stored_receipt(author, key)
        if is_on() and found is None and key is not None:
            return Receipt.objects.filter(route=author.route, idempotency_key=key.name).first()
        return found

    traces.stored_receipt = shared


@fault("k-15", "A write with a key that was used takes effect again.")
def forgotten_key(is_on: Switch) -> None:
    stored_receipt = traces.stored_receipt

    def forgetful(author: Any, key: Any) -> Any:
        if is_on() and key is not None:
            Receipt.objects.filter(idempotency_key=key.name).update(idempotency_key=None)
        return stored_receipt(author, key)

    traces.stored_receipt = forgetful
