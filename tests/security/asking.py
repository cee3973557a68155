"""A minimal valid request for each operation of the matrix."""

import itertools
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.security.matrix import HOLDERS, OK, OPERATIONS
from tests.security.people import PASSWORD, Person
from tests.security.world import (
    ANALYSIS,
    GAPS,
    OUTLIERS,
    POINTS,
    ROLES,
    Ids,
    World,
    analysed,
    drawn,
    exported,
    fed,
    feed_of,
    picture_of,
)

PARAMETER = re.compile(r"/([\w-]+)/\{(\w+)\}")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Described:
    """An operation of the OpenAPI description."""

    id: str
    method: str
    path: str
    about: dict[str, Any]


def operations(schema: dict[str, Any]) -> dict[str, Described]:
    found = [
        Described(about["operationId"], method, path, about)
        for path, methods in schema["paths"].items()
        for method, about in methods.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]
    return {one.id: one for one in found}


def path_of(template: str, ids: Ids) -> str:
    """A path below /api/v1 with the ids of a case; `{id}` is that of what stands before it."""
    named = {"dataset_id": "datasets", "point_id": "point", "number": "number", "feed_id": "feeds"}

    def fill(found: re.Match[str]) -> str:
        return f"/{found[1]}/{ids[named.get(found[2], found[1])]}"

    return PARAMETER.sub(fill, template).removeprefix("/api/v1")


# ------------------------------------------------------------------ what is sent

Sent = Callable[[World, str], dict[str, Any]]


def _json(**body: Any) -> Sent:
    return lambda world, who: {"json": body}


def _query(**query: Any) -> Sent:
    return lambda world, who: {"params": query}


def _fresh(field: str, **more: Any) -> Sent:
    """A name that nothing has had yet."""
    return lambda world, who: {"json": {field: f"N{uuid.uuid4().hex[:10]}", **more}}


def _new_user(world: World, who: str) -> dict[str, Any]:
    name = f"made-{next(_numbers)}-{uuid.uuid4().hex[:6]}"
    email = f"{name}@example.org"
    return {"json": {"username": name, "email": email, "password": PASSWORD}}


def _tokens(world: World) -> dict[str, Any]:
    person = world.people["bystander"]
    body = {"username": person.username, "password": person.password}
    return dict(world.made("bystander", "POST", "/auth/token", json=body))


def _refresh(world: World, who: str) -> dict[str, Any]:
    return {"json": {"refresh": _tokens(world)["refresh"]}}


def _sign_in(world: World, who: str) -> dict[str, Any]:
    person = world.people["bystander"]
    return {"json": {"username": person.username, "password": person.password}}


def _job(world: World, who: str) -> dict[str, Any]:
    return {"params": {"format": "csv"}, "headers": {"Prefer": "respond-async"}}


SENT: dict[str, Sent] = {
    "data_list:csv": _query(format="csv"),
    "data_list:month": _query(resolution="month"),
    "data_list:estimate": _query(estimate="1"),
    "data_list:as_of": _query(as_of="2001-01-01"),
    "data_list:job": _job,
    "datasets_stations_list:geojson": _query(format="geojson"),
    "changes_list:ndjson": _query(format="ndjson"),
    "window_retrieve": _query(variable="T", station="A"),
    "visualizations_image": _query(width=300, height=200, format="svg"),
    "datasets_create": _json(name="Made"),
    "datasets_create:visibility": _json(name="Made", visibility="internal"),
    "datasets_partial_update": _json(description="Changed."),
    "datasets_stations_create": _fresh("code"),
    "datasets_stations_partial_update": _json(name="Changed"),
    "datasets_variables_create": _fresh("name"),
    "datasets_variables_partial_update": _json(description="Changed."),
    "data_create": _json(points=POINTS[:1]),
    "data_change": _json(value={"T": 11.0}),
    # Where there is nothing.
    "data_destroy_range": _query(start="1990-01-01", end="1990-01-02"),
    # Admins see it anyhow.
    "datasets_shares_create": _json(role="admin", permission="view"),
    "datasets_analysis_create": _json(**ANALYSIS),
    "analyses_explain": _query(number="series"),
    "analyses_partial_update": _json(live=False),
    "analyses_apply": _json(quality="suspect"),
    "analyses_apply:gaps": _json(name="Made"),
    "visualizations_create": lambda world, who: {
        "json": picture_of(world.ids["public"]["datasets"])
    },
    "visualizations_partial_update": _json(title="Changed"),
    "feeds_create": lambda world, who: {"json": feed_of(world.ids["public"]["datasets"])},
    "feeds_partial_update": _json(lookback_days=7),
    "auth_token": _sign_in,
    "auth_refresh": _refresh,
    "auth_revoke": _refresh,
    "auth_api_keys_create": lambda world, who: {
        "json": {"name": f"k{next(_numbers)}", "scopes": ["data:read"]}
    },
    "users_create": _new_user,
    "users_partial_update": _json(),
    "users_me_update": lambda world, who: {"json": {"username": world.people[who].username}},
    "users_me_password": _json(current_password=PASSWORD, new_password=PASSWORD + " anew"),
}  # fmt: skip

# ------------------------------------------------------------------ what is taken away

