"""Who did what, read from the audit log."""

from collections.abc import Iterator

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import AuditEvent, User

# Events that are read at once where all are streamed.
STREAMED = 2000


def audit_events() -> QuerySet[AuditEvent]:
    """All events, each with `username`, that of whoever did it; for admins."""
    names = User.objects.filter(pk=OuterRef("user_id")).values("username")
    return AuditEvent.objects.annotate(username=Subquery(names))


def newest_first(events: QuerySet[AuditEvent]) -> Iterator[AuditEvent]:
    """All of them in constant memory; each page begins where the last one ended."""
    page = list(events.order_by("-pk")[:STREAMED])
    while page:
        yield from page
        page = list(events.order_by("-pk").filter(pk__lt=page[-1].pk)[:STREAMED])


def events_of(user: User) -> QuerySet[AuditEvent]:
    """What somebody did or was refused, newest first."""
    return AuditEvent.objects.filter(user_id=user.pk).order_by("-pk")
