"""NOAA's daily summaries made by the megabyte, for measuring: equal values at every station.

By hand: `python -m tests.connectors.fakes.noaa_bulk --port 8906`, asked as `fakes.noaa` is.
"""

import argparse
import sys
import time
from datetime import date, timedelta
from functools import cache

from tests.connectors.fakes.server import Call, FakeProvider, Reply

NAMES = ("TMAX", "TMIN", "PRCP", "SNOW", "SNWD", "AWND")
STAND_IN = "USW00099999"
HEADER = ["STATION", "DATE", "NAME", "LATITUDE", "LONGITUDE", "ELEVATION"]


class FakeBulkNoaa(FakeProvider):
    """Answers each span of days at once, from what it made when it was first asked for it."""

    def answer(self, call: Call) -> Reply:
        first, last = (date.fromisoformat(call.params[name]) for name in ("startDate", "endDate"))
        station = call.params["stations"].encode()
        content = body(first, last).replace(STAND_IN.encode(), station)
        return Reply(200, content, {"Content-Type": "text/csv"})


@cache
def body(first: date, last: date) -> bytes:
    names = [*HEADER, *(one for name in NAMES for one in (name, f"{name}_ATTRIBUTES"))]
    lines = [",".join(f'"{name}"' for name in names)]
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        fixed = (STAND_IN, day.isoformat(), "A PLACE, XX", "47.4444", "-122.3139", "112.8")
        values = (20 + n % 17 / 10, 5 + n % 13 / 10, n % 7 / 10, 0, 0, 3 + n % 11 / 10)
        told = (text for value in values for text in (f"{value:5.1f}", ",,W"))
        lines.append(",".join(f'"{text}"' for text in (*fixed, *told)))
    return ("\n".join(lines) + "\n").encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=8906)
    with FakeBulkNoaa(parser.parse_args().port) as noaa:
        sys.stdout.write(f"{noaa.url}/\n")
        sys.stdout.flush()
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
