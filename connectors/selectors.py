"""Feeds, runs, coverage and raw answers that somebody may see.

A role decides whether somebody has to do with collection at all; the rights on its dataset decide
about each feed. Only those who edit the dataset see what is collected into it, since parameters and
counts would tell what it keeps back.
"""

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from connectors.models import Coverage, Document, Feed, ProviderCredential, Run
from datasets.access import Caller, Right, datasets_for, view
from datasets.models import Dataset
from datastream.core.errors import InvalidInputError, NotFoundError

NO_DATASET = "There is no such dataset, or you may not see it."
NO_CREDENTIAL = "There is no such key, or it is not yours."


def feeds_for(caller: Caller) -> QuerySet[Feed]:
    """Feeds of datasets that the caller edits."""
    datasets = datasets_for(caller).filter(right__gte=Right.EDIT)  # type: ignore[misc]  # an annotation
    return Feed.objects.filter(dataset__in=datasets.values("pk"))


def feed_for(caller: Caller, feed_id: UUID | str) -> Feed:
    """One of them; NotFoundError where there is none."""
    try:
        identity = UUID(str(feed_id))
    except ValueError as error:
        raise NotFoundError from error
    feed = feeds_for(caller).filter(pk=identity).first()
    if feed is None:
        raise NotFoundError
    return feed


def runs_for(caller: Caller) -> QuerySet[Run]:
    return Run.objects.filter(feed__in=feeds_for(caller).values("pk")).select_related("feed")


def coverage_of(feed: Feed) -> QuerySet[Coverage]:
    return Coverage.objects.filter(feed=feed)


def documents_for(caller: Caller) -> QuerySet[Document]:
    """Raw answers, without their bodies; they may live elsewhere, so the feeds are named."""
    feeds = feeds_for(caller).values_list("pk", flat=True)
    return Document.objects.filter(feed_id__in=list(feeds)).defer("body")


def target_for(caller: Caller, dataset_id: UUID) -> Dataset:
    """The dataset that a new feed is to fill.

    Raises
    ------
    InvalidInputError
        There is none, or the caller may not know that there is.
    NotAllowedError
        The caller sees it and may not write to it.
    """
    try:
        return view(caller, dataset_id, need=Right.EDIT).dataset
    except NotFoundError as error:
        raise InvalidInputError.of("dataset", NO_DATASET) from error


def credential_for(caller: User, credential_id: UUID | None) -> ProviderCredential | None:
    """One of the caller's own keys, by its id; admins may use all."""
    if credential_id is None:
        return None
    own = Q() if caller.is_admin else Q(owner=caller)
    found = ProviderCredential.objects.filter(own, pk=credential_id).first()
    if found is None:
        raise InvalidInputError.of("credential", NO_CREDENTIAL)
    return found
