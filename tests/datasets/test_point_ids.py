"""The id of a point: Python and SQL make the same one, and its key can be read from it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from datasets import point_ids
from datasets.models.catalogue import LARGEST_STATION

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

datasets = st.uuids()
stations = st.integers(1, LARGEST_STATION)
instants = st.datetimes(timezones=st.just(UTC)) | st.sampled_from([FIRST, LAST])


def ids_by_sql(dataset: UUID, keys: list[tuple[int, datetime]], zone: str) -> list[str]:
    made = point_ids.sql(dataset, "k.station", "k.timestamp")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('timezone', %s, true)", [zone])
        cursor.execute(
            f"SELECT {made} FROM unnest(%s::bigint[], %s::timestamptz[])"  # noqa: S608 - ours
            " WITH ORDINALITY k(station, timestamp, n) ORDER BY n",
            [[station for station, _ in keys], [time.isoformat() for _, time in keys]],
        )
        return [identity for (identity,) in cursor.fetchall()]


@given(datasets, stations, instants)
def test_the_key_can_be_read_from_the_id(dataset: UUID, station: int, timestamp: datetime):
    identity = point_ids.point_id(dataset, station, timestamp)
    assert point_ids.key_of(dataset, identity) == (station, timestamp)
    assert identity.version == 8
    assert identity.variant == "specified in RFC 4122"


@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns"])
def test_sql_makes_the_same_ids_in_any_session_zone(db: None, zone: str):
    for dataset in (uuid4(), UUID(int=0), UUID(int=2**128 - 1)):
        keys = [
            (station, FIRST + (LAST - FIRST) * (share / 997))
            for share in range(998)
            for station in (1, 10 + share**3, LARGEST_STATION)
        ]
        keys += [(1, FIRST), (1, LAST), (LARGEST_STATION, FIRST), (LARGEST_STATION, LAST)]
        expected = [str(point_ids.point_id(dataset, *key)) for key in keys]
        assert ids_by_sql(dataset, keys, zone) == expected


@given(datasets, st.lists(st.tuples(stations, instants), max_size=20))
def test_ids_sort_by_station_and_then_by_time(dataset: UUID, keys: list[tuple[int, datetime]]):
    ids = [str(point_ids.point_id(dataset, *key)) for key in sorted(keys)]
    assert ids == sorted(ids)


@given(datasets, stations, instants)
def test_the_id_of_another_dataset_is_none_of_ours(
    dataset: UUID, station: int, timestamp: datetime
):
    other = UUID(int=dataset.int ^ 1)
    assert point_ids.key_of(other, point_ids.point_id(dataset, station, timestamp)) is None


@given(datasets, st.uuids())
def test_an_id_made_up_is_refused_or_is_the_id_of_its_key(dataset: UUID, made_up: UUID):
    key = point_ids.key_of(dataset, made_up)
    assert key is None or point_ids.point_id(dataset, *key) == made_up


def test_an_id_whose_time_lies_after_the_year_9999_is_none_of_ours():
    dataset = uuid4()
    last = point_ids.point_id(dataset, 1, LAST)
    assert point_ids.key_of(dataset, UUID(int=last.int + 1)) is None
    assert point_ids.key_of(dataset, UUID(int=last.int | 2**60 - 1)) is None
    earlier = point_ids.point_id(dataset, 1, LAST - timedelta(microseconds=1))
    assert UUID(int=last.int - 1) == earlier
