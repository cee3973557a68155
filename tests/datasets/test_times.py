"""Times as arrays, held against datetime.fromisoformat and zoneinfo of the standard library."""

# ruff: noqa: DTZ001 - wall times are the subject here

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import times
from datastream.core.errors import InvalidInputError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TORONTO = ZoneInfo("America/Toronto")

instants = st.datetimes(
    min_value=datetime(1, 1, 2),
    max_value=datetime(9999, 12, 30),
    timezones=st.sampled_from(
        [None, UTC, *(timezone(timedelta(minutes=m)) for m in (-1439, -420, -30, 330, 765, 1439))]
    ),
)


def micros(time: datetime) -> int:
    return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND


def read(*texts: str | None, local: str | None = None) -> times.Times:
    return times.parse(pa.array(texts, pa.string()), times.zone(local) if local else None)


def text_of(time: datetime, style: int) -> str:
    """A time in one of the forms that people send."""
    text = time.isoformat(timespec=["auto", "microseconds", "seconds"][style % 3])
    text = text.replace("T", ["T", "t", " "][style % 5 % 3])
    return text.replace("+00:00", ["Z", "z", "+00:00", "-00:00"][style % 4])


@given(st.lists(st.tuples(instants, st.integers(0, 60)), max_size=30))
def test_times_of_any_form_and_length_in_one_array_are_read_as_python_reads_them(pairs):
    texts = [text_of(*pair) for pair in pairs]
    found = read(*texts)
    assert not found.bad.any()
    reference = [
        micros(datetime.fromisoformat(text.upper().replace(" ", "T").replace("-00:00", "Z")))
        for text in texts
    ]
    assert found.micros.tolist() == reference


@given(st.lists(st.text("0123456789-:TZ+. tz٣𝟙é", max_size=32), max_size=20))
def test_whatever_is_taken_for_a_time_is_one_for_python_too(texts):
    found = read(*texts)
    for text, value, bad in zip(texts, found.micros.tolist(), found.bad.tolist(), strict=True):
        if not bad:
            assert micros(datetime.fromisoformat(text.upper())) == value


@given(st.lists(st.dates(), min_size=1, max_size=20))
def test_in_15_a_date_alone_is_its_midnight_in_utc(days: list[date]):
    found = read(*(str(day) for day in days))
    assert not found.bad.any()
    assert found.micros.tolist() == [micros(datetime(d.year, d.month, d.day)) for d in days]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2001-01-31T12:00", "2001-01-31T12:00:00Z"),
        ("2001-01-31 12:00:00", "2001-01-31T12:00:00Z"),
        ("2001-01-31T12:00Z", "2001-01-31T12:00:00Z"),
        ("2001-01-31T12:00+02:00", "2001-01-31T10:00:00Z"),
        ("2001-01-31T12:00:00.5", "2001-01-31T12:00:00.500000Z"),
        ("2001-01-31T12:00:00.123456000000", "2001-01-31T12:00:00.123456Z"),
        ("2001-01-31T12:00:00.000000000-00:30", "2001-01-31T12:30:00Z"),
        ("2000-02-29", "2000-02-29T00:00:00Z"),
        ("0001-01-01", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("0001-01-01T00:00:00-23:59", "0001-01-01T23:59:00Z"),
        ("9999-12-31T23:59:59.999999+23:59", "9999-12-31T00:00:59.999999Z"),
    ],
)
def test_in_15_every_form_of_the_contract_is_taken(text: str, same: str):
    found = read(text, same)
    assert not found.bad.any()
    assert found.micros[0] == found.micros[1] == micros(datetime.fromisoformat(same))


REFUSED = {
    "in_16": [
        "978307200", "978307200.0", "2001-W05-3", "2001-031", "20010131", "2001-01-31T1200",
        "2001-01", "2001", "31/01/2001", "01-31-2001", "2001-1-31", "2001-01-31T1:00",
    ],
    "in_17": [
        "2001-01-31T12:00:60Z", "2001-01-31T24:00:00Z", "2001-02-30", "2001-02-29", "1900-02-29",
        "2001-04-31", "2001-13-01", "2001-00-01", "2001-01-00", "2001-01-32", "2001-01-31T12:60",
        "2001-01-31T12:00:00+25:00", "2001-01-31T12:00:00+24:00", "2001-01-31T12:00:00+01:60",
        "2001-01-31T12:00:00+01", "2001-01-31T12:00:00+0100", "2001-01-31T12+01:00",
    ],
    "in_18": [
        "2001-01-31T12:00:00.1234567Z", "2001-01-31T12:00:00.0000001",
        "2001-01-31T12:00:00.1234560001+01:00", "2001-01-31T12:00:00.", "2001-01-31T12:00:00,5",
    ],
    "in_19": [
        "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59.999999-00:01", "0000-12-31", "0000-01-01",
        "10000-01-01", "-0001-01-01", "+2001-01-01",
    ],
    "in_20": [
        "2001-01-31T12:00:00Z\x00", "2001-01-31 noon", "2001-01-31T12:00:00Z x", "2001-01-31 ",
        " 2001-01-31", "2001-01-31\n", "2001-01-31T12:00:00ZZ", "2001-01-31Z", "2001-01-31+01:00",
        "", "T", "2001-01-31T12:00:00Z" + "0" * 100, "２００１-01-31", "２０-01-31", "not a time",
        "2001-01-31T12:00:00−05:00",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=f"{name}-{text[:40]!a}")
        for name, texts in REFUSED.items()
        for text in texts
    ],
)
def test_what_is_no_time_is_bad_and_spoils_no_other(text: str):
    found = read("2001-01-31", text, "2001-01-31T00:00:00Z")
    assert found.bad.tolist() == [False, True, False]
    assert found.micros[0] == found.micros[2]


