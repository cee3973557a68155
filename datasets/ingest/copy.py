"""COPY from chunks that are made while the database reads the ones before."""

import queue
import threading
from collections.abc import Iterator
from typing import Any

from django.db import connection

AHEAD = 2


class Chunks:
    """Chunks of bytes as the file that COPY reads; a thread makes them ahead of the reader."""

    def __init__(self, chunks: Iterator[memoryview]) -> None:
        self._queue: queue.Queue[memoryview | BaseException | None] = queue.Queue(AHEAD)
        self._left = memoryview(b"")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._make, args=(chunks,), daemon=True)
        self._thread.start()

    def _make(self, chunks: Iterator[memoryview]) -> None:
        try:
            for chunk in chunks:
                if not self._put(chunk):
                    return
            self._put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where it is read
            self._put(error)

    def _put(self, item: memoryview | BaseException | None) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def read(self, size: int) -> bytes:
        if not self._left:
            item = self._queue.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                self._queue.put(None)
                return b""
            self._left = item
        part, self._left = self._left[:size], self._left[size:]
        return bytes(part)

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()


def copy_in(cursor: Any, sql: str, chunks: Iterator[memoryview]) -> None:
    """Run `COPY … FROM STDIN` over chunks of bytes."""
    source = Chunks(chunks)
    try:
        with connection.wrap_database_errors:
            cursor.cursor.copy_expert(sql, source, size=1 << 18)
    finally:
        source.close()