# What a success takes away or changes for others is made anew for it: the ids of one request.
Thrown = Callable[[World, str], Ids]


def _share(world: World, case: str) -> Ids:
    path = f"/datasets/{world.ids[case]['datasets']}/shares"
    user = world.made("admin", "POST", "/users", **_new_user(world, "admin"))
    body = {"user": user["id"], "permission": "view"}
    return {"shares": world.made("owner", "POST", path, json=body)["id"]}


def _export(world: World, case: str) -> Ids:
    # Another question each time: the same one is answered by the same export.
    query = {"start": f"19{next(_numbers) % 90 + 10}-01-01"}
    return {"exports": exported(world, world.ids[case]["datasets"], **query)}


def _gaps(world: World, case: str) -> Ids:
    dataset = world.ids[case]["datasets"]
    days = [{**POINTS[0], "timestamp": f"1850-01-0{day}T00:00:00Z"} for day in (1, 2, 4)]
    world.made("owner", "POST", f"/datasets/{dataset}/data", json=days)
    return {"analyses": analysed(world, dataset, GAPS)}


def _point(world: World, case: str) -> Ids:
    path = f"/datasets/{world.ids[case]['datasets']}/data"
    day = f"19{next(_numbers) % 90 + 10}-05-05"
    world.made("owner", "POST", path, json={**POINTS[0], "timestamp": day})
    span = {"start": day, "end": day.replace("-05-05", "-05-06")}
    return {"point": world.made("owner", "GET", path, params=span)["results"][0]["id"]}


THROWN: dict[str, Thrown] = {
    "datasets_destroy": lambda world, case: {"datasets": world.dataset(case)},
    "datasets_partial_update:visibility": lambda world, case: {"datasets": world.dataset(case)},
    "datasets_shares_destroy": _share,
    "data_destroy": _point,
    "exports_destroy": _export,
    "analyses_destroy": lambda world, case: {
        "analyses": analysed(world, world.ids[case]["datasets"])
    },
    "analyses_apply": lambda world, case: {
        "analyses": analysed(world, world.ids[case]["datasets"], OUTLIERS)
    },
    "analyses_apply:gaps": _gaps,
    "visualizations_destroy": lambda world, case: {
        "visualizations": drawn(world, world.ids[case]["datasets"])
    },
    "feeds_destroy": lambda world, case: {"feeds": fed(world, world.ids[case]["datasets"])},
    # One that runs already is at odds with another run.
    "feeds_run": lambda world, case: {"feeds": fed(world, world.ids[case]["datasets"])},
}
# A success ends the account or its sign-ins: somebody new of the same kind does it.
BY_SOMEBODY_NEW = {"users_destroy", "users_me_password"}


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks what; `ids` are those of the case, or of what was made for this request."""

    person: Person
    principal: str
    method: str
    path: str
    sent: dict[str, Any]


def request_of(world: World, one: Described, name: str, case: str, who: str) -> Request:
    """The request of a principal in a case; with things and people of its own where it succeeds."""
    holder = HOLDERS.get(who)
    row = OPERATIONS[name]
    may = row.rule.cases[case][holder.of if holder else who] == OK
    succeeds = may and (not holder or not row.scopes or set(row.scopes) == {holder.scope})
    principal = who
    if succeeds and name in BY_SOMEBODY_NEW and case in {"self", "any"}:
        principal = f"{who} of {name}"
        world.people[principal] = world.somebody(ROLES[who])
    ids = _ids(world, case, principal)
    if succeeds and name in THROWN:
        ids |= THROWN[name](world, case)
    if succeeds and case == "other" and name in BY_SOMEBODY_NEW:
        ids["users"] = world.somebody("viewer").id
    sent = SENT.get(name, lambda world, who: {})(world, principal)
    if name == "datasets_partial_update:visibility":
        sent = {"json": {"visibility": "internal" if case == "unknown" else case}}
    path = path_of(one.path, ids)
    return Request(world.people[principal], principal, one.method.upper(), path, sent)


def _ids(world: World, case: str, who: str) -> Ids:
    """The ids of a case; users and keys have cases of their own."""
    nobody = {"users": str(uuid.uuid4()), "api-keys": str(uuid.uuid4()), "audit": "4000000000"}
    ids = {**nobody, **world.ids["unknown"], **world.ids.get(case, {})}
    if case == "existing":
        ids["audit"] = str(world.made("admin", "GET", "/audit?page_size=1")["results"][0]["id"])
    elif case == "other":
        ids["users"] = world.people["bystander"].id
        if "bystander" not in world.ids:
            world.ids["bystander"] = {"api-keys": key_of(world, "bystander")}
        ids["api-keys"] = world.ids["bystander"]["api-keys"]
    elif case == "self":
        ids["users"] = world.people[who].id
        if world.people[who].session.headers.get("Authorization") and who not in HOLDERS:
            ids["api-keys"] = key_of(world, who)
    return ids


def key_of(world: World, who: str) -> str:
    """The id of a new key; of the bystander, where somebody may make none."""
    answer = world.ask(who, "POST", "/auth/api-keys", json={"name": "own", "scopes": ["data:read"]})
    if answer.status_code != 201:
        return str(uuid.uuid4())
    return str(answer.json()["id"])
