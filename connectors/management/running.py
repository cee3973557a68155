"""Feeds that a command makes and runs in the foreground, and what it says of them."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from accounts.models import User
from connectors import planning, services
from connectors.base import Connector, Product
from connectors.ledger import EMPTY
from connectors.models import RUN_COUNTS, Feed, ProviderCredential, Run, Trigger
from datastream.core.errors import ConflictError, InvalidInputError, NotFoundError
from datastream.core.models import Status

DONE, FAILED, WRONG_USE, PARTLY = 0, 1, 2, 6
NAME_MAX = 200


def planned(
    connector: Connector, options: Mapping[str, Any], asked: Mapping[str, Any]
) -> planning.Plan:
    """What a run of the feed of these words would ask for; the feed need not be there."""
    product = connector.product(options["product"])
    parameters = product.check(asked)
    name = options["name"] or name_of(connector, product, parameters)
    feed = Feed.objects.filter(name=name, dataset__deleted_at__isnull=True).first()
    if feed is None:
        feed = Feed(connector=connector.name, product=product.name, name=name)
    feed.parameters = parameters
    return services.plan_of(feed)


def described(plan: planning.Plan) -> dict[str, Any]:
    window = plan.window
    return {
        "requests": len(plan.requests),
        "places": plan.places,
        "first_day": window.start.isoformat() if window else None,
        "last_day": window.last_day.isoformat() if window else None,
        "takes_at_least": str(timedelta(seconds=round(plan.seconds))),
    }


def feed_of(
    connector: Connector, owner: User, options: Mapping[str, Any], asked: Mapping[str, Any]
) -> Feed:
    """The feed of these words: made, or found again by its name."""
    product = connector.product(options["product"])
    parameters = product.check(asked)
    name = options["name"] or name_of(connector, product, parameters)
    facts = _facts(connector, owner, options)
    title = options["dataset"] or f"{connector.title}: {product.title}"
    target = services.target_of(connector, owner, name=title, product=product.name)
    feed = services.make_feed(
        target, connector, name=name, product=product.name, parameters=parameters
    )
    if facts:
        services.change_feed(feed, **facts)
    return feed


def _facts(connector: Connector, owner: User, options: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if options["schedule"]:
        kind, _, text = options["schedule"].partition(":")
        facts["schedule"] = {kind: text}
    if options["credential"]:
        keys = ProviderCredential.objects.filter(connector=connector.name, owner=owner)
        facts["credential"] = keys.filter(label=options["credential"]).first()
        if facts["credential"] is None:
            message = f"{owner} has no key {options['credential']!r} for {connector.name}."
            raise InvalidInputError.of("credential", message)
    return facts


def name_of(connector: Connector, product: Product, parameters: Mapping[str, Any]) -> str:
    """A name that the same words make again: the places, and a digest where they are many."""
    asked = {name: value for name, value in parameters.items() if name not in {"start", "end"}}
    stations = asked.pop("stations", None)
    words = [connector.name, product.name]
    if stations:
        words.append(_together(stations))
        # Which variables are asked for changes the feed, as it always did; it is no other feed.
        asked.pop("variables", None)
    if asked:
        words.append(_told(asked))
    return " ".join(words)[:NAME_MAX]


def _together(stations: list[str]) -> str:
    if len(stations) <= 5:
        return " ".join(stations)
    return f"{stations[0]} and {len(stations) - 1} more, {_digest(stations)}"


def _told(parameters: Mapping[str, Any]) -> str:
    text = " ".join(f"{name}={value}" for name, value in sorted(parameters.items()))
    return text if len(text) <= 80 else _digest(dict(parameters))


def _digest(value: Any) -> str:
    text = " ".join(value) if isinstance(value, list) else json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def feed_named(name: str) -> Feed:
    """A feed by its name or id."""
    feeds = Feed.objects.filter(dataset__deleted_at__isnull=True)
    found = feeds.filter(name=name).first()
    if found is None:
        try:
            found = feeds.filter(pk=UUID(name)).first()
        except ValueError:
            found = None
    if found is None:
        raise NotFoundError(f"There is no feed {name!r}; the admin lists them.")
    return found


def due() -> list[tuple[UUID, str]]:
    """Ids and names of the feeds whose time has come."""
    return list(services.due_feeds().values_list("pk", "name"))


def run(feed: Feed, progress: Callable[[int, int], None], *, trigger: str, refetches: bool) -> Run:
    """Run a feed here and now."""
    if refetches and trigger != Trigger.REPLAY:
        started = services.start_refetch(feed)
    else:
        started = services.start_run(feed, trigger=trigger)
    try:
        finished = services.execute_run(started.pk, progress)
    except KeyboardInterrupt:
        services.cancel_run(started)
        finished = Run.objects.select_related("feed__dataset").get(pk=started.pk)
    if finished is None:
        raise ConflictError("A worker has taken this run; see it in the admin.")
    return finished


def receipt(run: Run) -> dict[str, Any]:
    dataset = run.feed.dataset
    dataset.refresh_from_db()
    counts = {name: getattr(run, name) for name in RUN_COUNTS}
    told = {"run": str(run.pk), "status": run.status, "dataset": str(dataset.pk)}
    return {**told, **counts, "revision": dataset.revision}


def remarks(run: Run) -> Iterator[str]:
    """What to know beside the counts, and what to do next."""
    if run.status == Status.SUCCEEDED and not run.planned:
        yield _why_nothing(run)
    elif run.status == Status.SUCCEEDED and not run.feed.coverage.exclude(state=EMPTY).exists():
        yield "The provider has nothing for these places and days."
    if run.error:
        yield f"{run.error['code']}: {run.error['message']}"
    if run.status != Status.SUCCEEDED:
        yield "What is stored stays, and the next run asks for the rest."
    for one in run.rejections[:10]:
        yield f"  {one['station']} row {one['row']}, {one['field']}: {one['message']}"


def _why_nothing(run: Run) -> str:
    """Why there was nothing to ask for, or to read."""
    if run.trigger == Trigger.REPLAY:
        return "No answers of this feed are kept."
    if not run.feed.coverage.exists():
        return "Its first day is yet to come."
    return "All of it is known already; --refetch asks again."


def code(run: Run) -> int:
    return {Status.SUCCEEDED: DONE, Status.PARTIAL: PARTLY}.get(Status(run.status), FAILED)
