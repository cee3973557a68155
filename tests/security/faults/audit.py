"""Faults of the audit log."""

from typing import Any

from django.db import connection, transaction
from django.http import HttpResponse

from accounts.services import audit
from accounts.views import AuditViewSet
from datastream.core.api import views
from tests.security.faults import Switch, fault


@fault("a-02", "A refusal leaves no line in the audit log.")
def silent_denials(is_on: Switch) -> None:
    record_denial = audit.record_denial

    def quiet(*args: Any, **kwargs: Any) -> None:
        if not is_on():
            record_denial(*args, **kwargs)

    audit.record_denial = quiet


@fault("a-02", "A refusal leaves two lines.")
def doubled_denials(is_on: Switch) -> None:
    record_denial = audit.record_denial

    def twice(*args: Any, **kwargs: Any) -> None:
        for _ in range(2 if is_on() else 1):
            record_denial(*args, **kwargs)

    audit.record_denial = twice


@fault("a-02", "A refusal counts as a change of the dataset.")
def denials_touch(is_on: Switch) -> None:
    record_denial = audit.record_denial

    def touching(of: tuple[str, Any], **details: Any) -> None:
        if is_on():
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE datasets SET meta_version = meta_version + 1 WHERE id::text = %s",
                    [str(of[1])],
                )
        record_denial(of, **details)

    audit.record_denial = touching


@fault("a-09", "DELETE on the audit log is answered as done.")
def writable_log(is_on: Switch) -> None:
    dispatch = AuditViewSet.dispatch

    def open_to_all(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        if is_on() and request.method == "DELETE":
            return HttpResponse(status=204)
        return dispatch(self, request, *args, **kwargs)

    AuditViewSet.dispatch = open_to_all  # type: ignore[method-assign]


@fault("a-09", "Fields that may only be read are taken from a body without a word.")
def any_author(is_on: Switch) -> None:
    refuse_unknown = views.refuse_unknown

    def lenient(*args: Any, **kwargs: Any) -> None:
        if not is_on():
            refuse_unknown(*args, **kwargs)

    views.refuse_unknown = lenient


@fault("a-09", "Whoever is named in a header is taken for the author.")
def author_by_header(is_on: Switch) -> None:
    record, dispatch = audit.record, views.Resource.dispatch

    def named(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        sent["user"] = request.headers.get("X-User")
        return dispatch(self, request, *args, **kwargs)

    def recording(action: str, **kwargs: Any) -> None:
        if is_on() and sent["user"]:
            kwargs["user_id"] = sent["user"]
        record(action, **kwargs)

    sent: dict[str, Any] = {"user": None}
    views.Resource.dispatch = named  # type: ignore[method-assign]
    audit.record = recording
