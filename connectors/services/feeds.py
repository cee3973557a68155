"""Feeds: made, changed, scheduled and deleted."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, cast

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from accounts.services import audit
from connectors import base, schedules
from connectors.models import Feed
from connectors.services import coverage
from connectors.services.providers import address_of, connector_named, product_of
from datasets import ingest
from datasets.models import Dataset, SchemaMode, Variable
from datasets.services import create_dataset, declare
from datastream.core import clock
from datastream.core.errors import ConflictError, InvalidInputError, NotFoundError
from datastream.core.models import OPEN, Status

TAKEN = "There is a feed of this name."


def make_feed(
    dataset: Dataset,
    connector: base.Connector,
    *,
    name: str,
    product: str,
    parameters: Mapping[str, Any],
) -> Feed:
    """Make a feed of this name, or give the existing one these parameters."""
    facts = {"product": connector.product(product).name, "parameters": dict(parameters)}
    feed = Feed.objects.filter(name=name, dataset__deleted_at__isnull=True).first()
    if feed is None:
        return create_feed(dataset, connector=connector.name, name=name, **facts)
    if (feed.dataset_id, feed.connector, feed.product) != (
        dataset.pk, connector.name, facts["product"],
    ):  # fmt: skip
        message = f"The feed {name!r} asks for another product, or fills another dataset."
        raise ConflictError(message)
    change_feed(feed, parameters=facts["parameters"])
    return feed


@transaction.atomic
def create_feed(dataset: Dataset, *, connector: str, name: str, **facts: Any) -> Feed:
    """Make a feed, and the variables that its product declares.

    Raises
    ------
    InvalidInputError
        With every fact that is wrong, and why.
    ConflictError
        The name is taken.
    """
    # What is left of a deleted dataset does not keep the name of its feed.
    for left in Feed.objects.filter(name=name, dataset__deleted_at__isnull=False):
        # The worker that clears up may have been first.
        with suppress(NotFoundError):
            delete_feed(left)
    feed = Feed(dataset=dataset, connector=connector_named(connector).name, name=name)
    product = connector_named(connector).product(facts.pop("product", ""))
    feed.product = product.name
    feed.lookback_days = product.lookback_days
    _set(feed, {"parameters": {}, **facts})
    _check_room(dataset)
    _save(feed)
    _declare_variables(feed)
    _record("feed.created", feed)
    return feed


@transaction.atomic
def change_feed(feed: Feed, **facts: Any) -> None:
    """Change facts of a feed, and those of this object with them; runs that go on stay as they are.

    Raises
    ------
    NotFoundError
        Somebody has deleted it.
    """
    # Not the object: a form has changed it already, and somebody else the row since it was read.
    stored = _locked(feed)
    before = copy(stored)
    _set(stored, facts)
    changed = sorted(name for name in facts if getattr(before, name) != getattr(stored, name))
    if changed:
        _save(stored, [*changed, "next_run_at", "updated_at"])
        if asked(stored) != asked(before):
            coverage.forget(stored.pk)
        if {"product", "dataset"} & set(changed):
            _declare_variables(stored)
        _record("feed.changed", stored, fields=changed)
    feed.__dict__.update(vars(stored))


@transaction.atomic
def delete_feed(feed: Feed) -> None:
    """Delete a feed with its runs and what it knows to be covered; its dataset keeps all points."""
    feed = _locked(feed)
    _record("feed.deleted", feed)
    # A run that goes on ends at its next page.
    feed.runs.filter(status__in=OPEN).update(
        status=Status.CANCELLED, finished_at=Now(), lease_until=None
    )
    feed.delete()


def _locked(feed: Feed) -> Feed:
    """The feed as it is stored, which nobody else changes until this transaction ends.

    All who lock more than one take them in this order, a run that stores a page too: the dataset,
    the feed, its runs.
    """
    ingest.lock(feed.dataset_id)
    found = Feed.objects.select_for_update(of=["self"], no_key=True).filter(pk=feed.pk).first()
    if found is None:
        raise NotFoundError
    return found


def set_due(feed: Feed) -> None:
    """Work out when the feed runs next, from now on."""
    schedule = feed.schedule if feed.enabled else None
    feed.next_run_at = schedules.next_after(schedule, _now()) if schedule else None


def _now() -> datetime:
    """By the database's clock, by which a feed is due."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (now,) = cursor.fetchone()
    return cast("datetime", now)


