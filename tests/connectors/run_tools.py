"""Runs in tests: done, killed, and what the ledger says of them."""

from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from connectors import services
from connectors.models import Coverage, Feed, Run


class KilledError(BaseException):
    """As if the process had ended: no `except Exception` sees it."""


def executed(run: Run) -> Run:
    done = services.execute_run(run.pk)
    assert done is not None
    return done


def run_of(feed: Feed, **parameters: Any) -> Run:
    """A run of the feed that is done."""
    return executed(services.start_run(feed, **parameters))


def let_lease_end(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(lease_until=Now() - timedelta(seconds=1))


def spans(feed: Feed) -> list[tuple[str, str, str, str]]:
    rows = Coverage.objects.filter(feed=feed).order_by("station", "start")
    facts = rows.values_list("station", "start__date", "end__date", "state")
    return [(code, str(start), str(end), state) for code, start, end, state in facts]


WHOLE = [
    ("A", "2001-01-01", "2004-01-01", "fetched"),
    ("B", "2001-01-01", "2004-01-01", "fetched"),
]
