"""When a feed is due: five fields of cron in UTC, or every so often."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from datastream.core.errors import InvalidInputError

EVERY = re.compile(r"([1-9][0-9]{0,4})(m|h|d)", re.ASCII)
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
# The ticks come every ten seconds, and a provider's data hardly ever every minute.
LEAST = timedelta(minutes=5)
HELP = 'Write {"every": "6h"} (m, h, d; at least 5m) or {"cron": "30 6 * * *"} in UTC.'


def check(schedule: Any) -> dict[str, str] | None:
    """The schedule if it can be kept; InvalidInputError names the field `schedule`."""
    if schedule is None:
        return None
    if not isinstance(schedule, Mapping) or len(schedule) != 1:
        raise InvalidInputError.of("schedule", HELP)
    ((kind, text),) = schedule.items()
    if not isinstance(text, str) or kind not in {"every", "cron"}:
        raise InvalidInputError.of("schedule", HELP)
    if kind == "every":
        every(text)
    else:
        cron(text)
    return {kind: text}


def every(text: str) -> timedelta:
    found = EVERY.fullmatch(text)
    if not found or (span := int(found[1]) * UNITS[found[2]]) < LEAST:
        raise InvalidInputError.of("schedule", HELP)
    return span


def cron(text: str) -> Any:
    """Celery's reading of five fields."""
    # Takes half a second, and only those who schedule need it.
    from celery.schedules import ParseException, crontab

    try:
        found = crontab.from_string(text)
    except (ParseException, ValueError, TypeError) as error:
        raise InvalidInputError.of("schedule", HELP) from error
    if not (found.minute and found.hour and found.day_of_month and found.month_of_year):
        raise InvalidInputError.of("schedule", HELP)
    return found


def next_after(schedule: Mapping[str, str] | None, now: datetime) -> datetime | None:
    """The next time after now at which a feed is due; None without a schedule."""
    if not schedule:
        return None
    if "every" in schedule:
        return now + every(schedule["every"])
    table = cron(schedule["cron"])
    # Days that never come, such as 30 February, end the search after all kinds of years.
    day = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for _ in range(366 * 8):
        moment = _on_day(table, day)
        if moment is not None:
            return moment
        day = (day + timedelta(days=1)).replace(hour=0, minute=0)
    raise InvalidInputError.of("schedule", "This time never comes.")


def _on_day(table: Any, first: datetime) -> datetime | None:
    """The first minute at or after `first` on its day that the table has."""
    if first.month not in table.month_of_year or first.day not in table.day_of_month:
        return None
    if first.isoweekday() % 7 not in table.day_of_week:
        return None
    for hour in sorted(table.hour):
        for minute in sorted(table.minute):
            if (hour, minute) >= (first.hour, first.minute):
                return first.replace(hour=hour, minute=minute)
    return None
