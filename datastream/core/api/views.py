"""The base of every route: known parameters only, `fields`, tags, one way to list and change."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.viewsets import GenericViewSet

from datastream.core.api import conditional
from datastream.core.errors import InvalidInputError, NotFoundError

FIELDS = "fields"


class Resource(GenericViewSet[Any]):
    """A view that refuses what it does not know.

    requires : action → who may call it (`permissions.py`)
    scopes : action → scope of a key or token, where the method does not tell
    rates : action → the limit it counts under, where that is not reads or writes by its method
    weights : action → how many of those it counts as, where that is not one
    query : action → query parameters beyond paging, filters, search, ordering and `fields`
    repeatable : parameters that may stand more than once
    inputs : action → serializer of its body, where that is not `serializer_class`
    """

    requires: ClassVar[Mapping[str, str]] = {}
    scopes: ClassVar[Mapping[str, str]] = {}
    rates: ClassVar[Mapping[str, str]] = {}
    weights: ClassVar[Mapping[str, float]] = {}
    query: ClassVar[Mapping[str, frozenset[str]]] = {}
    repeatable: ClassVar[frozenset[str]] = frozenset()
    inputs: ClassVar[Mapping[str, type[Serializer[Any]]]] = {}
    search_fields: ClassVar[tuple[str, ...]] = ()
    ordering_fields: ClassVar[tuple[str, ...]] = ()
    http_method_names = ["get", "head", "post", "patch", "delete"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        response = super().dispatch(request, *args, **kwargs)
        # View and request hold each other until Python looks for such rings, and with them a page
        # of many megabytes.
        del self.response
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        try:
            self._refuse_method(request)
            self.perform_authentication(request)
        finally:
            # Before rights, and of all: whoever fails above counts as the stranger they are.
            super().check_throttles(request)
        super().initial(request, *args, **kwargs)
        request._request.api_user = request.user  # type: ignore[attr-defined]  # noqa: SLF001
        self._check_query(request)

    def _refuse_method(self, request: Request) -> None:
        method = (request.method or "").lower()
        if method not in self.http_method_names or not hasattr(self, method):
            # Before who is calling: a method that nobody may use is not a question of rights.
            self.http_method_not_allowed(request)

    def check_throttles(self, request: Request) -> None:
        """Nothing: REST framework would come to it after the rights, so `initial` has done it."""

    def weight(self, request: Request) -> float:
        """What a request counts among those that are limited alike."""
        return self.weights.get(self.action or "", 1.0)

    @property
    def caller(self) -> Any:
        """The user of a route that only somebody signed in may call."""
        return self.request.user

    def _check_query(self, request: Request) -> None:
        known = self.known_parameters()
        problems = {}
        for name, values in request.query_params.lists():
            if name not in known:
                problems[name] = ["There is no such parameter here."]
            elif len(values) > 1 and name not in self.repeatable:
                problems[name] = ["Give it once."]
            elif any("\x00" in value for value in values):
                problems[name] = ["NUL is not allowed."]
        if problems:
            raise InvalidInputError(details=problems)

    def known_parameters(self) -> set[str]:
        known = set(self.query.get(self.action or "", ()))
        if self.action in {"list", "retrieve", "me"}:
            known.add(FIELDS)
        if self.action == "list":
            known |= {"page", "page_size"}
            known |= {"search"} if self.search_fields else set()
            known |= {"ordering"} if self.ordering_fields else set()
            filterset = getattr(self, "filterset_class", None)
            known |= set(filterset.base_filters) if filterset else set()
        return known

    # ------------------------------------------------------------------ fields
    def selected(self, serializer: Serializer[Any]) -> set[str] | None:
        """The names in `fields`, or None for all."""
        text = self.request.query_params.get(FIELDS)
        if text is None:
            return None
        names = set(text.split(","))
        unknown = sorted(names - set(serializer.fields))
        if unknown:
            raise InvalidInputError.of(FIELDS, f"There is no field {unknown[0]!r} here.")
        return names

    def represent(self, objects: Any, *, many: bool = False) -> Any:
        """Objects as they are answered, only the `fields` asked for."""
        serializer: Any = self.get_serializer(objects, many=many)
        child = serializer.child if many else serializer
        names = self.selected(child)
        for name in set(child.fields) - (names if names is not None else set(child.fields)):
            child.fields.pop(name)
        return serializer.data

    # ------------------------------------------------------------------ reading
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.represent(page, many=True))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.answer(self.find(self.get_queryset()))

    def answer(self, instance: Any) -> Response:
        """One object with its tag; 304 where the client has it."""
        tag = self.tag(instance)
        if FIELDS in self.request.query_params:
            tag += "-" + conditional.tag_of(self.request.query_params[FIELDS])[:8]
        return conditional.tagged(self.request, self.represent(instance), tag)

    def tag(self, instance: Any) -> str:
        serializer: BaseSerializer[Any] = self.get_serializer(instance)
        return conditional.tag_of(serializer.data)

    def find(self, queryset: QuerySet[Any]) -> Any:
        """The object of this path among those the caller may see."""
        try:
            found = queryset.filter(pk=self.kwargs["pk"]).first()
        except (ValueError, ValidationError) as error:
            raise NotFoundError from error
        if found is None:
            raise NotFoundError
        return found

    # ------------------------------------------------------------------ writing
    def checked_input(self, *, partial: bool = False, instance: Any = None) -> dict[str, Any]:
        """The body as the serializer understands it; unknown and read-only fields are refused."""
        kind: Any = self.inputs.get(self.action or "", self.serializer_class)
        context = self.get_serializer_context()
        serializer = kind(instance, data=self.request.data, partial=partial, context=context)
        refuse_unknown(serializer, self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def locked(self) -> Any:
        """The object of this path, locked, and unchanged since the client's `If-Match`."""
        queryset = self.get_queryset()
        instance = self.find(queryset.select_for_update(of=("self",), no_key=True))
        conditional.check_unchanged(self.request, self.tag(instance))
        return instance

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        _ = request.data  # all of it has come before anything is locked
        with transaction.atomic():
            instance = self.locked()
            self.change(instance, self.checked_input(partial=True, instance=instance))
        return self.answer(self.find(self.get_queryset()))

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with transaction.atomic():
            self.remove(self.locked())
        return Response(status=204)

    def change(self, instance: Any, data: dict[str, Any]) -> None:
        raise NotImplementedError

    def remove(self, instance: Any) -> None:
        raise NotImplementedError


def refuse_unknown(serializer: Serializer[Any], data: Any) -> None:
    """Refuse fields that do not exist or may only be read, each by its name."""
    if not isinstance(data, Mapping):
        raise InvalidInputError.of("body", "Send one JSON object.")
    problems = {}
    for name in data:
        field = serializer.fields.get(name)
        if field is None:
            problems[str(name)[:80]] = ["There is no such field."]
        elif field.read_only:
            problems[name] = ["This field cannot be set."]
    if problems:
        raise InvalidInputError(details=problems)
