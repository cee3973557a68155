"""Two writers, two readers and a reader of an old revision at once: nothing lost, doubled, torn."""

import csv
import io
import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from tests.running import Server

pytestmark = pytest.mark.slow

LASTS_S = 15.0
STATIONS = [f"s{n:02}" for n in range(20)]
DAYS = [f"2001-{month:02}-{day:02}T00:00:00Z" for month in (1, 2) for day in range(1, 26)]
LIMIT = 170

Key = tuple[str, str]
Value = dict[str, float]
State = dict[Key, Value]
Change = Callable[[State], None]


@dataclass
class Ledger:
    """What each acknowledged revision did, and what each read found at which revision."""

    changes: dict[int, Change] = field(default_factory=dict)
    # First and last revision that it may be of, what it was, and what it found.
    reads: list[tuple[int, int, str, State]] = field(default_factory=list)
    acked: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock)

    def note(self, outcome: dict[str, Any], before: int, change: Change) -> int:
        """Keep what a write did; its revision, or the one before where nothing changed."""
        revision = int(outcome["revision"])
        counts = ("inserted", "updated", "deleted")
        with self.guard:
            self.acked += 1
            if any(outcome.get(name) for name in counts):
                assert revision not in self.changes, f"revision {revision} was given twice"
                assert revision > before
                self.changes[revision] = change
        return revision

    def states(self) -> Iterator[tuple[int, State]]:
        """What must be there at each revision, the first of all included."""
        state: State = {}
        for revision in range(1, max(self.changes) + 1):
            self.changes[revision](state)
            yield revision, {key: dict(value) for key, value in state.items()}


@dataclass
class Dataset:
    url: str
    session: requests.Session
    ledger: Ledger

    def get(self, query: str = "") -> requests.Response:
        url = query if query.startswith("http") else self.url + query
        answer = self.session.get(url, timeout=60)
        assert answer.status_code == 200, answer.text[:500]
        return answer

    def revision(self) -> int:
        return int(self.get().json()["revision"])


@pytest.fixture
def dataset(server: Server) -> Dataset:
    admin = server.admin()
    made = admin.post(f"{server.api}/datasets", json={"name": "Together"}).json()
    return Dataset(f"{server.api}/datasets/{made['id']}", admin, Ledger())


def apart(dataset: Dataset) -> Dataset:
    """The same with connections of its own: a session is of one thread."""
    session = requests.Session()
    session.headers.update(dataset.session.headers)
    return Dataset(dataset.url, session, dataset.ledger)


# ------------------------------------------------------------------ writers


def setting(keys: list[Key], value: Value) -> Change:
    def change(state: State) -> None:
        for key in keys:
            state.setdefault(key, {}).update(value)

    return change


def removing_variable(keys: list[Key], name: str) -> Change:
    def change(state: State) -> None:
        for key in keys:
            if key in state:
                state[key].pop(name, None)
                if not state[key]:
                    del state[key]

    return change


def removing(start: str, end: str, station: str) -> Change:
    def change(state: State) -> None:
        for key in [k for k in state if k[0] == station and start <= k[1] < end]:
            del state[key]

    return change


