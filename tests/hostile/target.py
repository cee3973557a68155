"""A dataset to attack over HTTP, and all that must hold of an attack that is refused."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.hostile import wire
from tests.hostile.wire import Answer, Body
from tests.running import Server, eventually, forget_peak, memory_bytes
from tests.timing import assert_within

LONGEST_S = 1.0
MIB = 2**20
LIST = "/api/v1/datasets"
JSON = "application/json"
CSV = "text/csv"
NDJSON = "application/x-ndjson"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"
# Stands in bodies, queries and headers, and must never stand in a log.
CANARY = "Quokka-7f3a9c"

_numbers = itertools.count(1)


class Target:
    """`send` and `ask` answer what was refused; `accepted` answers what was taken."""

    def __init__(self, server: Server, token: str, dataset: str) -> None:
        self.server = server
        self.token = token
        self.url = f"{LIST}/{dataset}"
        self.known: list[Any] | None = None

    # -------------------------------------------------------------- plain requests

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Body = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A request as this user; a path that does not begin with /api is below the dataset."""
        if method != "GET":
            self.known = None
        target = path if path.startswith("/api") else self.url + path
        told = {
            "Authorization": f"Bearer {self.token}",
            "User-Agent": CANARY,
            "X-Request-ID": f"hostile-{next(_numbers)}",
            **(headers or {}),
        }
        return wire.ask(self.server.port, method, target, headers=told, body=body)

    def get(self, path: str = "", **headers: str) -> Answer:
        return self.request("GET", path, headers=headers)

    def read(self, query: str = "") -> list[dict[str, Any]]:
        """All points in their order."""
        found, path = [], f"/data?limit=50000{query}"
        while path:
            page = self.get(path)
            assert page.status == 200, page.body[:500]
            content = page.json()
            found += content["results"]
            path = (content["next"] or "").partition("127.0.0.1")[2]
        return found

    def accepted(
        self, body: Any, query: str = "", *, kind: str = JSON, headers: Any = None
    ) -> dict[str, Any]:
        """What a write of points answered that was taken."""
        told = {"Content-Type": kind, **(headers or {})}
        answer = self.request("POST", f"/data{query}", body=as_bytes(body), headers=told)
        assert answer.status == 200, answer.body[:1000]
        return dict(answer.json())

    def make(self, path: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What was made below the dataset, such as a variable."""
        headers = {"Content-Type": JSON}
        answer = self.request("POST", path, body=orjson.dumps(facts), headers=headers)
        assert answer.status == 201, answer.body[:1000]
        return dict(answer.json())

    # -------------------------------------------------------------- attacks

    def send(self, body: Any, status: int = 400, path: str = "/data", **options: Any) -> Any:
        """POST a body, as it is where it is text or bytes; `options` are kind, headers, method."""
        method = options.pop("method", "POST")
        headers = {"Content-Type": options.pop("kind", JSON), **options.pop("headers", {})}
        return self.refused(method, path, status, body=as_bytes(body), headers=headers, **options)

    def patch(self, body: Any, status: int = 400, path: str = "") -> Any:
        return self.send(body, status, path, method="PATCH")

    def ask(self, path: str, status: int = 400, **options: Any) -> Any:
        return self.refused("GET", path, status, **options)

    def refused(
        self, method: str, path: str, status: int, *, within_s: float = LONGEST_S, **options: Any
    ) -> Any:
        """The detail of a refusal, which was quick, frugal, quiet and changed nothing.

        What reads leave, a fixture looks at in the end.
        """
        before = self.state

        def once() -> Answer:
            with self.watched(options.get("body", b"")):
                answer = self.request(method, path, **options)
                assert answer.status == status, (answer.status, answer.body[:1000])
                self._is_said_once(answer)
            return answer

        answer = in_time(once, within_s)
        if method != "GET":
            assert self._read_state() == before
            self.known = before
        return self._detail(answer)

    def _detail(self, answer: Answer) -> Any:
        assert answer.headers["Content-Type"] == JSON
        assert len(answer.body) < 100_000
        assert b"Traceback" not in answer.body
        content = answer.json()
        assert set(content) == {"detail"}
        detail = content["detail"]
        assert set(detail) == {"code", "message", "details"}
        assert detail["message"]
        return detail

    # -------------------------------------------------------------- what must hold

    @property
    def state(self) -> list[Any]:
        """All that a refusal must leave as it is; receipts are left by refusals too."""
        if self.known is None:
            self.known = self._read_state()
        return self.known

    def _read_state(self) -> list[Any]:
        # The dataset itself says how many stations it has, and the list how many datasets are.
        lists = [f"{path}?page_size=500" for path in ("/variables", "/revisions")]
        paths = ["", "/data?limit=50000", *lists, f"{LIST}?page_size=1"]
        answers = [self.get(path) for path in paths]
        assert {answer.status for answer in answers} == {200}
        return [(answer.headers["ETag"], answer.body) for answer in answers]

    @contextmanager
    def watched(self, body: Body = b"", *, more_bytes: int = 64 * MIB) -> Iterator[None]:
        """Hold that the web processes stay small meanwhile, and the logs free of the payload."""
        ends = [path.stat().st_size for path in self.server.logs]
        processes = self.server.web_processes()
        for process in processes:
            forget_peak(process)
        before = sum(memory_bytes(process, "VmHWM") for process in processes)
        yield
        peak = sum(memory_bytes(process, "VmHWM") for process in processes)
        length = len(body) if isinstance(body, bytes) else 0
        assert peak - before <= more_bytes + 4 * length, f"{(peak - before) / MIB:.0f} MiB more"
        for path, end in zip(self.server.logs, ends, strict=True):
            said = said_since(path, end)
            assert CANARY not in said, said[-2000:]
            assert "Traceback" not in said, said[-5000:]

    def _is_said_once(self, answer: Answer) -> None:
        """One line in the log is about it, and says no more than what became of it."""
        identity = f'"{answer.headers["X-Request-ID"]}"'
        path = self.server.log

        def lines() -> list[str]:
            recent = said_since(path, max(0, path.stat().st_size - 20_000))
            return [line for line in recent.splitlines() if identity in line]

        assert eventually(lambda: bool(lines()), 20, every_s=0.01), "no line in the log"
        (line,) = lines()
        assert json.loads(line)["status"] == answer.status
        assert len(line) < 1000


def in_time(ask: Callable[[], Answer], within_s: float = LONGEST_S) -> Answer:
    """An answer that comes in time; one that is late is asked for again, and is the same."""
    answers: list[Answer] = []

    def took_s() -> float:
        answers.append(ask())
        return answers[-1].took_s

    assert_within(within_s, took_s)
    assert len({answer.status for answer in answers}) == 1
    return answers[-1]


def as_bytes(body: Any) -> Any:
    if isinstance(body, bytes) or hasattr(body, "__next__"):
        return body
    return body.encode() if isinstance(body, str) else orjson.dumps(body)


def said_since(path: Path, end: int) -> str:
    with path.open("rb") as file:
        file.seek(end)
        return file.read().decode(errors="replace")


def rows(detail: Any) -> list[tuple[int, str]]:
    """(row, field) of each listed error; all bad rows are counted."""
    assert detail["code"] == "VALIDATION_ERROR", detail
    details = detail["details"]
    assert details["rejected"] == len({row["row"] for row in details["rows"]})
    return [(row["row"], row["field"]) for row in details["rows"]]


def fields(detail: Any) -> list[str]:
    """What a refusal names; a write that was refused has a receipt besides."""
    assert detail["code"] == "VALIDATION_ERROR", detail
    return [name for name in detail["details"] if name != "receipt"]


def names_row(detail: Any, row: int) -> bool:
    """Whether a refusal points at that row of the body, in either code for bad input."""
    assert detail["code"] in {"VALIDATION_ERROR", "PARSE_ERROR"}
    details = detail["details"]
    return details.get("row") == row or any(
        one["row"] == row and one["message"] for one in details.get("rows", [])
    )
