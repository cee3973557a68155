"""When a feed is due: five fields of cron in UTC, or every so often."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from datastream.core.errors import InvalidInputError

EVERY = re.compile(r"([1-9][0-9]{0,4})(m|h|d)", re.ASCII)
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
# The ticks come every ten seconds, and a provider's data hardly ever every minute.
LEAST = timedelta(minutes=5)
HELP = 'Write {"every": "6h"} (m, h, d; at least 5m) or {"cron": "30 6 * * *"} in UTC.'
FIELD = re.compile(r"[0-9*/,-]{1,100}", re.ASCII)
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# How many values a field has, and the least of them.
SIZES = ((60, 0), (24, 0), (31, 1), (12, 1), (7, 0))
# After so many days every 29 February has been every day of the week, also across 2100.
SEARCHED_DAYS = 366 * 41
A_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cron:
    """The values of the five fields; Sunday is 0.

    either : whether one of the day's two fields is enough, as where both of them choose.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    def has_day(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        found = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return any(found) if self.either else all(found)

    def first_on(self, day: datetime) -> datetime | None:
        """The first minute at or after this one on its day."""
        if not self.has_day(day):
            return None
        times = ((hour, minute) for hour in self.hours for minute in self.minutes)
        found = next((time for time in times if time >= (day.hour, day.minute)), None)
        return None if found is None else day.replace(hour=found[0], minute=found[1])

    def next_after(self, now: datetime) -> datetime:
        day = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        for _ in range(SEARCHED_DAYS):
            moment = self.first_on(day)
            if moment is not None:
                return moment
            day = (day + timedelta(days=1)).replace(hour=0, minute=0)
        raise InvalidInputError.of("schedule", "This time never comes.")


def check(schedule: Any) -> dict[str, str] | None:
    """The schedule if it can be kept; InvalidInputError names the field `schedule`."""
    if schedule is None:
        return None
    if not isinstance(schedule, Mapping) or len(schedule) != 1:
        raise InvalidInputError.of("schedule", HELP)
    ((kind, text),) = schedule.items()
    if not isinstance(text, str) or kind not in {"every", "cron"}:
        raise InvalidInputError.of("schedule", HELP)
    next_after({kind: text}, A_TIME)
    return {kind: text}


def next_after(schedule: Mapping[str, str] | None, now: datetime) -> datetime | None:
    """The next time after now at which a feed is due; None without a schedule."""
    if not schedule:
        return None
    if "every" in schedule:
        return now + every(schedule["every"])
    return cron(schedule["cron"]).next_after(now)


def every(text: str) -> timedelta:
    found = EVERY.fullmatch(text)
    if not found or (span := int(found[1]) * UNITS[found[2]]) < LEAST:
        raise InvalidInputError.of("schedule", HELP)
    return span


def cron(text: str) -> Cron:
    fields = text.lower().split()
    if len(fields) != len(SIZES):
        raise InvalidInputError.of("schedule", HELP)
    fields[3] = _numbered(fields[3], MONTHS, first=1)
    fields[4] = _from_sunday(_numbered(fields[4], WEEKDAYS, first=0))
    minutes, hours, days, months, weekdays = (
        _values(field, size, least) for field, (size, least) in zip(fields, SIZES, strict=True)
    )
    return Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(weekdays),
        either=not (fields[2].startswith("*") or fields[4].startswith("*")),
    )


def _numbered(field: str, names: list[str], *, first: int) -> str:
    for number, name in enumerate(names, first):
        field = re.sub(rf"\b{name}\b", str(number), field)
    return field


def _from_sunday(field: str) -> str:
    """Days of the week with 0 in the place of 7, which are both Sunday."""
    field = re.sub(r"(?<![0-9])0-7(?![0-9])", "*", field)
    return re.sub(r"(?<![0-9/])7(?![0-9])", "0", field)


def _values(field: str, size: int, least: int) -> set[int]:
    """Celery's reading of one field."""
    # Takes half a second, and only those who schedule need it.
    from celery.schedules import ParseException, crontab_parser

    if not FIELD.fullmatch(field):
        raise InvalidInputError.of("schedule", HELP)
    try:
        values: set[int] = crontab_parser(size, least).parse(field)
    except (ParseException, ValueError) as error:
        raise InvalidInputError.of("schedule", HELP) from error
    return values
