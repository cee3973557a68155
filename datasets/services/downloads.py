"""Large downloads in the audit log: noted once they have ended, or were cut."""

import contextvars
from collections.abc import Iterator
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError

from accounts.models import Outcome
from accounts.services import audit
from datasets.access import View
from datasets.exports import Tally

log = structlog.get_logger(__name__)

# What is smaller is a read like any other.
LARGE_ROWS = 100_000


class Download(Iterator[bytes]):
    """The bytes of an answer as they are taken."""

    def __init__(self, view: View, chunks: Iterator[bytes], tally: Tally, **facts: Any) -> None:
        self._of = "dataset", view.dataset.pk
        self._chunks, self._tally, self._facts = chunks, tally, facts
        self._bytes = 0
        self._is_noted = False
        # Whose request it is, for it is sent after the request has been answered.
        self._context = contextvars.copy_context()

    def __next__(self) -> bytes:
        try:
            chunk = next(self._chunks)
        except StopIteration:
            self._note(is_whole=True)
            raise
        self._bytes += len(chunk)
        return chunk

    def close(self) -> None:
        """End what makes the bytes; the server calls this, however far it came."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
        self._note(is_whole=False)

    def _note(self, *, is_whole: bool) -> None:
        if self._is_noted or self._tally.rows <= LARGE_ROWS:
            return
        self._is_noted = True
        try:
            self._context.run(self._record, is_whole=is_whole)
        except (DatabaseError, InterfaceError):
            # The bytes are sent; there is nobody left to tell.
            log.warning("download_not_recorded", dataset=str(self._of[1]), exc_info=True)

    def _record(self, *, is_whole: bool) -> None:
        audit.record(
            "data.exported",
            of=self._of,
            outcome=Outcome.DONE if is_whole else Outcome.FAILED,
            rows=self._tally.rows,
            bytes=self._bytes,
            is_whole=is_whole,
            **self._facts,
        )
