"""A file as an answer: whole, in part, or not at all."""

import base64
import hashlib
import io
from typing import Any

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from datastream.core.api import files
from datastream.core.errors import StaleError

BODY = bytes(range(256)) * 4
SHA256 = hashlib.sha256(BODY).hexdigest()


def ask(body: bytes = BODY, method: str = "get", **headers: Any) -> tuple[Any, io.BytesIO]:
    """The answer to a request with these headers, and the file it is made from."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = getattr(APIRequestFactory(), method)("/file", headers=named)
    file = io.BytesIO(body)
    sha256 = hashlib.sha256(body).hexdigest()
    content = files.Content(file, len(body), "text/csv", "a name.csv", sha256)
    return files.answer(Request(request), content), file


def body_of(answer: Any) -> bytes:
    body: bytes = answer.getvalue() if answer.streaming else answer.content
    return body


def test_the_whole_file_says_what_it_is():
    answer, _ = ask()
    assert (answer.status_code, body_of(answer)) == (200, BODY)
    assert answer["Content-Length"] == "1024"
    assert answer["Content-Type"] == "text/csv"
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["ETag"] == f'"{SHA256}"'
    assert answer["Content-Disposition"] == 'attachment; filename="a name.csv"'


def test_the_digest_is_that_of_rfc_9530():
    answer, _ = ask(b'{"hello": "world"}\n')
    # The example of RFC 9530, appendix B.1.
    assert answer["Repr-Digest"] == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    assert base64.b64decode(ask()[0]["Repr-Digest"][9:-1]).hex() == SHA256


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=1000-", 1000, 1023),
        ("bytes=1000-5000", 1000, 1023),
        ("bytes=-24", 1000, 1023),
        ("bytes=0-1022", 0, 1022),
    ],
)
def test_a_range_is_answered_with_its_bytes(asked: str, first: int, last: int):
    answer, _ = ask(Range=asked)
    assert (answer.status_code, body_of(answer)) == (206, BODY[first : last + 1])
    assert answer["Content-Range"] == f"bytes {first}-{last}/1024"
    assert answer["Content-Length"] == str(last + 1 - first)
    assert answer["ETag"] == f'"{SHA256}"'


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-9", "bytes=9-5", "bytes=", "bytes=-", "bytes=a-b", "lines=0-1", "bytes=0-1023",
     "bytes=-5000", "bytes=1-" + "9" * 40, "0-1"],
)  # fmt: skip
def test_what_is_no_single_part_is_answered_with_the_whole(asked: str):
    answer, _ = ask(Range=asked)
    assert (answer.status_code, body_of(answer)) == (200, BODY)
    assert "Content-Range" not in answer


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_past_the_end_is_refused_with_the_length(asked: str):
    answer, file = ask(Range=asked)
    assert answer.status_code == 416
    assert answer["Content-Range"] == "bytes */1024"
    assert answer.data["detail"]["details"]["Range"]
    assert file.closed


@pytest.mark.parametrize(
    ("sent", "status"),
    [(f'"{SHA256}"', 206), (f'W/"{SHA256}"', 200), ('"other"', 200),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 200)],
)  # fmt: skip
def test_a_part_is_sent_only_of_the_same_file(sent: str, status: int):
    answer, _ = ask(Range="bytes=5-", If_Range=sent)
    assert (answer.status_code, body_of(answer)) == (status, BODY[5:] if status == 206 else BODY)


@pytest.mark.parametrize("sent", [f'"{SHA256}"', f'W/"{SHA256}"', f'"a", "{SHA256}"', "*"])
def test_what_the_client_has_is_not_sent(sent: str):
    answer, file = ask(Range="bytes=5-", If_None_Match=sent)
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer["ETag"] == f'"{SHA256}"'
    assert file.closed


def test_another_state_than_the_client_wants_is_refused():
    with pytest.raises(StaleError):
        ask(If_Match='"other"')
    assert ask(If_Match=f'"{SHA256}"')[0].status_code == 200


def test_head_has_the_headers_of_the_whole_and_no_body():
    answer, file = ask(method="head", Range="bytes=5-")
    assert (answer.status_code, answer.content) == (200, b"")
    assert (answer["Content-Length"], answer["ETag"]) == ("1024", f'"{SHA256}"')
    assert file.closed


def test_an_empty_file_is_sent_whole():
    answer, _ = ask(b"", Range="bytes=0-")
    assert (answer.status_code, body_of(answer)) == (200, b"")
    assert answer["Content-Length"] == "0"


def test_the_file_is_closed_when_it_ends_and_when_the_client_has_gone(db: None):
    answer, file = ask(BODY * 1024)
    chunks = iter(answer.streaming_content)
    assert len(next(chunks)) == files.CHUNK_BYTES
    assert not is_closed(file)
    answer.close()
    assert is_closed(file)
    assert list(chunks) == []
    answer, file = ask()
    assert body_of(answer) == BODY
    assert is_closed(file)
    answer, file = ask()
    answer.close()  # before the first byte
    assert is_closed(file)


def is_closed(file: io.BytesIO) -> bool:
    return file.closed


def test_a_name_is_given_in_plain_letters_and_as_it_is():
    assert files.disposition('Zürich"; \\x.csv') == (
        "attachment; filename=\"Z_rich__ _x.csv\"; filename*=UTF-8''Z%C3%BCrich%22%3B%20%5Cx.csv"
    )
