"""The workers' application: where the queue is, what ticks, and how often."""

import logging
import os
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from celery import Celery, signals
from celery.exceptions import SecurityWarning
from django.conf import settings
from django.db import connection, connections, transaction
from django.db.backends.signals import connection_created
from kombu import Exchange, Queue

from datastream.core import jobs
from datastream.core.ticking import Ticking

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datastream.settings")
# It warns of root because of pickled messages, which `accept_content` refuses.
warnings.filterwarnings("ignore", category=SecurityWarning)

# Runs wait for their providers, for hours it may be, and an analysis may take ten minutes: what is
# quick has a queue without them.
QUICK, RUNS, ANALYSES = "datastream", "runs", "analyses"
QUEUES = (QUICK, RUNS, ANALYSES)
TIDY_S = 60.0
WORKER_TIMEOUT = "600s"
SEAL_EVERY_S = 1.0
# A queue in tables tells nobody of a message, and a second would be half of a short analysis.
LOOK_EVERY_S = 0.2

app = Celery("datastream")


def _new_connection() -> Any:
    """A connection of the queue, through the same door as Django's: it starts what is embedded."""
    database = connections.create_connection("default")
    return database.get_new_connection(database.get_connection_params())


def _transport_options() -> dict[str, Any]:
    if not jobs.queue_is_in_database():
        return {}
    # Without a ping before use, a restart of the database would end the worker.
    options: dict[str, Any] = {"pool_pre_ping": True}
    if "EMBEDDED_FOLDER" in settings.DATABASES["default"]:
        options["creator"] = _new_connection
    return options


app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_transport_options=_transport_options(),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # A request waits for a broker that is down no longer than this; the sweep sends again.
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_max": 0.2},
    broker_connection_timeout=2,
    task_default_queue=QUICK,
    # Who starts a worker without `-Q` has all.
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
    task_routes={
        "connectors.execute_run": {"queue": RUNS},
        "analyses.execute": {"queue": ANALYSES},
    },
    task_ignore_result=True,
    task_always_eager=getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False),
    task_serializer="json",
    accept_content=["json"],
    worker_pool="threads",
    worker_prefetch_multiplier=1,
    # Its queues need fan-out, which a table does not have.
    worker_enable_remote_control=not jobs.queue_is_in_database(),
    worker_redirect_stdouts=False,
    enable_utc=True,
    timezone="UTC",
)


def keep_our_logging(**_: Any) -> None:
    """Logging is set up by the settings; a receiver here keeps Celery from doing it again."""
    # Else two lines for every task; failures are errors and stay.
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)


def allow_long_statements(**_: Any) -> None:
    """A worker's statement may take longer than one of a request, for which somebody waits."""
    connection_created.connect(_allow_long_statements, weak=False)


def _allow_long_statements(connection: Any, **_: Any) -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [WORKER_TIMEOUT])


def look_often(**_: Any) -> None:
    """Look into a queue in tables more often than the transport's once a second."""
    if jobs.queue_is_in_database():
        # The web server has no need of it, and it takes half a second.
        from kombu.transport.sqlalchemy import Transport

        # The option of this name is handed on to SQLAlchemy too, which refuses it.
        Transport.polling_interval = LOOK_EVERY_S


def prepare_computing(sender: Any, **_: Any) -> None:
    """Start a computing process before somebody waits for it."""
    if ANALYSES in sender.app.amqp.queues.consume_from:
        from analyses.processes import pool

        pool.prepare()


def tick_beside_the_tasks(sender: Any, **_: Any) -> None:
    """Do what is periodic in threads of its own: tasks may have all of the worker's for minutes."""
    if QUICK not in sender.app.amqp.queues.consume_from:
        return
    # Models can be imported only once Django is ready, and Celery imports this before.
    from accounts.services.seals import Sealer

    works: list[tuple[str, Callable[[], object], float]] = [
        ("sealing", Sealer().seal, SEAL_EVERY_S),
        *(
            (name, partial(tick, name), every_s)
            for name, every_s in settings.PERIODIC_TASKS.items()
        ),
    ]
    if jobs.queue_is_in_database():
        works.append(("tidy_queue", tidy_queue, TIDY_S))
    for name, work, every_s in works:
        ticking = Ticking(work, name=name, every_s=every_s)
        ticking.start()
        signals.worker_shutdown.connect(partial(_stop, ticking), weak=False)


def _stop(ticking: Ticking, **_: Any) -> None:
    ticking.stop()


signals.worker_init.connect(allow_long_statements, weak=False)
signals.worker_init.connect(look_often, weak=False)
signals.worker_ready.connect(tick_beside_the_tasks, weak=False)
signals.worker_ready.connect(prepare_computing, weak=False)
signals.setup_logging.connect(keep_our_logging, weak=False)


def tick(name: str) -> None:
    """Run a periodic task, unless another worker is at it.

    It runs inside one transaction, which ends the lock also where connections are pooled.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            lock = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
            cursor.execute(lock, [f"tick {name}"])
            (is_ours,) = cursor.fetchone()
        if is_ours:
            app.tasks[name]()


def tidy_queue() -> int:
    """Delete consumed messages, which the transport only marks as invisible."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM kombu_message WHERE visible = false "
            "AND timestamp < (now() AT TIME ZONE 'UTC') - interval '1 minute'"
        )
        return int(cursor.rowcount)
