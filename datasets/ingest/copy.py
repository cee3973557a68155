"""COPY from chunks that are made while the database reads the ones before."""

from collections.abc import Iterator
from typing import Any

from django.db import connection

from datasets.ingest.ahead import Ahead

AHEAD = 2


class Source:
    """Chunks of bytes as the file that COPY reads."""

    def __init__(self, chunks: Iterator[memoryview]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def read(self, size: int) -> bytes:
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._left = chunk
        part, self._left = self._left[:size], self._left[size:]
        return bytes(part)


def copy_in(cursor: Any, sql: str, chunks: Iterator[memoryview]) -> None:
    """Run `COPY … FROM STDIN` over chunks of bytes."""
    with Ahead(chunks, AHEAD) as ahead, connection.wrap_database_errors:
        cursor.cursor.copy_expert(sql, Source(iter(ahead)), size=1 << 18)
