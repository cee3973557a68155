"""People of every kind, and datasets of every visibility with something of each kind in them."""

import gzip
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.running import Server, eventually, job
from tests.security.matrix import HOLDERS, PEOPLE, Holder
from tests.security.oauth2_flow import Browser, register
from tests.security.people import PASSWORD, People, Person

ROLES = dict.fromkeys(PEOPLE, "analyst") | {
    "viewer": "viewer", "viewer+edit": "viewer", "steward": "steward", "admin": "admin",
}  # fmt: skip
SHARES = {"view": "view", "edit": "edit", "manage": "manage", "viewer+edit": "edit"}
VISIBILITIES = ("private", "internal", "public")
ANALYSIS = {"type": "summary", "parameters": {"variables": ["T"], "station": "A"}}
OUTLIERS = {"type": "outliers", "parameters": {"variable": "T", "station": "A"}}
GAPS = {
    "type": "gaps",
    "parameters": {"variable": "T", "station": "A", "end": "1850-02-01", "fill": "interpolation"},
}
POINTS = [
    {"timestamp": f"2001-01-0{day}T00:00:00Z", "station": "A", "value": {"T": 10.0 + day}}
    for day in (1, 2, 3)
]
Ids = dict[str, str]


# Nobody may have more than a few exports that are not done, and many ask for one at once.
_exporting = threading.Lock()


@dataclass
class World:
    """Who there is, and by case (`private` … `unknown`) the ids of what is there."""

    server: Server
    somebody: People
    people: dict[str, Person] = field(default_factory=dict)
    ids: dict[str, Ids] = field(default_factory=dict)

    def ask(self, who: str, method: str, path: str, **more: Any) -> requests.Response:
        """One request of a principal; when it comes too soon it is made again."""
        return patiently(self.people[who], method, path, **more)

    def made(self, who: str, method: str, path: str, **more: Any) -> Any:
        """The body of what must succeed."""
        answer = self.ask(who, method, path, **more)
        assert answer.status_code < 300, f"{who}: {method} {path}: {answer.text[:500]}"
        return answer.json() if answer.content else None

    def dataset(self, visibility: str, name: str = "Guarded") -> str:
        """A new dataset of the owner with a share for each who has one."""
        body = {"name": name, "visibility": visibility}
        dataset = str(self.made("owner", "POST", "/datasets", json=body)["id"])
        for who, right in SHARES.items():
            share = {"user": self.people[who].id, "permission": right}
            self.made("owner", "POST", f"/datasets/{dataset}/shares", json=share)
        return dataset


def patiently(person: Person, method: str, path: str, **more: Any) -> requests.Response:
    """A request, made again after `Retry-After` where it came too soon."""
    for _ in range(60):
        try:
            answer: requests.Response = person(method, path, **more)
        except requests.ConnectionError:
            # The server has just closed a connection that stood still for long.
            answer = person(method, path, **more)
        if answer.status_code != 429:
            break
        time.sleep(min(float(answer.headers.get("Retry-After", "1")), 10))
    return answer


def build(server: Server, somebody: People) -> World:
    world = World(server, somebody)
    for name in [*PEOPLE, "bystander"]:
        if name == "anonymous":
            world.people[name] = Person(server, str(uuid.uuid4()), "nobody", PASSWORD)
        else:
            world.people[name] = somebody(ROLES.get(name, "viewer"))
    for name, holder in HOLDERS.items():
        _hold(world, name, holder)
    gone = world.people["deactivated"].id
    world.made("admin", "PATCH", f"/users/{gone}", json={"is_active": False})
    for person in world.people.values():
        # Packing adds noise to an answer, and two are to be compared.
        person.session.headers["Accept-Encoding"] = "identity"
    world.ids["unknown"] = _unknown()
    for visibility in VISIBILITIES:
        world.ids[visibility] = _filled(world, visibility)
    return world


def _hold(world: World, name: str, holder: Holder) -> None:
    """The same person with a key or token instead of a sign-in."""
    of = world.people[holder.of]
    person = Person(of.server, of.id, of.username, of.password)
    world.people[name] = person
    if name.startswith("oauth2"):
        given = Browser(of).lets_in(register(of), holder.scope)
        person.session.headers["Authorization"] = f"Bearer {given['access_token']}"
    else:
        made = of("POST", "/auth/api-keys", 201, json={"name": name, "scopes": [holder.scope]})
        person.session.headers["Authorization"] = f"Api-Key {made.json()['key']}"


