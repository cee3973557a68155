"""The id of a point is made from its key and not stored.

`SSSSSSSS-DDDD-8DDD-8TTT-TTTTTTTTTTTT`: station number, the last 28 bits of the dataset's id, and
microseconds since year 1, in the form of a version 8 UUID. Ids sort by station and then by time.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# PostgreSQL counts from the year 2000.
SINCE_2000 = "interval '17522856 hours'"


def point_id(dataset_id: UUID, station: int, timestamp: datetime) -> UUID:
    part = dataset_id.int & 0xFFFFFFF
    time = (timestamp - YEAR_1) // MICROSECOND
    return UUID(
        int=station << 96 | (part >> 12) << 80 | 8 << 76 | (part & 0xFFF) << 64 | 8 << 60 | time
    )


def key_of(dataset_id: UUID, identity: UUID) -> tuple[int, datetime] | None:
    """Station number and time of a point's id, or None where it is none of this dataset."""
    time = timedelta(microseconds=identity.int & 0xFFFFFFFFFFFFFFF)
    try:
        station, timestamp = identity.int >> 96, YEAR_1 + time
    except OverflowError:
        return None
    return (station, timestamp) if point_id(dataset_id, station, timestamp) == identity else None


def sql(dataset_id: UUID, station: str, timestamp: str) -> str:
    """The same as an SQL expression of text; `station` and `timestamp` are column names of ours."""
    return " || ".join(sql_parts(dataset_id, station, timestamp))


def sql_parts(dataset_id: UUID, station: str, timestamp: str) -> tuple[str, str]:
    """What is the same for all points of a station, and the rest."""
    part = f"{dataset_id.int & 0xFFFFFFF:07x}"
    micros = f"encode(timestamptz_send({timestamp} + {SINCE_2000}), 'hex')"
    return (
        f"lpad(to_hex({station}), 8, '0') || '-{part[:4]}-8{part[4:]}-8'",
        f"overlay(substr({micros}, 2) placing '-' from 4 for 0)",
    )
