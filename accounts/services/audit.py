"""Writing the audit log: who did what to what, in the transaction that does it."""

from typing import Any
from uuid import UUID

from accounts.models import AuditEvent, Outcome
from datastream.core import origin


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
    here = origin.current()
    AuditEvent.objects.create(
        user_id=user_id or here.user_id,
        credential=here.credential.kind if here.credential else "",
        credential_id=here.credential.id if here.credential else "",
        action=action,
        object_type=of[0],
        object_id=str(of[1] or "")[:64],
        outcome=outcome,
        address=here.address or None,
        request_id=here.request_id,
        details=details,
    )
