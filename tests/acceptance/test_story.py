"""A whole story over HTTP, with PostgreSQL, the queue and a worker; and bodies of every size."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.running import PROJECT, Server, job

pytestmark = pytest.mark.slow
CONTRACT = PROJECT.parent / "shared" / "accept" / "contract.py"
LIMIT = 32 * 1024 * 1024
MIB = 1024 * 1024


def point(day: int, **values: Any) -> dict[str, Any]:
    return {"timestamp": f"2001-01-{day:02}", "station": "A", "value": values}


def test_from_signing_in_to_a_picture(server: Server) -> None:
    name = f"analyst-{uuid.uuid4().hex[:8]}"
    person = {"username": name, "email": f"{name}@example.org", "password": "a-long-sentence-9"}
    made = server.admin().post(f"{server.api}/users", json=person)
    assert (made.status_code, made.json()["roles"]) == (201, ["analyst"])
    analyst = server.signed_in(name, person["password"])

    dataset = analyst.post(f"{server.api}/datasets", json={"name": "River"}).json()
    path = f"{server.api}/datasets/{dataset['id']}"
    first = datetime(1990, 1, 1, tzinfo=UTC)
    points: list[dict[str, Any]] = [
        {
            "timestamp": (first + timedelta(days=n)).isoformat(),
            "station": "A",
            "value": {"T": round(10 + n / 3652.5 + (n % 365) / 100, 3)},
        }
        for n in range(3653)
    ]
    written = analyst.post(f"{path}/data", json=points).json()
    assert (written["inserted"], written["revision"]) == (3653, 1)
    page = analyst.get(f"{path}/data", params={"limit": 2}).json()
    assert [one["value"] for one in page["results"]] == [
        {"T": 10.0},
        {"T": points[1]["value"]["T"]},
    ]

    # In another process, over the queue in PostgreSQL.
    request = {"type": "trend", "parameters": {"variable": "T"}}
    analysis = analyst.post(f"{path}/analysis", params={"wait": 20}, json=request)
    assert analysis.status_code in {200, 202}, analysis.text
    done = job(lambda: analyst.get(f"{server.api}/analyses/{analysis.json()['id']}"))
    assert (done["status"], done["results"]["variable"]) == ("succeeded", "T")

    picture = {"title": "T", "kind": "line", "dataset": dataset["id"],
               "options": {"variables": ["T"]}}  # fmt: skip
    saved = analyst.post(f"{server.api}/visualizations", json=picture).json()
    image = analyst.get(f"{server.api}/visualizations/{saved['id']}/image", params={"width": 400})
    assert image.headers["Content-Type"] == "image/png"
    assert image.content.startswith(b"\x89PNG")

    # Nobody else sees any of it.
    other = server.admin()
    other.headers.pop("Authorization")
    for hidden in (path, f"{path}/data", f"{server.api}/visualizations/{saved['id']}/image"):
        assert other.get(hidden).status_code == 404
    assert analyst.delete(path).status_code == 204
    assert analyst.get(server.url + analysis.headers["Location"]).status_code == 404


@pytest.mark.skipif(not CONTRACT.exists(), reason="the check of the contract is not here")
def test_the_contract_holds(server: Server) -> None:
    admin = server.var / "first-admin.json"
    command = [sys.executable, str(CONTRACT), "--base", server.url, "--admin", str(admin)]
    done = subprocess.run(
        [*command, "--only", "core"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_a_chunked_body_is_read(server: Server) -> None:
    admin = server.admin()
    dataset = admin.post(f"{server.api}/datasets", json={"name": "Chunks"}).json()

    def chunks() -> Iterator[bytes]:
        yield b'[{"timestamp":"2001-01-01","station":"A",'
        yield b'"value":{"T":1.5}}]'

    path = f"{server.api}/datasets/{dataset['id']}/data"
    headers = {"Content-Type": "application/json"}
    answer = admin.post(path, data=chunks(), headers=headers)
    assert (answer.status_code, answer.json()["inserted"]) == (200, 1)


@pytest.mark.parametrize("is_chunked", [False, True], ids=["with its length", "chunked"])
def test_in_11_a_body_past_the_limit_is_413_and_memory_stays_flat(
    server: Server, is_chunked: bool
) -> None:
    admin = server.admin()
    dataset = admin.post(f"{server.api}/datasets", json={"name": "Large"}).json()
    path = f"{server.api}/datasets/{dataset['id']}/data"
    # A connection each: the server may close one whose body it has not read to its end.
    headers = {"Content-Type": "application/json", "Connection": "close"}
    before = server.memory_bytes()

    def chunks() -> Iterator[bytes]:
        for _ in range(33):
            yield b" " * MIB

    body = chunks() if is_chunked else b" " * (LIMIT + 1)
    for _ in range(3):
        answer = admin.post(path, data=chunks() if is_chunked else body, headers=headers)
        assert answer.status_code == 413, answer.text
        detail = answer.json()["detail"]
        assert (detail["code"], detail["details"]) == ("PAYLOAD_TOO_LARGE", {"limit_bytes": LIMIT})
    # Two web processes, each of which may hold one body and what is made of it.
    assert server.memory_bytes() - before < 2 * (LIMIT + 64 * MIB)
    assert admin.get(path).json()["results"] == []


def test_in_45_an_address_that_is_too_long_is_414(server: Server) -> None:
    admin = server.admin()
    long = admin.get(f"{server.api}/datasets?search={'x' * 7000}")
    assert (long.status_code, long.json()["detail"]["code"]) == (400, "VALIDATION_ERROR")
    answer = admin.get(f"{server.api}/datasets?search={'x' * 9000}")
    assert answer.status_code == 414
    assert answer.json()["detail"]["code"] == "VALIDATION_ERROR"
    assert answer.headers["X-Request-ID"]


def test_a_write_is_seen_by_the_other_process_at_once(server: Server) -> None:
    admin = server.admin()
    dataset = admin.post(f"{server.api}/datasets", json={"name": "Soon"}).json()
    path = f"{server.api}/datasets/{dataset['id']}/data"
    for day in range(1, 21):
        assert admin.post(path, json=point(day, T=day)).json()["inserted"] == 1
        admin.headers["Connection"] = "close"
        assert len(admin.get(path).json()["results"]) == day


def test_the_programs_of_the_command_line_find_the_same_installation(
    server: Server, tmp_path: Path
) -> None:
    dataset = server.admin().post(f"{server.api}/datasets", json={"name": "Shell"}).json()
    path = tmp_path / "days.csv"
    path.write_text("timestamp,station,T\n2001-01-01,A,1\n2001-01-02,A,two\n")
    words = ["ingest", "file", str(path), "--dataset", dataset["id"]]
    for more, code in (([], 1), (["--on-invalid", "skip"], 6), (["--timezone"], 2)):
        done = subprocess.run(
            [sys.executable, "manage.py", *words, *more],
            cwd=PROJECT, env=server.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