def test_a_null_is_no_time():
    assert read(None, "2001-01-31").bad.tolist() == [True, False]


def test_nothing_is_read_from_nothing():
    assert len(read().micros) == 0


# ------------------------------------------------------------------ zones


@given(
    st.lists(st.datetimes(datetime(1970, 1, 1), datetime(2037, 1, 1)), max_size=20),
    st.sampled_from(
        ["America/Toronto", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe",
         "Pacific/Apia", "Pacific/Chatham", "UTC"]
    ),
)  # fmt: skip
def test_a_time_without_an_offset_is_that_of_the_zone(walls: list[datetime], name: str):
    found = read(*(wall.isoformat() for wall in walls), local=name)
    assert not found.bad.any()
    zone = ZoneInfo(name)
    assert found.micros.tolist() == [micros(wall.replace(tzinfo=zone)) for wall in walls]


def test_of_a_doubled_hour_the_first_is_meant():
    found = read("2021-11-07T01:30:00", local="America/Toronto")
    assert found.micros[0] == micros(datetime(2021, 11, 7, 5, 30, tzinfo=UTC))


def test_a_skipped_hour_is_moved_forward():
    found = read("2021-03-14T02:30:00", "2021-03-14T03:30:00", local="America/Toronto")
    assert found.micros.tolist() == [micros(datetime(2021, 3, 14, 7, 30, tzinfo=UTC))] * 2


def test_the_hours_of_a_day_of_25_hours_and_of_one_of_23_are_right():
    for first in (datetime(2021, 11, 7), datetime(2021, 3, 14)):
        walls = [first + timedelta(minutes=15 * quarter) for quarter in range(96)]
        found = read(*(wall.isoformat() for wall in walls), local="America/Toronto")
        assert found.micros.tolist() == [micros(wall.replace(tzinfo=TORONTO)) for wall in walls]


@pytest.mark.parametrize("name", ["America/New_York", "America/Toronto", "Europe/Amsterdam"])
def test_local_mean_time_before_there_were_zones_is_exact(name: str):
    zone = ZoneInfo(name)
    walls = [datetime(1883, 11, 18, 12, 3, 50) + timedelta(seconds=s) for s in range(0, 700, 3)]
    walls += [datetime(1894, 12, 31, 23, 59, 59), datetime(1895, 1, 1), datetime(1800, 6, 1)]
    walls += [datetime(1937, 6, 30, 23, 59, 40), datetime(1937, 7, 1, 0, 0, 10)]
    found = read(*(wall.isoformat() for wall in walls), local=name)
    assert found.micros.tolist() == [micros(wall.replace(tzinfo=zone)) for wall in walls]


def test_an_offset_in_the_text_goes_before_the_zone():
    found = read("2021-07-01T00:00:00Z", "2021-07-01T00:00:00+02:00", local="America/Toronto")
    assert found.micros.tolist() == read("2021-07-01", "2021-06-30T22:00").micros.tolist()


def test_a_zone_may_not_push_a_time_out_of_the_years_1_to_9999():
    assert read("9999-12-31T23:00:00", local="America/Toronto").bad.tolist() == [True]
    assert read("0001-01-01T00:00:00", local="Asia/Kathmandu").bad.tolist() == [True]


@pytest.mark.parametrize("name", ["", "Nowhere", "../etc/passwd", "UTC\x00", "A" * 500, "/UTC"])
def test_an_unknown_zone_is_refused_by_its_name(name: str):
    with pytest.raises(InvalidInputError) as refused:
        times.zone(name)
    assert "timezone" in refused.value.details


# ------------------------------------------------------------------ columns with types


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_instants_of_any_unit_are_read(unit: str):
    time = datetime(2001, 1, 31, 12, tzinfo=UTC)
    found = times.from_arrow(pa.array([time, None], pa.timestamp(unit, "America/Toronto")))
    assert found.micros[0] == micros(time)
    assert found.bad.tolist() == [False, True]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_dates_are_midnights_also_before_1970(kind: pa.DataType):
    days = [date(1, 1, 1), date(1969, 12, 31), date(2001, 1, 31), date(9999, 12, 31)]
    found = times.from_arrow(pa.array(days, kind))
    assert found.micros.tolist() == [micros(datetime(d.year, d.month, d.day)) for d in days]


def test_in_18_nanoseconds_are_never_cut_silently():
    found = times.from_arrow(pa.array([1_001, 2_000, -1, None], pa.timestamp("ns")))
    assert found.bad.tolist() == [True, False, True, True]
    assert found.micros[1] == 2


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("value", [2**62, -(2**62), 2**63 - 1, -(2**63), 2**58])
def test_in_19_an_instant_far_out_of_range_does_not_wrap_round_into_it(value: int, unit: str):
    found = times.from_arrow(pa.array([value, 0], pa.int64()).cast(pa.timestamp(unit)))
    assert found.bad.tolist() == [True, False]


def test_an_instant_without_a_zone_is_local():
    wall = pa.array([datetime(2021, 7, 1, 12)], pa.timestamp("ms"))
    found = times.from_arrow(wall, times.zone("America/Toronto"))
    assert found.micros[0] == micros(datetime(2021, 7, 1, 16))


@pytest.mark.parametrize("column", [pa.array([1, 2]), pa.array([1.5]), pa.array([True])])
def test_in_16_a_column_of_numbers_holds_no_times(column: pa.Array):
    with pytest.raises(InvalidInputError):
        times.from_arrow(column)