def post(dataset: Dataset, body: str, kind: str) -> dict[str, Any]:
    headers = {"Content-Type": kind}
    answer = dataset.session.post(f"{dataset.url}/data", data=body, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text[:500]
    return dict(answer.json())


def write_some(dataset: Dataset, chance: random.Random, number: float) -> None:
    """One write of one of many kinds; its value is in no other write."""
    before = dataset.revision()
    keys = chance.sample(list(itertools.product(STATIONS, DAYS)), chance.choice([3, 60, 400]))
    act = chance.choices(["json", "csv", "ndjson", "null", "delete"], [4, 3, 2, 2, 1])[0]
    value = {chance.choice(["T", "U"]): number}
    name = next(iter(value))
    points = [{"timestamp": day, "station": station, "value": value} for station, day in keys]
    if act == "json":
        found, change = post(dataset, json.dumps(points), "application/json"), setting(keys, value)
    elif act == "csv":
        lines = "".join(f"{day},{station},{number}\n" for station, day in keys)
        found = post(dataset, f"timestamp,station,{name}\n{lines}", "text/csv")
        change = setting(keys, value)
    elif act == "ndjson":
        body = "".join(json.dumps(point) + "\n" for point in points)
        found, change = post(dataset, body, "application/x-ndjson"), setting(keys, value)
    elif act == "null":
        nothing = [{**point, "value": {name: None}} for point in points]
        found = post(dataset, json.dumps(nothing), "application/json")
        change = removing_variable(keys, name)
    else:
        station, (start, end) = keys[0][0], sorted(chance.sample(DAYS, 2))
        query = f"{dataset.url}/data?start={start}&end={end}&station={station}"
        answer = dataset.session.delete(query, timeout=60)
        assert answer.status_code == 200, answer.text[:500]
        found, change = answer.json(), removing(start, end, station)
    dataset.ledger.note(found, before, change)


def writer(dataset: Dataset, until: float, number: int) -> None:
    own, chance = apart(dataset), random.Random(number)
    for count in itertools.count():
        if time.monotonic() > until:
            return
        write_some(own, chance, number * 1_000_000 + count)


# ------------------------------------------------------------------ readers


def state_of(points: list[dict[str, Any]]) -> State:
    found = {(point["station"], point["timestamp"]): point["value"] for point in points}
    assert len(found) == len(points), "a row came twice"
    return found


def paged(dataset: Dataset, query: str = "") -> tuple[int, list[dict[str, Any]]]:
    """All pages of a read, one after the other; each names the revision of the first."""
    url, found, revisions = f"/data?limit={LIMIT}{query}", [], set()
    while url:
        page = dataset.get(url).json()
        revisions.add(page["revision"])
        found += page["results"]
        url = page["next"]
    (revision,) = revisions
    return int(revision), found


def lines_of(text: str) -> list[dict[str, Any]]:
    """The points of a CSV export."""
    lines = csv.DictReader(io.StringIO(text, newline=""))
    return [
        {
            "timestamp": line["timestamp"],
            "station": line["station"],
            "value": {name: float(line[name]) for name in ("T", "U") if line.get(name)},
        }
        for line in lines
    ]


def reader_of_pages(dataset: Dataset, until: float) -> None:
    own = apart(dataset)
    for order in itertools.cycle(["", "&order=desc"]):
        if time.monotonic() > until:
            return
        revision, points = paged(own, order)
        dataset.ledger.reads.append((revision, revision, f"pages{order}", state_of(points)))


def reader_of_exports(dataset: Dataset, until: float) -> None:
    own = apart(dataset)
    for form in itertools.cycle(["csv", "ndjson"]):
        if time.monotonic() > until:
            return
        first = own.revision()
        text = own.get(f"/data?format={form}").text
        points = lines_of(text) if form == "csv" else [json.loads(one) for one in text.splitlines()]
        dataset.ledger.reads.append((first, own.revision(), form, state_of(points)))


def reader_of_the_old(dataset: Dataset, until: float) -> int:
    """Revision 1 in three forms, which are the same bytes each time."""
    own = apart(dataset)
    queries = ["/data?revision=1&limit=50000", "/data?revision=1&format=csv"]
    queries += ["/data?revision=1&format=ndjson"]
    first = [own.get(query).content for query in queries]
    count = 0
    while time.monotonic() < until:
        assert [own.get(query).content for query in queries] == first
        _, points = paged(own, "&revision=1")
        dataset.ledger.reads.append((1, 1, "old pages", state_of(points)))
        count += 1
    points = json.loads(first[0])["results"]
    dataset.ledger.reads.append((1, 1, "old", state_of(points)))
    dataset.ledger.reads.append((1, 1, "old csv", state_of(lines_of(first[1].decode()))))
    return count


# ------------------------------------------------------------------ the test


def all_reads_were_whole(ledger: Ledger) -> None:
    """Each read is exactly what stood at the revision it names, or at one it may be of."""
    waiting = sorted(ledger.reads, key=lambda read: read[0])
    for revision, state in ledger.states():
        waiting = [
            read for read in waiting if not (read[0] <= revision <= read[1] and read[3] == state)
        ]
        late = [read for read in waiting if read[1] <= revision]
        assert not late, f"{late[0][2]} of revision {late[0][0]} is no state that there was"
    assert not waiting


def test_writers_and_readers_at_once_lose_double_and_tear_nothing(dataset: Dataset) -> None:
    keys = [(station, day) for station in STATIONS for day in DAYS[:25]]
    first = [{"timestamp": d, "station": s, "value": {"T": 0, "U": 0}} for s, d in keys]
    found = post(dataset, json.dumps(first), "application/json")
    dataset.ledger.note(found, 0, setting(keys, {"T": 0, "U": 0}))

    until = time.monotonic() + LASTS_S
    with ThreadPoolExecutor(5) as pool:
        tasks: list[Any] = [pool.submit(writer, dataset, until, number) for number in (1, 2)]
        tasks += [pool.submit(reader_of_pages, dataset, until)]
        tasks += [pool.submit(reader_of_exports, dataset, until)]
        old = pool.submit(reader_of_the_old, dataset, until)
        for task in tasks:
            task.result()
        assert old.result() > 0

    ledger = dataset.ledger
    last, expected = list(ledger.states())[-1]
    assert last == dataset.revision() == len(ledger.changes)
    exported = dataset.get("/data?format=csv").text
    assert state_of(lines_of(exported)) == expected
    assert dataset.get().json()["point_count"] == len(expected)
    assert paged(dataset)[0] == last
    all_reads_were_whole(ledger)
    # It was a test: many writes, and many reads between them.
    assert ledger.acked > 20
    assert len({read[0] for read in ledger.reads}) > 10
