"""What COPY TO gives, in pieces of whole rows that a thread reads ahead."""

import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import BufferedWriter, RawIOBase
from typing import Any

import psycopg2
from django.conf import settings
from django.db import connection, transaction

PIECE_BYTES = 256 * 1024
AHEAD = 4
# Without sorting the planner walks the indexes; else it may sort a whole station before the first
# row, because it takes a dataset for much smaller than it is.
SETTINGS = """
SET LOCAL statement_timeout = '{seconds}s'; SET LOCAL enable_sort = off;
SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'"""
# Between cells and around those that hold one of these or an end of a line: characters that
# points do not have.
DELIMITER, QUOTE = "\x02", "\x01"
COPY = "COPY ({sql}) TO STDOUT WITH (FORMAT csv, DELIMITER '{delimiter}', QUOTE '{quote}')"
CANCEL_EVERY_S = 0.5


class Copied:
    """The rows of a statement as CSV of our own; whoever makes it must close it.

    It has a connection of its own, so that the caller's is free meanwhile; only a caller in a
    transaction shares theirs, whose changes must be seen, and cannot use it before the end.
    """

    def __init__(self, sql: str, values: Mapping[str, Any]) -> None:
        self._pieces: queue.Queue[bytes | BaseException | None] = queue.Queue(AHEAD)
        self._first: list[bytes | BaseException | None] = []
        self._stopped = threading.Event()
        self._shared = connection.cursor() if connection.in_atomic_block else None
        self._own: Any = None
        self._thread = threading.Thread(target=self._run, args=(sql, values), daemon=True)
        self._thread.start()

    # ------------------------------------------------------------------ the reader's side

    def begin(self, patience_s: float) -> None:
        """Wait so long for the first rows; raise what went wrong instead of them."""
        with suppress(queue.Empty):
            self._first = [self._pieces.get(timeout=patience_s)]
            if isinstance(self._first[0], BaseException):
                raise self._first[0]

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._first.pop() if self._first else self._pieces.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    def close(self) -> None:
        """End the statement, the transaction, the connection and the thread."""
        self._stopped.set()
        while self._thread.is_alive():
            own = self._own
            if own is not None:
                # More than once, for the statement may not have begun.
                with suppress(psycopg2.Error):
                    own.cancel()
            self._thread.join(CANCEL_EVERY_S)

    # ------------------------------------------------------------------ the thread's side

    def _run(self, sql: str, values: Mapping[str, Any]) -> None:
        try:
            if self._shared is None:
                self._copy_apart(sql, values)
            else:
                self._copy(self._shared, sql, values)
        except BaseException as error:  # noqa: BLE001 - raised again where it is read
            self.put(error)
        else:
            self.put(None)

    def _copy_apart(self, sql: str, values: Mapping[str, Any]) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(SETTINGS.format(seconds=settings.UPLOAD_MAX_S))
                self._own = connection.connection
                self._copy(cursor, sql, values)
        finally:
            self._own = None
            connection.close()

    def _copy(self, cursor: Any, sql: str, values: Mapping[str, Any]) -> None:
        statement = cursor.cursor.mogrify(sql, values).decode()
        copy = COPY.format(sql=statement, delimiter=DELIMITER, quote=QUOTE)
        # The client library hands over each row; what gathers them is not in Python, and passes
        # them on before the row that would not fit, so that a piece holds whole rows.
        writer = BufferedWriter(_Gate(self), PIECE_BYTES)
        with connection.wrap_database_errors:
            cursor.cursor.copy_expert(copy, writer)
        writer.flush()

    def put(self, item: bytes | BaseException | None) -> None:
        """Hand over to the reader; what comes after the end is let go, so that the end comes."""
        while not self._stopped.is_set():
            with suppress(queue.Full):
                self._pieces.put(item, timeout=0.1)
                return


class _Gate(RawIOBase):
    """A file to write into whose pieces go to the reader of a copy."""

    def __init__(self, copied: Copied) -> None:
        self._copied = copied

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._copied.put(bytes(data))
        return len(data)
