"""The errors that code below the views raises."""

import pytest

from datastream.core import errors


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
