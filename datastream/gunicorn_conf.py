"""How gunicorn serves datastream.wsgi; the address comes from the command line."""

import gc
import importlib
import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from celery import current_app
from django.conf import settings
from django.urls import get_resolver
from prometheus_client import multiprocess

from datastream.core.client_socket import SecureClientSocket

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datastream.settings")

GARBAGE_AFTER = 100_000
worker_class = "datastream.web_worker.Worker"
workers = 2
threads = settings.WEB_THREADS
# Less than the 10 s after which the supervisor kills.
graceful_timeout = 8
timeout = 60
keepalive = 5
# Our own worker and outermost layer bound the whole head and refuse what is too long in the one
# shape of errors. For a line 0 is no limit; for a field it would be gunicorn's own of 8190 bytes.
limit_request_line = 0
limit_request_field_size = settings.HEADERS_MAX_BYTES
limit_request_fields = 100
# Which forwarded headers are believed, and from whom, our settings say; gunicorn would believe
# whoever is on this machine, that the path is another and that plain http is https.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
certfile, keyfile = settings.TLS_CERT_FILE or None, settings.TLS_KEY_FILE or None
loglevel = "warning"
control_socket_disable = True
# The heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes a private file


def ssl_context(_config: Any, make_default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """TLS 1.2 or newer, on sockets that wait for nobody too long; gunicorn asks anew each time."""
    if not _contexts:
        context = make_default()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslsocket_class = SecureClientSocket
        _contexts.append(context)
    return _contexts[0]


_contexts: list[ssl.SSLContext] = []


def post_worker_init(_worker: Any) -> None:
    """Load all routes and the queue's library now, or the first requests wait for them."""
    _ = get_resolver().url_patterns
    _ = current_app.connection_for_write().transport
    # Its own pool takes three times as much for a large body, and keeps it.
    pa.set_memory_pool(pa.system_memory_pool())
    # pyarrow looks for it at the first array it makes, which takes half a second.
    importlib.import_module("pandas")
    # Points read from JSON are many small objects and no rings: looking for rings among them, and
    # among all that was loaded, took half of the time of reading.
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER, 20, 50)


def child_exit(_server: Any, worker: Any) -> None:
    """Drop the gauges of a process that is gone."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
