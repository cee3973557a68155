"""Over HTTP: slow, silent and vanished clients, and what is no HTTP, hold up and break nothing."""

import gzip
import json
import socket
import statistics
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
import requests
from backports import zstd

from tests.running import Server, eventually, forget_peak, memory_bytes
from tests.timing import assert_within, seconds_of

pytestmark = pytest.mark.slow

MIB = 2**20
SILENCE_S, REQUEST_S = 2, 4
# Beyond what was allowed: the pauses of a busy machine.
MARGIN_S = 8
RESET_AT_CLOSE = struct.pack("ii", 1, 0)


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with short patience, whose temporary files have a folder of their own."""
    var = tmp_path_factory.mktemp("impatient") / "var"
    patience = {"BODY_SILENCE_S": str(SILENCE_S), "REQUEST_MAX_S": str(REQUEST_S)}
    with Server(var, "--no-samples", **patience) as server:
        yield server


@pytest.fixture(scope="module")
def session(impatient: Server) -> requests.Session:
    session = impatient.admin()
    session.headers["Content-Type"] = "application/json"
    return session


def head(session: requests.Session, *more: str, path: str = "/api/v1/datasets") -> bytes:
    authorization = f"Authorization: {session.headers['Authorization']!s}"
    lines = ["Host: localhost", "Content-Type: application/json", authorization, *more]
    return "\r\n".join([f"POST {path} HTTP/1.1", *lines, "", ""]).encode()


def connect(server: Server, sent: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    client.sendall(sent)
    return client


def all_of(client: socket.socket) -> bytes:
    """What comes until the server closes."""
    with client:
        parts = []
        while part := client.recv(MIB):
            parts.append(part)
    return b"".join(parts)


def detail(answer: bytes, status: int, code: str) -> dict[str, Any]:
    start, body = answer.split(b"\r\n\r\n", 1)
    assert start.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert b"Content-Type: application/json" in start
    assert b"Connection: close" in start
    said: dict[str, Any] = json.loads(body)["detail"]
    assert (set(said), said["code"]) == ({"code", "message", "details"}, code)
    return said


def no_traceback(server: Server) -> None:
    assert "Traceback" not in server.log.read_text()


def idle_after_admission(server: Server) -> int:
    """Connections to the database of those who were let in and have asked nothing since."""
    with server.database() as database, database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'datastream_app' "
            "AND state = 'idle' AND query LIKE '%INTO rate_counters%'"
        )
        return int(cursor.fetchone()[0])


# ------------------------------------------------------------------ slow and vanished


def test_a_half_sent_body_is_answered_and_cut(impatient: Server, session: requests.Session):
    began_at = time.monotonic()
    answer = all_of(connect(impatient, head(session, "Content-Length: 100") + b'{"name"'))
    assert SILENCE_S <= time.monotonic() - began_at < SILENCE_S + MARGIN_S
    assert f"stood still for {SILENCE_S} s" in detail(answer, 400, "PARSE_ERROR")["message"]


def test_a_dripping_body_is_answered_and_cut(impatient: Server, session: requests.Session):
    began_at = time.monotonic()
    client = connect(impatient, head(session, "Content-Length: 100"))
    # On a busy machine it is cut before all are sent.
    with suppress(OSError):
        for _ in range(REQUEST_S * 4):
            client.sendall(b" ")
            time.sleep(0.25)
    answer = all_of(client)
    assert time.monotonic() - began_at < REQUEST_S + MARGIN_S
    assert f"longer than {REQUEST_S} s" in detail(answer, 400, "PARSE_ERROR")["message"]


def test_a_half_sent_form_for_the_pages_is_cut(impatient: Server, session: requests.Session):
    sent = head(session, "Content-Length: 100", "Cookie: csrftoken=" + "x" * 32)
    sent = sent.replace(b"/api/v1/datasets", b"/admin/login/").replace(
        b"application/json", b"application/x-www-form-urlencoded"
    )
    began_at = time.monotonic()
    assert all_of(connect(impatient, sent + b"username=")).startswith(b"HTTP/1.1 403 ")
    assert time.monotonic() - began_at < SILENCE_S + MARGIN_S + 1
    no_traceback(impatient)


def test_a_client_that_vanishes_leaves_nothing(impatient: Server, session: requests.Session):
    count = session.get(f"{impatient.api}/datasets").json()["count"]
    body = b'{"name": "half", "description": "' + b"x" * (3 * MIB)
    chunk = b"%x\r\n%b" % (len(body), body)
    for framing, sent in (("Content-Length: 9000000", body), ("Transfer-Encoding: chunked", chunk)):
        for is_reset in (False, True):
            client = connect(impatient, head(session, framing) + sent)
            if is_reset:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
            client.close()
    folder = impatient.var.parent / "tmp"
    assert eventually(lambda: '"status": 400' in impatient.log.read_text(), timeout_s=30)
    assert [file.name for file in folder.iterdir() if not file.is_dir()] == []
    assert session.get(f"{impatient.api}/datasets").json()["count"] == count
    assert '"status": 500' not in impatient.log.read_text()
    no_traceback(impatient)


def test_a_body_that_is_still_coming_has_no_name_on_disk(
    impatient: Server, session: requests.Session
):
    with connect(impatient, head(session, "Content-Length: 9000000") + b" " * (3 * MIB)):
        time.sleep(0.5)
        folder = impatient.var.parent / "tmp"
        assert [file.name for file in folder.iterdir() if not file.is_dir()] == []


def test_a_half_sent_body_holds_no_connection_to_the_database(
    impatient: Server, session: requests.Session
):
    before = idle_after_admission(impatient)
    with ExitStack() as half_sent:
        for _ in range(30):
            sent = head(session, "Content-Length: 100")
            half_sent.enter_context(connect(impatient, sent))
        assert eventually(lambda: idle_after_admission(impatient) > before)
        assert eventually(lambda: idle_after_admission(impatient) <= before, timeout_s=15)


def test_half_sent_heads_and_silent_connections_are_closed(impatient: Server):
    for sent in (b"", b"GET /api/v1/datasets HTTP/1.1\r\nHost:"):
        began_at = time.monotonic()
        assert all_of(connect(impatient, sent)) == b""
        assert time.monotonic() - began_at < 10 + MARGIN_S
    no_traceback(impatient)


@pytest.mark.parametrize(
    ("sent", "count"),
    [
        (b"", 150),
        (b"GET /health/live HTTP/1.1\r\nHost:", 100),
        (b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 100),
    ],
    ids=["silent", "half a head", "closes late"],
)
def test_connections_that_are_held_open_do_not_slow_others(
    impatient: Server, sent: bytes, count: int
):
    def ask() -> None:
        assert requests.get(f"{impatient.url}/health/live", timeout=30).ok

    def slowest_s() -> float:
        with ExitStack() as held:
            for _ in range(count):
                held.enter_context(connect(impatient, sent))
            seconds = [seconds_of(ask) for _ in range(20)]
        # 1 s at most, and 0.2 s in the middle.
        return max(*seconds, 5 * statistics.median(seconds))

    assert_within(1, slowest_s)


def test_new_connections_go_to_the_process_that_has_threads_left(
    tmp_path_factory: pytest.TempPathFactory,
):
    var = tmp_path_factory.mktemp("small") / "var"
    with Server(var, "--no-samples", WEB_THREADS="8") as server, ExitStack() as half_sent:
        sent = head(server.admin(), "Content-Length: 100")
        for _ in range(13):
            half_sent.enter_context(connect(server, sent))
        time.sleep(0.5)
        for _ in range(20):
            assert requests.get(f"{server.url}/health/live", timeout=15).ok


def test_an_answer_that_is_not_taken_is_cut_without_a_trace(impatient: Server):
    asked = b"GET /api/schema HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", impatient.port))
        client.sendall(asked * 200)
        assert eventually(lambda: is_gone(client, asked), timeout_s=SILENCE_S + 3 * MARGIN_S)
    no_traceback(impatient)


def is_gone(client: socket.socket, sent: bytes) -> bool:
    try:
        client.sendall(sent)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


# ------------------------------------------------------------------ large and packed


def test_a_client_that_sends_100_mb_sees_the_refusal(impatient: Server, session: requests.Session):
    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * MIB

    for body in (b" " * (100 * MIB), pieces()):
        answer = session.post(f"{impatient.api}/datasets", data=body, timeout=30)
        assert (answer.status_code, answer.headers["Connection"]) == (413, "close")
        assert answer.json()["detail"]["details"] == {"limit_bytes": 32 * MIB}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(
        f"{impatient.url}/admin/login/", b"a" * (100 * MIB), headers=form, timeout=30
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_in_30_a_bomb_is_refused_and_memory_stays_flat(
    impatient: Server, session: requests.Session, encoding: str
):
    spaces = b" " * MIB
    bomb = 600 * (gzip.compress(spaces) if encoding == "gzip" else zstd.compress(spaces))
    processes = impatient.web_processes()
    for process in processes:
        forget_peak(process)
    before = {process: memory_bytes(process) for process in processes}
    headers = {"Content-Encoding": encoding}
    for _ in range(4):
        answer = session.post(f"{impatient.api}/datasets", bomb, headers=headers, timeout=30)
        assert answer.status_code == 413
    for process, size in before.items():
        assert memory_bytes(process, "VmHWM") - size < 64 * MIB


def test_packed_json_is_read_on_every_route(impatient: Server, session: requests.Session):
    for encoding in ("gzip", "zstd"):
        plain = json.dumps({"name": f"Packed with {encoding}"}).encode()
        sent = gzip.compress(plain) if encoding == "gzip" else zstd.compress(plain)
        headers = {"Content-Encoding": encoding}
        made = session.post(f"{impatient.api}/datasets", sent, headers=headers, timeout=30)
        assert (made.status_code, made.json()["name"]) == (201, f"Packed with {encoding}")


def test_a_connection_is_kept_after_answers_to_whole_requests(
    impatient: Server, session: requests.Session
):
    for _ in range(3):
        answer = session.post(f"{impatient.api}/datasets", b"{}", timeout=30)
        assert (answer.status_code, answer.headers["Connection"]) == (400, "keep-alive")


# ------------------------------------------------------------------ no HTTP, or too much of it


@pytest.mark.parametrize(
    "sent",
    [
        b"RUBBISH\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-A: \x00secret\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: cow\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_http_is_refused_in_the_one_shape(impatient: Server, sent: bytes):
    said = detail(all_of(connect(impatient, sent)), 400, "VALIDATION_ERROR")
    assert "secret" not in str(said)


@pytest.mark.parametrize(
    ("sent", "status", "limit"),
    [
        (b"GET /%b HTTP/1.1\r\n\r\n" % (b"a" * 9000), 414, 8192),
        (b"GET /%b" % (b"a" * 20 * MIB), 414, 8192),
        (b"GET / HTTP/1.1\r\nX-A: %b\r\n\r\n" % (b"a" * 17_000), 431, 16384),
        (b"GET / HTTP/1.1\r\n%b\r\n" % (b"X-A: %b\r\n" % (b"a" * 1000) * 20), 431, 16384),
        (b"GET / HTTP/1.1\r\n%b\r\n" % (b"X-A: a\r\n" * 200), 431, 16384),
        (b"GET / HTTP/1.1\r\n%b" % (b"X-A: %b\r\n" % (b"a" * 1000) * 20_000), 431, 16384),
    ],
    ids=["address", "endless address", "header", "headers", "many headers", "endless headers"],
)
def test_in_45_heads_past_the_limits_are_refused(
    impatient: Server, sent: bytes, status: int, limit: int
):
    sent = sent.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n")
    answer = all_of(connect(impatient, sent))
    assert detail(answer, status, "VALIDATION_ERROR")["details"] == {"limit_bytes": limit}


def test_in_45_heads_at_the_limits_are_taken(impatient: Server):
    path = "/api/v1/datasets?search="
    assert requests.get(impatient.url + path + "a" * 8000, timeout=30).status_code == 400
    headers = {"X-A": "a" * 15_900}
    assert requests.get(f"{impatient.api}/datasets", headers=headers, timeout=30).ok
