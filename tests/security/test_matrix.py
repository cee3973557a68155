"""Every operation of the description, by every kind of caller, on datasets of every visibility."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from datastream.core.scopes import IN_PERSON
from tests.security.asking import Described, request_of
from tests.security.matrix import OK, OPERATIONS, PRINCIPALS, READING, Row, expected
from tests.security.world import World, patiently

pytestmark = pytest.mark.slow
SCOPE = re.compile(r"needs the scope `([\w:]+)`")
# What differs between two requests whatever is asked; all else must be the same.
OF_THE_REQUEST = {"X-Request-ID", "Date", "RateLimit", "RateLimit-Policy"}
TOGETHER = 4


def test_a_01_every_operation_has_a_row_and_every_row_an_operation(
    described: dict[str, Described],
) -> None:
    assert {name.partition(":")[0] for name in OPERATIONS} == set(described)


def test_a_01_the_description_tells_who_and_with_which_scope(
    described: dict[str, Described],
) -> None:
    for name, one in described.items():
        row = OPERATIONS[name]
        told = SCOPE.findall(one.about["description"])
        if "Not with a key" in one.about["description"]:
            told = ["in person"]
        assert told == list(row.scopes), name
        ways = one.about["security"]
        needed = {
            scope for way in ways for kind in ("apiKey", "oauth2") for scope in way.get(kind, ())
        }
        assert needed == set(row.scopes) - {IN_PERSON}, name
        # Where registration is open, anybody makes an account.
        for_anyone = any(answers["anonymous"] == OK for answers in row.rule.cases.values())
        assert ({} in ways) == (for_anyone or name == "users_create"), name


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_01_each_is_answered_as_the_matrix_says(
    name: str, world: World, described: dict[str, Described]
) -> None:
    row, one = OPERATIONS[name], described[name.partition(":")[0]]

    def walk(principal: str) -> list[str]:
        return list(problems(world, name, row, one, principal))

    with ThreadPoolExecutor(TOGETHER) as threads:
        found = [text for texts in threads.map(walk, PRINCIPALS) for text in texts]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def problems(world: World, name: str, row: Row, one: Described, who: str) -> Iterator[str]:
    """What is not as it should be for one principal, in every case."""
    refused: dict[str, Any] = {}
    for case in row.rule.cases:
        asked = request_of(world, one, name, case, who)
        answer = patiently(asked.person, asked.method, asked.path, **asked.sent)
        statuses, code = expected(name, case, who)
        told = code_of(answer)
        if answer.status_code not in statuses or (code and told != code):
            wanted = f"{sorted(statuses)} {code}"
            yield f"{who}, {case}: {answer.status_code} {told}, not {wanted}: {answer.text[:200]}"
        if answer.status_code == 404:
            refused[case] = everything_told(answer)
    for case in refused.keys() - {"unknown"}:
        if "unknown" in row.rule.cases and refused[case] != refused.get("unknown"):
            yield f"{who}, {case}: hidden is not as unknown: {refused}"


def code_of(answer: requests.Response) -> str:
    is_json = answer.headers.get("Content-Type", "").startswith("application/json")
    body = answer.json() if is_json and answer.content else {}
    detail = body.get("detail") if isinstance(body, dict) else None
    return str(detail["code"]) if isinstance(detail, dict) else ""


def everything_told(answer: requests.Response) -> Any:
    """Status, body and headers, but for what belongs to the request alone."""
    headers = {k: v for k, v in answer.headers.items() if k not in OF_THE_REQUEST}
    return answer.status_code, answer.text, sorted(headers.items())


@pytest.mark.parametrize("name", [n for n, row in OPERATIONS.items() if row.rule is READING])
def test_a_01_head_is_answered_as_get(
    name: str, world: World, described: dict[str, Described]
) -> None:
    one = described[name.partition(":")[0]]
    for who in ("anonymous", "analyst", "viewer+edit", "deactivated", "key write", "oauth2 read"):
        for case in ("private", "unknown"):
            asked = request_of(world, one, name, case, who)
            answer = patiently(asked.person, "HEAD", asked.path, **asked.sent)
            assert answer.status_code in expected(name, case, who)[0], (who, case)
            assert answer.text == ""
