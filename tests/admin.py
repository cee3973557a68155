"""A browser for tests of the admin: signed in, counting queries, filling in forms."""

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(row_or_model: Any, page: str) -> str:
    """Return the path of a model's `changelist` or `add`, or of a row's `change` or `delete`."""
    options = row_or_model._meta
    arguments = [row_or_model.pk] if page in {"change", "delete"} else []
    return reverse(f"admin:{options.app_label}_{options.model_name}_{page}", args=arguments)


def statements(client: Client, path: str) -> list[str]:
    """Return the SQL that a page costs, once what is kept between requests is there."""
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in captured]


def filled(page: Any, **changes: Any) -> dict[str, Any]:
    """Return what a browser would send for a form as it stands, with some changes."""
    forms = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    fields = [form[name] for form in forms for name in form.fields]
    data = {field.html_name: field.value() for field in fields}
    sent = {name: value for name, value in data.items() if value is not None and value is not False}
    sent = {name: ",".join(v) if isinstance(v, list) else v for name, v in sent.items()}
    return {name: v for name, v in {**sent, **changes}.items() if v is not None}


def messages_of(page: Any) -> list[str]:
    return [str(message) for message in page.context["messages"]]
