"""Who may do what, as data: the tests walk it, and docs/reference/permissions.md is made of it.

Each operation of the API stands in `OPERATIONS` with its rule; each rule says for each case (whose
dataset it is about, say) what every principal is answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from datastream.core.scopes import ADMINISTER, IN_PERSON, READ, RUN, WRITE

# ------------------------------------------------------------------ principals

# Roles and rights on a dataset of someone else. Who has a share is an analyst, but for the last of
# them: a share never lifts a viewer above reading.
PEOPLE = {
    "anonymous": "nobody has signed in",
    "viewer": "role viewer",
    "analyst": "role analyst",
    "steward": "role steward",
    "view": "analyst with a share `view`",
    "edit": "analyst with a share `edit`",
    "manage": "analyst with a share `manage`",
    "viewer+edit": "viewer with a share `edit`",
    "owner": "analyst who owns the dataset",
    "admin": "role admin",
    "deactivated": "account switched off",
}


@dataclass(frozen=True, slots=True)
class Holder:
    """A key or OAuth2 token: whose it is and the only scope that it has."""

    of: str
    scope: str


HOLDERS = {
    "key read": Holder("owner", READ),
    "key write": Holder("owner", WRITE),
    "key run": Holder("owner", RUN),
    # Nobody else's may have this scope.
    "key admin": Holder("admin", ADMINISTER),
    "oauth2 read": Holder("owner", READ),
}
PRINCIPALS = (*PEOPLE, *HOLDERS)

# ------------------------------------------------------------------ rules

OK = "ok"
Answers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """Case → principal → "ok" or the status of the refusal."""

    title: str
    cases: Mapping[str, Answers]


def rule(title: str, text: str) -> Rule:
    """A rule as it is written in a table: its first line names the principals."""
    head, *rows = (line.split() for line in text.strip().splitlines())
    assert tuple(head[1:]) == tuple(PEOPLE), title
    return Rule(title, {row[0]: dict(zip(PEOPLE, row[1:], strict=True)) for row in rows})


READING = rule(
    "read a dataset, or what was made from it",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
private  404       404    404     404     ok   ok   ok     ok          ok    ok    401
internal 404       ok     ok      ok      ok   ok   ok     ok          ok    ok    401
public   ok        ok     ok      ok      ok   ok   ok     ok          ok    ok    401
unknown  404       404    404     404     404  404  404    404         404   404   401
""",
)
TAKING_AWAY = rule(
    "have a dataset exported as a job",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
private  404       404    404     404     ok   ok   ok     ok          ok    ok    401
internal 404       ok     ok      ok      ok   ok   ok     ok          ok    ok    401
public   401       ok     ok      ok      ok   ok   ok     ok          ok    ok    401
unknown  404       404    404     404     404  404  404    404         404   404   401
""",
)
EDITING = rule(
    "write points, edit metadata",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
private  401       404    404     404     403  ok   ok     403         ok    ok    401
internal 401       403    403     ok      403  ok   ok     403         ok    ok    401
public   401       403    403     ok      403  ok   ok     403         ok    ok    401
unknown  401       404    404     404     404  404  404    404         404   404   401
""",
)
MANAGING = rule(
    "visibility, shares, range delete, delete",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
private  401       404    404     404     403  403  ok     403         ok    ok    401
internal 401       403    403     403     403  403  ok     403         ok    ok    401
public   401       403    403     403     403  403  ok     403         ok    ok    401
unknown  401       404    404     404     404  404  404    404         404   404   401
""",
)
RUNNING = rule(
    "run an analysis, or make a dataset of what it filled",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
private  401       404    404     404     ok   ok   ok     403         ok    ok    401
internal 401       403    ok      ok      ok   ok   ok     403         ok    ok    401
public   401       403    ok      ok      ok   ok   ok     403         ok    ok    401
unknown  401       404    404     404     404  404  404    404         404   404   401
""",
)
# The author is the analyst with the share `edit`.
CONTROLLING = rule(
    "change or delete an analysis or a picture: its author, or who manages its datasets",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
private  401       404    404     404     403  ok   ok     403         ok    ok    401
internal 401       403    403     403     403  ok   ok     403         ok    ok    401
public   401       403    403     403     403  ok   ok     403         ok    ok    401
unknown  401       404    404     404     404  404  404    404         404   404   401
""",
)
# The write was the owner's.
RECEIPT = rule(
    "a receipt by its id alone: who edits the dataset, or wrote",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
private  401       404    404     404     404  ok   ok     404         ok    ok    401
internal 401       404    404     ok      404  ok   ok     404         ok    ok    401
public   401       404    404     ok      404  ok   ok     404         ok    ok    401
unknown  401       404    404     404     404  404  404    404         404   404   401
""",
)
# The export is the owner's.
EXPORT = rule(
    "an export: only who asked for it",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
private  401       404    404     404     404  404  404    404         ok    404   401
internal 401       404    404     404     404  404  404    404         ok    404   401
public   401       404    404     404     404  404  404    404         ok    404   401
unknown  401       404    404     404     404  404  404    404         404   404   401
""",
)
# Only stewards and admins have to do with collection; stewards edit what is internal or public.
COLLECTING = rule(
    "what is collected into a dataset: feeds, runs, coverage, raw answers",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
private  401       403    403     404     403  403  403    403         403   ok    401
internal 401       403    403     ok      403  403  403    403         403   ok    401
public   401       403    403     ok      403  403  403    403         403   ok    401
unknown  401       403    403     404     403  403  403    403         403   404   401
""",
)
FEEDS = rule(
    "make a feed, and list feeds, runs and raw answers, each of what they may see",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
any      401       403    403     ok      403  403  403    403         403   ok    401
""",
)
LISTING = rule(
    "lists, of what each may see",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
any      ok        ok     ok      ok      ok   ok   ok     ok          ok    ok    401
""",
)
CREATING = rule(
    "make a dataset or a picture",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
any      401       403    ok      ok      ok   ok   ok     403         ok    ok    401
""",
)
OWN = rule(
    "one's own account, keys and exports",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
any      401       ok     ok      ok      ok   ok   ok     ok          ok    ok    401
""",
)
# Somebody else's key.
KEY = rule(
    "a key: only who made it",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
self     401       ok     ok      ok      ok   ok   ok     ok          ok    ok    401
other    401       404    404     404     404  404  404    404         404   404   401
unknown  401       404    404     404     404  404  404    404         404   404   401
""",
)
SOMEBODY = rule(
    "a user: oneself, or an admin",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
self     401       ok     ok      ok      ok   ok   ok     ok          ok    ok    401
other    401       404    404     404     404  404  404    404         404   ok    401
unknown  401       404    404     404     404  404  404    404         404   404   401
""",
)
ADMINS = rule(
    "users, roles, activation, audit log",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
any      401       403    403     403     403  403  403    403         403   ok    401
""",
)
LINE = rule(
    "one line of the audit log",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
existing 401       403    403     403     403  403  403    403         403   ok    401
unknown  401       403    403     403     403  403  403    403         403   404   401
""",
)
CATALOGUE = rule(
    "what kinds of analyses, pictures and connectors there are",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
any      ok        ok     ok      ok      ok   ok   ok     ok          ok    ok    401
""",
)
# Whoever is signed in already is not asked for it.
SIGNING_IN = rule(
    "sign in, renew, sign out",
    """
case     anonymous viewer analyst steward view edit manage viewer+edit owner admin deactivated
any      ok        ok     ok      ok      ok   ok   ok     ok          ok    ok    ok
""",
)

# ------------------------------------------------------------------ operations


@dataclass(frozen=True, slots=True)
class Row:
    """An operation's rule, the scopes that a key or token needs, and its answers to who may.

    Where `scopes` is empty no credential is looked at.
    """

    rule: Rule
    scopes: tuple[str, ...]
    ok: frozenset[int] = frozenset({200})


def _reads(rule: Rule, *names: str) -> dict[str, Row]:
    return {name: Row(rule, (READ,)) for name in names}


def _row(rule: Rule, *scopes: str, ok: tuple[int, ...] = (200,)) -> Row:
    return Row(rule, scopes, frozenset(ok))


# By the operation's id in the OpenAPI description. What stands after a colon is a request of its
# own: another rule holds, or another part of the platform answers.
OPERATIONS: dict[str, Row] = {
    **_reads(LISTING, "datasets_list", "analyses_list", "visualizations_list"),
    **_reads(
        CATALOGUE,
        "analysis_types_list", "visualization_kinds_list", "connectors_list", "connectors_retrieve",
    ),
    **_reads(FEEDS, "feeds_list", "runs_list", "documents_list"),
    **_reads(
        COLLECTING,
        "feeds_retrieve", "feeds_plan", "feeds_coverage_list", "runs_retrieve",
        "documents_retrieve", "documents_body",
    ),
    **_reads(
        READING,
        "datasets_retrieve", "datasets_stations_list", "datasets_stations_list:geojson",
        "datasets_stations_retrieve", "datasets_variables_list", "datasets_variables_retrieve",
        "datasets_revisions_list", "datasets_revisions_retrieve", "data_list", "data_list:csv",
        "data_list:month", "data_list:estimate", "data_list:as_of", "data_retrieve",
        "window_retrieve", "completeness_list", "changes_list", "changes_list:ndjson",
        "datasets_analysis_list", "analyses_retrieve", "analyses_explain", "analyses_notebook",
        "analyses_report",
        "visualizations_retrieve",
        "visualizations_spec", "visualizations_image", "visualizations_embed",
        "visualizations_data",
    ),
    "data_list:job": _row(TAKING_AWAY, READ, ok=(202,)),
    **_reads(EDITING, "datasets_receipts_list", "datasets_receipts_retrieve"),
    "receipts_retrieve": _row(RECEIPT, READ),
    "datasets_create": _row(CREATING, WRITE, ok=(201,)),
    "datasets_create:visibility": _row(CREATING, WRITE, ADMINISTER, ok=(201,)),
    "datasets_partial_update": _row(EDITING, WRITE),
    "datasets_partial_update:visibility": _row(MANAGING, WRITE, ADMINISTER),
    "datasets_destroy": _row(MANAGING, WRITE, ok=(204,)),
    "datasets_stations_create": _row(EDITING, WRITE, ok=(201,)),
    "datasets_stations_partial_update": _row(EDITING, WRITE),
    "datasets_variables_create": _row(EDITING, WRITE, ok=(201,)),
    "datasets_variables_partial_update": _row(EDITING, WRITE),
    "data_create": _row(EDITING, WRITE),
    "data_change": _row(EDITING, WRITE),
    "data_destroy": _row(EDITING, WRITE, ok=(204,)),
    "data_destroy_range": _row(MANAGING, WRITE),
    "datasets_shares_list": _row(MANAGING, ADMINISTER),
    "datasets_shares_create": _row(MANAGING, ADMINISTER, ok=(201,)),
    "datasets_shares_destroy": _row(MANAGING, ADMINISTER, ok=(204,)),
    "exports_list": _row(OWN, READ),
    "exports_retrieve": _row(EXPORT, READ),
    "exports_file": _row(EXPORT, READ),
    "exports_destroy": _row(EXPORT, READ, ok=(204,)),
    "datasets_analysis_create": _row(RUNNING, RUN, ok=(200, 202)),
    "analyses_destroy": _row(CONTROLLING, RUN, ok=(204,)),
    "analyses_partial_update": _row(CONTROLLING, RUN),
    "analyses_rerun": _row(CONTROLLING, RUN, ok=(200, 202)),
    "analyses_apply": _row(EDITING, WRITE),
    # What is made of it is the caller's own, and the dataset is only read.
    "analyses_apply:gaps": _row(RUNNING, WRITE, ok=(201,)),
    # It is done by then, which only those are told who may.
    "analyses_cancel": _row(CONTROLLING, RUN, ok=(409,)),
    "visualizations_create": _row(CREATING, WRITE, ok=(201,)),
    "visualizations_partial_update": _row(CONTROLLING, WRITE),
    "visualizations_destroy": _row(CONTROLLING, WRITE, ok=(204,)),
    "feeds_create": _row(FEEDS, WRITE, ok=(201,)),
    "feeds_partial_update": _row(COLLECTING, WRITE),
    "feeds_destroy": _row(COLLECTING, WRITE, ok=(204,)),
    "feeds_run": _row(COLLECTING, WRITE, ok=(202,)),
    # It is done by then, which only those are told who may.
    "runs_cancel": _row(COLLECTING, WRITE, ok=(409,)),
    "auth_token": _row(SIGNING_IN),
    "auth_refresh": _row(SIGNING_IN),
    "auth_revoke": _row(SIGNING_IN, ok=(204,)),
    "auth_api_keys_list": _row(OWN, IN_PERSON),
    "auth_api_keys_create": _row(OWN, IN_PERSON, ok=(201,)),
    "auth_api_keys_revoke": _row(KEY, IN_PERSON, ok=(204,)),
    "audit_list": _row(ADMINS, ADMINISTER),
    "audit_retrieve": _row(LINE, ADMINISTER),
    "users_list": _row(ADMINS, ADMINISTER),
    "users_create": _row(ADMINS, ADMINISTER, ok=(201,)),
    "users_retrieve": _row(SOMEBODY, ADMINISTER),
    "users_partial_update": _row(SOMEBODY, ADMINISTER),
    "users_destroy": _row(SOMEBODY, IN_PERSON, ok=(204,)),
    "users_me": _row(OWN, READ),
    "users_me_update": _row(OWN, IN_PERSON),
    "users_me_password": _row(OWN, IN_PERSON, ok=(204,)),
}  # fmt: skip
WRITES = ("post", "patch", "delete")


def expected(name: str, case: str, principal: str) -> tuple[frozenset[int], str]:
    """The statuses and the code of the error that a principal is answered."""
    row = OPERATIONS[name]
    holder = HOLDERS.get(principal)
    answer = row.rule.cases[case][holder.of if holder else principal]
    lacking = set(row.scopes) - {holder.scope} if holder else set()
    # The first scope is asked for at once, others when it is known what is to be changed.
    if lacking and (row.scopes[0] in lacking or answer != "404"):
        return frozenset({403}), "INSUFFICIENT_SCOPE"
    if answer == OK:
        return row.ok, ""
    status = int(answer)
    if status == 401:
        code = "INVALID_TOKEN" if principal == "deactivated" else "AUTHENTICATION_REQUIRED"
    else:
        code = {403: "PERMISSION_DENIED", 404: "NOT_FOUND"}[status]
    return frozenset({status}), code
