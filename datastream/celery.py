"""The workers' application: where the queue is, what ticks, and how often."""

import logging
import os
import warnings
from typing import Any

from celery import Celery, signals
from celery.exceptions import SecurityWarning
from django.conf import settings
from django.db import connection, connections, transaction
from django.db.backends.signals import connection_created
from kombu import Exchange, Queue

from datastream.core import jobs
from datastream.core.ticking import Ticking
from datastream.supervisor import die_with

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datastream.settings")
# It warns of root because of pickled messages, which `accept_content` refuses.
warnings.filterwarnings("ignore", category=SecurityWarning)

# Runs wait for their providers, for hours it may be: what is quick has a queue without them.
QUICK, RUNS = "datastream", "runs"
TIDY_S = 60.0
WORKER_TIMEOUT = "600s"
SEAL_EVERY_S = 1.0

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


def _schedule() -> dict[str, dict[str, Any]]:
    ticks = {
        name: {
            "task": "datastream.tick",
            "args": [name],
            "schedule": seconds,
            # After an hour without a worker one tick is enough, not hundreds.
            "options": {"expires": seconds},
        }
        for name, seconds in settings.PERIODIC_TASKS.items()
    }
    if jobs.queue_is_in_database():
        ticks["tidy"] = {"task": "datastream.tidy_queue", "schedule": TIDY_S}
    return ticks


app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_transport_options=_transport_options(),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # A request waits for a broker that is down no longer than this; the sweep sends again.
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_max": 0.2},
    broker_connection_timeout=2,
    task_default_queue=QUICK,
    # Who starts a worker without `-Q` has both.
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in (QUICK, RUNS)],
    task_routes={"connectors.execute_run": {"queue": RUNS}},
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
    beat_schedule=_schedule(),
)


def keep_our_logging(**_: Any) -> None:
    """Logging is set up by the settings; a receiver here keeps Celery from doing it again."""
    # Else two lines for every tick, twelve times a minute; failures are errors and stay.
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)


def end_with_the_worker(**_: Any) -> None:
    """The clock of `worker -B` is a process of its own and would outlive a killed worker."""
    die_with(os.getppid())


def allow_long_statements(**_: Any) -> None:
    """A worker's statement may take longer than one of a request, for which somebody waits."""
    connection_created.connect(_allow_long_statements, weak=False)


def _allow_long_statements(connection: Any, **_: Any) -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [WORKER_TIMEOUT])


def seal_the_audit_log(**_: Any) -> None:
    """Seal beside the tasks: an export may have all of the worker's threads for minutes."""
    # Models can be imported only once Django is ready, and Celery imports this before.
    from accounts.services.seals import Sealer

    sealing = Ticking(Sealer().seal, name="sealing", every_s=SEAL_EVERY_S)
    sealing.start()
    signals.worker_shutdown.connect(lambda **_: sealing.stop(), weak=False)


signals.worker_init.connect(allow_long_statements, weak=False)
signals.worker_ready.connect(seal_the_audit_log, weak=False)
signals.setup_logging.connect(keep_our_logging, weak=False)
signals.beat_embedded_init.connect(end_with_the_worker, weak=False)


@app.task(name="datastream.tick")  # type: ignore[untyped-decorator]  # Celery has no types
def tick(name: str) -> None:
    """Run a periodic task, unless another worker is at it: two clocks do the work once.

    It runs inside one transaction, which ends the lock also where connections are pooled.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            lock = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
            cursor.execute(lock, [f"tick {name}"])
            (is_ours,) = cursor.fetchone()
        if is_ours:
            app.tasks[name]()


@app.task(name="datastream.tidy_queue")  # type: ignore[untyped-decorator]
def tidy_queue() -> int:
    """Delete consumed messages, which the transport only marks as invisible."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM kombu_message WHERE visible = false "
            "AND timestamp < (now() AT TIME ZONE 'UTC') - interval '1 minute'"
        )
        return int(cursor.rowcount)
