"""What a client prefers, read as RFC 7240 writes it."""

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from datastream.core.api.preferences import preferences


def prefer(text: str) -> dict[str, str]:
    return preferences(Request(APIRequestFactory().get("/", headers={"Prefer": text})))


def test_nothing_is_preferred_without_the_header():
    assert preferences(Request(APIRequestFactory().get("/"))) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Examples of RFC 7240, section 2.
        ("foo; bar", {"foo": ""}),
        ('foo; bar=""', {"foo": ""}),
        ('foo=""; bar', {"foo": ""}),
        ("respond-async, wait=100, handling=lenient",
         {"respond-async": "", "wait": "100", "handling": "lenient"}),
        ('foo; bar="1, respond-async", return=minimal', {"foo": "", "return": "minimal"}),
        ("Respond-Async", {"respond-async": ""}),
        ("respond-async;wait=10", {"respond-async": ""}),
        ("respond-async=no", {"respond-async": "no"}),
        ("wait=1, wait=2", {"wait": "1"}),
        ('x="a b", y="a\\"b", z', {"x": "a b", "z": ""}),
        ("respond-asynchronously", {"respond-asynchronously": ""}),
        (",,  , respond-async ,", {"respond-async": ""}),
        ("a b, (), =3, respond-async", {"respond-async": ""}),
    ],
)  # fmt: skip
def test_a_header_is_read(text: str, expected: dict[str, str]):
    assert prefer(text) == expected


@pytest.mark.parametrize("text", ["; " * 5000, '"' * 5000, "a=" * 5000, "a" * 5000 + "="])
def test_a_header_made_to_be_slow_is_read_at_once(text: str):
    assert "respond-async" not in prefer(text)
