"""Writes docs/reference/permissions.md from the matrix; `make permissions` runs it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

from datastream.core.scopes import IN_PERSON, SCOPES
from tests.security.matrix import OK, OPERATIONS, PEOPLE, Row, Rule

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "permissions.md"
HEAD = """# Who may do what

This page is made from the table that the tests walk: every operation of the API, by every kind of
caller, on datasets of every visibility.

What somebody may do is the least of three: what their **role** allows, what their key or token is
good for (its **scope**), and their **right** on the dataset. It is worked out anew for each
request: a share that was withdrawn, or a role that was taken away, counts from the next one on.

## Roles

| role | may |
| --- | --- |
| `viewer` | read; a share never lifts a viewer above reading |
| `analyst` | make datasets, pictures and analyses of their own, and what shares allow |
| `steward` | moreover write to every dataset that is `internal` or `public`, and collect |
| `admin` | everything on every dataset, users, roles, the audit log |

Roles are groups: an admin changes in the admin site what each of them may do.

## Rights on a dataset

| right | may |
| --- | --- |
| `view` | read it, have it exported, run analyses, draw pictures |
| `edit` | moreover write and delete points, change its description, stations and variables |
| `manage` | moreover say who sees it, share it, delete a range of points or all of it |

The owner has `manage`. Others get a right by a share with them or with their role, or by the
dataset's visibility.

## Visibility

| visibility | who has `view` |
| --- | --- |
| `private` | the owner, those with a share, and admins |
| `internal` | moreover anyone signed in |
| `public` | anyone |

What somebody may not know to exist answers like what never existed: 404, in the same words. A
picture or an analysis is there for those who may read every dataset that it was made from.

## Collection

Feeds, their runs, coverage and raw answers are seen by stewards and admins who have `edit` on the
dataset, and changed, run and stopped by them: what stands in them would tell what a dataset keeps
back. The owner of a dataset who is no steward sees its revisions, and in each the run that made it,
but no feed.

A key for a provider is used by who owns it, and by admins; its secret is told to nobody. The name
of a feed is taken on the whole platform: that there is one of a name is no secret.

## Scopes of keys and OAuth2 tokens

| scope | is good for |
| --- | --- |
"""
MIDDLE = """| none | what only somebody does who has signed in: passwords, e-mail, keys |

Who signs in with a password has all that their role allows. A key or token without the scope is
refused with 403 `INSUFFICIENT_SCOPE`, before anything is looked up. Only admins can have keys with
`admin`.

## Operations

In the tables below a tick means that it is done; 401 that one must sign in, 403 that one may not,
404 that there is nothing as far as one may know. Who has a share is an analyst here, if nothing
else is said; `deactivated` is an account that was switched off, with any credential.
"""
COLUMNS = {
    "anonymous": "anonymous", "viewer": "viewer", "analyst": "analyst", "steward": "steward",
    "view": "share `view`", "edit": "share `edit`", "manage": "share `manage`",
    "viewer+edit": "viewer, share `edit`", "owner": "owner", "admin": "admin",
    "deactivated": "deactivated",
}  # fmt: skip
CASES = {
    "any": "", "self": "one's own", "other": "somebody else's", "unknown": "no such thing",
    "existing": "any line",
}  # fmt: skip
VARIANTS = {
    "job": "as an export job",
    "visibility": "who sees it, and how much of it",
    "gaps": "of `gaps`, as a new dataset",
}


def described() -> dict[str, tuple[str, str, str]]:
    """Method, path and summary of each operation, by its id."""
    from drf_spectacular.generators import SchemaGenerator

    paths: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return {
        about["operationId"]: (method.upper(), path, about["summary"])
        for path, methods in paths.items()
        for method, about in methods.items()
    }


def page() -> str:
    operations = described()
    scopes = "".join(f"| `{name}` | {_small(text)} |\n" for name, text in SCOPES.items())
    rules = list({id(row.rule): row.rule for row in OPERATIONS.values()}.values())
    sections = ["\n".join(_section(rule, operations)) for rule in rules]
    return HEAD + scopes + MIDDLE + "\n" + "\n\n".join(sections) + "\n"


def _section(rule: Rule, operations: dict[str, tuple[str, str, str]]) -> Iterator[str]:
    yield f"### {rule.title[0].upper()}{rule.title[1:]}\n"
    yield f"| | {' | '.join(COLUMNS[one] for one in PEOPLE)} |"
    yield "| --- |" + " :-: |" * len(PEOPLE)
    for case, answers in rule.cases.items():
        told = ["✓" if answers[one] == OK else answers[one] for one in PEOPLE]
        yield f"| {CASES.get(case, f'`{case}`')} | {' | '.join(told)} |"
    yield "\n| method | path | scope | |"
    yield "| --- | --- | --- | --- |"
    for name, row in OPERATIONS.items():
        base = OPERATIONS[name.partition(":")[0]]
        is_told = row is not base and (row.rule, row.scopes) == (base.rule, base.scopes)
        if row.rule is rule and not is_told:
            yield _operation(name, row, operations)


def _operation(name: str, row: Row, operations: dict[str, tuple[str, str, str]]) -> str:
    identity, _, variant = name.partition(":")
    method, path, summary = operations[identity]
    scope = ", ".join(f"`{one}`" for one in row.scopes if one != IN_PERSON)
    scope = scope or ("none" if row.scopes else "not looked at")
    also = f" ({VARIANTS[variant]})" if variant else ""
    return f"| {method} | `{path.removeprefix('/api/v1')}` | {scope} | {summary}{also} |"


def _small(text: str) -> str:
    return text[0].lower() + text[1:].rstrip(".")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    PAGE.write_text(page())
