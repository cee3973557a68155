"""How gunicorn serves datastream.wsgi; the address comes from the command line."""

import ctypes
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
# glibc gives each thread a heap of its own, and what one page of points took stays with each of
# them; two are enough (M_ARENA_MAX of mallopt(3); other C libraries do not have it).
if hasattr(ctypes.CDLL(None), "mallopt"):
    ctypes.CDLL(None).mallopt(-8, 2)
# The heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes a private file


def post_worker_init(_worker: Any) -> None:
    """Load the queue's library now, or the first request that queues work waits half a second."""
    _ = current_app.connection_for_write().transport


def child_exit(_server: Any, worker: Any) -> None:
    """Drop the gauges of a process that is gone."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
