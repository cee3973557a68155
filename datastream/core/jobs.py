"""Queue work by name once the transaction has committed."""

import logging
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)


def queue_is_in_database() -> bool:
    """Whether messages wait in tables of the platform's own PostgreSQL."""
    return str(settings.CELERY_BROKER_URL).startswith("sqla+")


def enqueue(task_name: str, **ids: int | str) -> None:
    """Send a task after commit; it gets ids and reads the rows itself."""
    for name, value in ids.items():
        if not isinstance(value, int | str):
            raise TypeError(f"{name} must be an id, not {type(value).__name__}.")
    transaction.on_commit(partial(_send, task_name, ids))


def _send(task_name: str, ids: dict[str, int | str]) -> None:
    if current_app.conf.task_always_eager:
        current_app.tasks[task_name].apply(kwargs=ids, throw=True)
        return
    try:
        current_app.send_task(task_name, kwargs=ids)
    except _refusals():
        # The row is committed and says "queued": the sweep sends it again.
        logger.warning("%s %s could not be queued now.", task_name, ids, exc_info=True)


def waiting(task_name: str) -> int:
    """How many messages wait where those of a task do; 0 where the queue cannot be asked."""
    if current_app.conf.task_always_eager:
        return 0
    queue = current_app.amqp.router.route({}, task_name)["queue"]
    try:
        with current_app.connection_or_acquire() as broker, broker.channel() as channel:
            found = int(queue(channel).queue_declare().message_count)
            if hasattr(channel, "session"):
                # Of tables; closing the channel leaves its transaction open.
                channel.session.close()
            return found
    except _refusals():
        return 0


def _refusals() -> tuple[type[Exception], ...]:
    """What a failing queue raises; asked for only then, since importing it takes half a second."""
    from kombu.exceptions import KombuError
    from sqlalchemy.exc import SQLAlchemyError

    return KombuError, SQLAlchemyError, OSError
