"""How gunicorn serves datastream.wsgi; the address comes from the command line."""

from pathlib import Path
from typing import Any

from celery import current_app
from prometheus_client import multiprocess

worker_class = "gthread"
workers = 2
threads = 16
# Less than the 10 s after which the supervisor kills.
graceful_timeout = 8
timeout = 60
keepalive = 5
# Our own outermost layer refuses long addresses, in the one shape of errors; gunicorn's is HTML.
limit_request_line = 0
loglevel = "warning"
control_socket_disable = True
# The heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes a private file


def post_worker_init(_worker: Any) -> None:
    """Load the queue's library now, or the first request that queues work waits half a second."""
    _ = current_app.connection_for_write().transport


def child_exit(_server: Any, worker: Any) -> None:
    """Drop the gauges of a process that is gone."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
