"""Times: one way to read them, one way to write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datastream.core import clock
from datastream.core.errors import InvalidInputError


def test_now_is_aware_and_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2001-01-31T12:00:00Z", datetime(2001, 1, 31, 12, tzinfo=UTC)),
        ("2001-01-31t12:00:00z", datetime(2001, 1, 31, 12, tzinfo=UTC)),
        ("2001-01-31 12:00", datetime(2001, 1, 31, 12, tzinfo=UTC)),
        ("2001-01-31", datetime(2001, 1, 31, tzinfo=UTC)),
        ("2001-01-31T12:00:00.5+05:30", datetime(2001, 1, 31, 6, 30, 0, 500_000, tzinfo=UTC)),
        ("2000-02-29", datetime(2000, 2, 29, tzinfo=UTC)),
        ("2001-01-01T00:00:00.1234560000Z", datetime(2001, 1, 1, 0, 0, 0, 123_456, tzinfo=UTC)),
        ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_in_15_times_are_taken_as_the_contract_says(text: str, expected: datetime) -> None:
    assert clock.parse(text, "start") == expected


@pytest.mark.parametrize(
    "text",
    [
        "978307200", "2001-W05-3", "2001-031", "20010131", "2001-1-1", "31.01.2001",
        "2001-01-31T12:00:60Z", "2001-01-31T24:00:00Z", "2001-02-30", "2001-01-31T12:00:00+25:00",
        "2001-01-31T12:00:00.1234567Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
        "0000-01-01", "2001-01-31\x00", "2001-01-31 and more", " 2001-01-31", "2001-01-31\n",
        "２００１-01-31", "", "now", "2001-01-31T12", "2001-01-31T12:00:00 Z", "2001-02-29",
    ],
)  # fmt: skip
def test_in_16_to_in_20_what_is_no_time_is_refused_by_the_name_of_its_field(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        clock.parse(text, "start")
    assert set(caught.value.details) == {"start"}


def test_what_is_no_text_is_no_time() -> None:
    for value in (None, 978307200, ["2001-01-31"]):
        with pytest.raises(InvalidInputError):
            clock.parse(value, "start")  # type: ignore[arg-type]


@given(
    st.datetimes(
        min_value=datetime(2, 1, 1),  # noqa: DTZ001 - the zone is drawn beside it
        max_value=datetime(9998, 12, 31),  # noqa: DTZ001
        timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))),
    )
)
def test_a_time_that_is_written_is_read_as_the_same_instant(moment: datetime) -> None:
    written = clock.text(moment)
    assert written is not None
    assert written.endswith("Z")
    assert clock.parse(written, "x") == moment


def test_no_time_is_written_as_none() -> None:
    assert clock.text(None) is None
