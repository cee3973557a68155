"""The queries of reads of changes, receipts and revisions."""

import re

import django_filters
from rest_framework.request import Request

from datasets.access import View
from datasets.filters.points import names
from datasets.models import Receipt, Revision
from datasets.selectors import catalogue
from datasets.selectors.changes import Changes
from datastream.core.errors import InvalidInputError

NUMBER = re.compile(r"\d{1,9}", re.ASCII)


def changes(request: Request, view: View) -> Changes:
    """Which changes a read asks for."""
    query, newest = request.query_params, view.dataset.revision
    since = _number(query.get("since"), "since", 0)
    until = _number(query.get("until"), "until", newest)
    for name, revision in (("since", since), ("until", until)):
        if revision > newest:
            raise InvalidInputError.of(name, f"The dataset is at revision {newest}.")
    if since > until:
        raise InvalidInputError.of("since", "`since` is after `until`.")
    variables = names(query.get("variables"), "variables")
    _check_variables(view, variables)
    return Changes(since, until, _stations(view, query.getlist("station")), variables)


def _number(text: str | None, name: str, default: int) -> int:
    if text is None:
        return default
    if not NUMBER.fullmatch(text):
        raise InvalidInputError.of(name, "Give the number of a revision.")
    return int(text)


def _stations(view: View, codes: list[str]) -> tuple[int, ...]:
    found = catalogue.stations(view).filter(code__in=codes) if codes else ()
    numbers = {station.code: station.pk for station in found}
    missing = set(codes) - numbers.keys()
    if missing:
        raise InvalidInputError.of("station", f"There is no station {min(missing)[:80]!r} here.")
    return tuple(sorted(numbers.values()))


def _check_variables(view: View, asked: tuple[str, ...]) -> None:
    known = catalogue.variables(view).filter(name__in=asked).values_list("name", flat=True)
    missing = set(asked) - set(known) if asked else set()
    if missing:
        raise InvalidInputError.of("variables", f"There is no variable {min(missing)[:80]!r} here.")


class ReceiptFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(
        choices=Receipt._meta.get_field("status").choices,  # noqa: SLF001 - public in fact
        help_text="Whether the write was stored or refused.",
    )

    class Meta:
        model = Receipt
        fields: tuple[str, ...] = ()


class RevisionFilter(django_filters.FilterSet):
    since = django_filters.NumberFilter(
        field_name="number", lookup_expr="gt", help_text="After this revision."
    )
    until = django_filters.NumberFilter(
        field_name="number", lookup_expr="lte", help_text="Up to this revision."
    )

    class Meta:
        model = Revision
        fields: tuple[str, ...] = ()