def _unknown() -> Ids:
    names = ("datasets", "analyses", "visualizations", "exports", "receipts", "shares", "point",
             "feeds", "runs", "documents")  # fmt: skip
    return {name: str(uuid.uuid4()) for name in names} | {
        "stations": "4000000000", "variables": "4000000000", "number": "99", "connectors": "noaa",
    }  # fmt: skip


def _filled(world: World, visibility: str) -> Ids:
    """A dataset with points, an analysis and a picture of the editor, an export of the owner."""
    dataset = world.dataset(visibility)
    path = f"/datasets/{dataset}"
    written = world.made("owner", "POST", f"{path}/data", json=POINTS)
    ids = {"datasets": dataset, "receipts": written["receipt"], "number": "1"}
    for kind in ("stations", "variables", "shares"):
        ids[kind] = str(world.made("owner", "GET", f"{path}/{kind}")["results"][0]["id"])
    ids["point"] = world.made("owner", "GET", f"{path}/data")["results"][0]["id"]
    ids["analyses"] = analysed(world, dataset)
    ids["visualizations"] = drawn(world, dataset)
    ids["exports"] = exported(world, dataset)
    return ids | collected(world, dataset)


def analysed(world: World, dataset: str, body: dict[str, Any] = ANALYSIS) -> str:
    """An analysis by the one who has a share `edit`, done."""
    made = world.made("edit", "POST", f"/datasets/{dataset}/analysis", json=body)
    done = job(lambda: world.ask("edit", "GET", f"/analyses/{made['id']}"))
    assert done["status"] == "succeeded", done
    return str(made["id"])


def drawn(world: World, dataset: str) -> str:
    """A picture by the one who has a share `edit`, as public as it can be."""
    return str(world.made("edit", "POST", "/visualizations", json=picture_of(dataset))["id"])


def picture_of(dataset: str) -> dict[str, Any]:
    options = {"variables": ["T"], "station": "A"}
    facts = {"title": "T", "kind": "line", "visibility": "public"}
    return {**facts, "dataset": dataset, "options": options}


def feed_of(dataset: str) -> dict[str, Any]:
    """A feed of days that are yet to come, so that its runs ask nobody."""
    parameters = {"stations": ["USW00094728"], "start": "2190-01-01"}
    facts = {"name": f"feed {uuid.uuid4().hex}", "connector": "noaa", "dataset": dataset}
    return {**facts, "parameters": parameters}


def fed(world: World, dataset: str) -> str:
    """A feed by an admin."""
    return str(world.made("admin", "POST", "/feeds", json=feed_of(dataset))["id"])


def collected(world: World, dataset: str) -> Ids:
    """A feed with a run that is done and a raw answer."""
    feed, document = fed(world, dataset), str(uuid.uuid4())
    run = str(world.made("admin", "POST", f"/feeds/{feed}/run")["id"])

    def is_done() -> bool:
        return bool(world.made("admin", "GET", f"/runs/{run}")["finished_at"])

    assert eventually(is_done, 60), "the run does not end"
    database = world.server.database()
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO documents (_id, feed_id, run_id, sequence, part, request, status, headers,"
            " body, size, received_at)"
            " VALUES (%s, %s, %s, 0, 0, '{}', 200, '{}', %s, 0, now())",
            [document, feed, run, gzip.compress(b"STATION")],
        )
    database.close()
    return {"feeds": feed, "runs": run, "documents": document}


def exported(world: World, dataset: str, **query: Any) -> str:
    """An export of the owner, with its file."""
    with _exporting:
        return _exported(world, dataset, query)


def _exported(world: World, dataset: str, query: dict[str, Any]) -> str:
    more: dict[str, Any] = {"params": {"format": "csv", **query}}
    more["headers"] = {"Prefer": "respond-async"}
    export = str(world.made("owner", "GET", f"/datasets/{dataset}/data", **more)["id"])

    def is_done() -> bool:
        return bool(world.made("owner", "GET", f"/exports/{export}")["status"] == "succeeded")

    assert eventually(is_done, 60), "no export"
    return export
