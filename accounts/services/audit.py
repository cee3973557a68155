"""Writing the audit log: who did what to what, in the transaction that does it."""

from typing import Any
from uuid import UUID

import orjson
import structlog
from django.db import DatabaseError, InterfaceError, connection

from accounts.models import Outcome
from datastream.core import origin

log = structlog.get_logger(__name__)

# Without a model's object: this stands in every write, and shall cost next to nothing.
INSERT = """
INSERT INTO audit_events (user_id, credential, credential_id, action, object_type, object_id,
                          outcome, address, request_id, details)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
# One round trip, and so one transaction; nobody waits for the disk only to be refused.
UNHURRIED = f"SET LOCAL synchronous_commit = off; {INSERT}"


def record(
    action: str,
    *,
    of: tuple[str, object] = ("", ""),
    outcome: str = Outcome.DONE,
    user_id: UUID | None = None,
    **details: Any,
) -> None:
    """Note what happens now; request, address and credential come from the origin.

    Parameters
    ----------
    of : what kind of thing it was done to, and its id
    user_id : whose doing it is, where that is not the caller of the request
    details : what else is worth knowing; no secrets, no values of users
    """
    if outcome != Outcome.DONE:
        origin.current().is_refusal_recorded = True
    row = _row(action, of, outcome, user_id, details)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, row)


def record_denial(of: tuple[str, object], **details: Any) -> None:
    """Note that somebody was refused, after all that they began was undone.

    A refusal that has its own line already gets no second one. Where the database is in trouble the
    answer is the same, and the log has it.
    """
    if origin.current().is_refusal_recorded:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(UNHURRIED, _row("denied", of, Outcome.DENIED, None, details))
    except (DatabaseError, InterfaceError):
        log.warning("denial_not_recorded", **details, exc_info=True)


def _row(
    action: str,
    of: tuple[str, object],
    outcome: str,
    user_id: UUID | None,
    details: dict[str, Any],
) -> list[str | None]:
    here = origin.current()
    who = user_id or here.user_id
    kind, identity = (here.credential.kind, here.credential.id) if here.credential else ("", "")
    return [
        str(who) if who else None,
        kind,
        _text(identity, 64),
        action,
        of[0],
        _text(of[1], 64),
        str(outcome),
        here.address or None,
        here.request_id,
        orjson.dumps({name: _told(value) for name, value in details.items()}, default=str).decode(),
    ]


def _told(value: Any) -> Any:
    return _text(value, 1000) if isinstance(value, str) else value


def _text(value: object, most: int) -> str:
    """As the database can take it: a path may hold what no id has."""
    return str(value or "").replace("\x00", "")[:most].encode(errors="replace").decode()
