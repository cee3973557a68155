"""Entry points of the worker."""

from celery import shared_task

from accounts import limits
from accounts.services import tidying


@shared_task(name="accounts.sweep_limits")
def sweep_limits() -> None:
    limits.sweep()


@shared_task(name="accounts.tidy")
def tidy() -> None:
    tidying.tidy()
