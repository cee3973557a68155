"""Requests put together byte by byte, as no well-behaved client sends them."""

import json
import select
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPResponse
from typing import Any

PATIENCE_S = 60
PIECE = 2**16

Body = bytes | Iterable[bytes]
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """`took_s` counts from the last byte that was sent to the last that was answered."""

    status: int
    headers: Message
    body: bytes
    took_s: float

    def json(self) -> Any:
        return json.loads(self.body)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def head(method: str, target: str, headers: Headers) -> bytes:
    """The first line and the headers; a header of another `Host` takes the place of ours."""
    lines = {"Host": "127.0.0.1", **headers}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {target} HTTP/1.1\r\n{text}\r\n".encode("latin-1")


def ask(port: int, method: str, target: str, *, headers: Headers, body: Body = b"") -> Answer:
    """One request on a connection of its own; an iterable is sent in chunks, without a length."""
    told = dict(headers)
    pieces: Iterable[bytes | memoryview]
    if isinstance(body, bytes):
        pieces = sliced(body)
        if body or method != "GET":
            told.setdefault("Content-Length", str(len(body)))
    else:
        pieces = chunked(body)
        told.setdefault("Transfer-Encoding", "chunked")
    with connect(port) as connection:
        connection.sendall(head(method, target, told))
        send(connection, pieces)
        return answer(connection, method)


def sliced(body: bytes) -> Iterator[memoryview]:
    view = memoryview(body)
    return (view[first : first + PIECE] for first in range(0, len(view), PIECE))


def chunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def send(connection: socket.socket, pieces: Iterable[bytes | memoryview]) -> int:
    """Send until the end, or until the server has answered; say how many bytes it took."""
    sent = 0
    for piece in pieces:
        if is_answered(connection):
            break
        try:
            connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            break
        sent += len(piece)
    return sent


def is_answered(connection: socket.socket, wait_s: float = 0) -> bool:
    readable, _, _ = select.select([connection], [], [], wait_s)
    return bool(readable)


def answer(connection: socket.socket, method: str = "GET") -> Answer:
    start = time.perf_counter()
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        content = response.read()
    finally:
        response.close()
    return Answer(response.status, response.headers, content, time.perf_counter() - start)


def is_cut(connection: socket.socket, within_s: float) -> bool:
    """Whether the server ends the connection in that time, with or without an answer."""
    deadline = time.monotonic() + within_s
    connection.settimeout(within_s)
    try:
        while connection.recv(PIECE):
            connection.settimeout(max(0.01, deadline - time.monotonic()))
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True