def _set(feed: Feed, facts: Mapping[str, Any]) -> None:
    """Set facts in their settled form."""
    for name, value in facts.items():
        setattr(feed, name, value)
    if facts.keys() & {"parameters", "connector", "product"}:
        feed.product = product_of(feed).name
        feed.parameters = product_of(feed).check(feed.parameters)
        # An address that may not be asked is refused now, and not by the first run.
        address_of(product_of(feed), feed.parameters)
    if facts.keys() & {"schedule", "enabled"}:
        feed.schedule = schedules.check(feed.schedule)
        set_due(feed)
    if feed.credential is not None and feed.credential.connector != feed.connector:
        raise InvalidInputError.of("credential", f"This key is not for {feed.connector}.")


def _check_room(dataset: Dataset) -> None:
    # So that two who come at once do not pass the limit.
    _one_at_a_time(f"feeds of {dataset.owner_id}")
    feeds = Feed.objects.filter(dataset__owner=dataset.owner_id, dataset__deleted_at__isnull=True)
    if feeds.count() >= settings.FEEDS_PER_USER:
        message = f"At most {settings.FEEDS_PER_USER} feeds fill the datasets of one owner."
        raise InvalidInputError.of("dataset", message)


def _declare_variables(feed: Feed) -> None:
    variables = product_of(feed).variables.values()
    problem = unlike(feed.dataset, variables)
    if problem:
        raise InvalidInputError.of("dataset", f"{problem} Choose another dataset.")
    declare(feed.dataset, Variable, "name", [facts_of(one) for one in variables])


def unlike(dataset: Dataset, variables: Iterable[base.Variable]) -> str:
    """Which of them the dataset holds as something else, in a sentence; "" where it holds none so.

    Values of two units, or of days and of months, would stand side by side, and nobody could tell
    them apart.
    """
    if not Dataset.objects.filter(pk=dataset.pk, point_count__gt=0).exists():
        return ""
    named = {one.name: one for one in variables}
    for known in Variable.objects.filter(dataset=dataset.pk, name__in=named).order_by("name"):
        for kind in ("unit", "interval", "cell_method"):
            was, now = getattr(known, kind), getattr(named[known.name], kind)
            if was and was != now and (now or kind == "unit"):
                word = kind.replace("_", " ")
                return f"{known.name} is kept with the {word} {was}, and now comes with {now!r}."
    return ""


def _save(feed: Feed, fields: Collection[str] | None = None) -> None:
    try:
        with transaction.atomic():
            feed.save(update_fields=fields)
    except IntegrityError as error:
        raise ConflictError(TAKEN, details={"name": [TAKEN]}) from error


def asked(feed: Feed, parameters: Mapping[str, Any] | None = None) -> tuple[object, ...]:
    """What is asked for of each place and day; where it differs, what is known says nothing."""
    chosen = feed.parameters if parameters is None else parameters
    spans = product_of(feed).span_parameters
    rest = {name: value for name, value in chosen.items() if name not in spans}
    return feed.dataset_id, feed.connector, feed.product, rest


def _record(action: str, feed: Feed, **details: Any) -> None:
    of = "feed", feed.pk
    audit.record(action, of=of, name=feed.name, dataset=feed.dataset_id, **details)


def facts_of(variable: base.Variable) -> dict[str, Any]:
    # A provider's own range is not ours to refuse by: an odd value is kept, flagged.
    return {k: v for k, v in asdict(variable).items() if k not in {"valid_min", "valid_max"}}


@transaction.atomic
def target_of(
    connector: base.Connector,
    owner: Any,
    *,
    name: str,
    product: str = "",
) -> Dataset:
    """The dataset that a connector's feeds of this name fill; made where there is none."""
    # One at a time, so that two who come at once find one dataset.
    _one_at_a_time(f"feeds of {connector.name} in {name}")
    named = Dataset.objects.filter(source=connector.name, name=name, deleted_at=None)
    found = named.order_by("created_at").first()
    if found is not None:
        return found
    return create_dataset(
        owner,
        source=connector.name,
        name=name,
        visibility="internal",
        schema_mode=SchemaMode.FREEZE,
        tags=[connector.name],
        **connector.terms_of(connector.product(product)),
    )


def _one_at_a_time(words: str) -> None:
    """Let nobody else past here with the same words until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [words])


def today() -> date:
    return clock.now().date()
