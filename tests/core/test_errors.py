"""The errors that code below the views raises."""

from typing import Any

import pytest
from django.core.handlers.exception import convert_exception_to_response
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from datastream.core import errors
from datastream.core.api import errors as answers


def test_an_error_without_words_says_its_own_sentence() -> None:
    assert str(errors.NotFoundError()) == "There is no such thing, or you may not see it."
    assert errors.ConflictError("Two are one too many.").message == "Two are one too many."


def test_every_class_has_a_code_and_a_sentence() -> None:
    for name in dir(errors):
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, errors.PlatformError):
            assert kind.code.isupper(), name
            assert (kind.__doc__ or "").rstrip().endswith("."), name
            assert len((kind.__doc__ or "").splitlines()) == 1, name


def test_one_field_and_what_is_wrong_with_it() -> None:
    error = errors.InvalidInputError.of("name", "Too long.")
    assert error.details == {"name": ["Too long."]}
    assert error.code == "VALIDATION_ERROR"


def test_bad_rows_are_listed_with_how_many_there_are() -> None:
    row: errors.RowError = {"row": 7, "field": "timestamp", "message": "Not a time."}
    error = errors.InvalidRowsError([row], 3)
    assert error.details == {"rows": [row], "rejected": 3}


def test_the_details_of_one_error_are_not_those_of_the_next() -> None:
    first, second = errors.ConflictError(), errors.ConflictError()
    first.details["run"] = "x"
    assert second.details == {}


@pytest.mark.parametrize("kind", [errors.UnreadableInputError, errors.InvalidRowsError])
def test_what_is_wrong_input_can_be_caught_as_such(kind: type[errors.PlatformError]) -> None:
    assert issubclass(kind, errors.InvalidInputError)


def away(_request: HttpRequest) -> HttpResponse:
    raise OperationalError("password=canary")


def test_f_04_a_page_whose_database_is_away_says_when_to_come_back(
    rf: RequestFactory,
) -> None:
    request = rf.get("/admin/")
    answer: Any = convert_exception_to_response(away)(request)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert b"canary" not in answer.content
    assert answers.server_error(request).status_code == 500
