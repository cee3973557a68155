"""A made-up provider with pages, its connector, and what it can get wrong."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from connectors.base import (
    DATE_PARAMETERS,
    Connector,
    Host,
    Page,
    Place,
    Product,
    Quota,
    Request,
    SchemaDriftError,
    Station,
    Variable,
    Window,
)
from connectors.columns import TIMESTAMP
from tests.connectors.fakes.server import Call, FakeProvider, Reply

DAY_US = 86_400_000_000
EPOCH = date(1970, 1, 1)


class FakeLines(FakeProvider):
    """Answers `{"rows": [[station, day, value], …], "more": whether there is a next page}`."""

    def reset(self) -> None:
        super().reset()
        self.page_size = 1000
        # How many rows of a page the next one has again.
        self.overlap = 0
        self.is_endless = False
        self.is_reversed = False
        self.change = 0.0
        self.columns = ("rows", "more")

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.reset()

    def answer(self, call: Call) -> Reply:
        rows = list(self._rows(call.params))
        page = int(call.params.get("page", "0"))
        first = page * (self.page_size - self.overlap)
        part = rows[first : first + self.page_size]
        if self.is_reversed:
            part.reverse()
        more = self.is_endless or first + self.page_size < len(rows)
        content = dict(zip(self.columns, (part, more), strict=True))
        return Reply(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _rows(self, params: Mapping[str, str]) -> Iterator[list[object]]:
        day = date.fromisoformat(params["start"])
        while day < date.fromisoformat(params["end"]):
            yield [params["station"], day.isoformat(), value(day) + self.change]
            day += timedelta(days=1)


def value(day: date) -> float:
    return float((day - EPOCH).days % 97)


class Lines(Product):
    """One request a year of a station; `unknown` and `wide` have variables of their own.

    `feet` has another unit.
    """

    name, title = "lines", "Lines"
    host = Host("LINES_BASE_URL", "http://127.0.0.1:9/")
    variables = {"level": Variable("level", "m")}
    parameters = {
        **DATE_PARAMETERS,
        "stations": {"type": "array", "items": {"type": "string"}},
        "kind": {"type": "string"},
    }
    required = ("start", "stations")
    quota = Quota(per_second=1e6, parallel=2)
    time_rule = "A day is its midnight in UTC."
    lookback_days = 10

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        return [Place(code) for code in parameters["stations"]]

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        return [
            Request(
                "lines",
                {
                    "station": place.station,
                    "start": part.start.isoformat(),
                    "end": part.end.isoformat(),
                },
                place,
                part,
            )
            for part in window.by_year()
        ]

    def parse(self, request: Request, answer: Any) -> Page:
        content = json.loads(answer.body)
        if set(content) != {"rows", "more"}:
            raise SchemaDriftError("The answer has other names.")
        table = pa.table(
            {
                "station": pa.array([row[0] for row in content["rows"]], pa.string()),
                "timestamp": pa.array(
                    [(date.fromisoformat(row[1]) - EPOCH).days * DAY_US for row in content["rows"]],
                    TIMESTAMP,
                ),
                "level": pa.array([row[2] for row in content["rows"]], pa.float64()),
            }
        )
        if request.station.startswith("unknown"):
            table = table.rename_columns(["station", "timestamp", "strange"])
        if request.station == "wide":
            for n in range(200):
                table = table.append_column(f"level {n}", table["level"])
        return Page(
            table,
            (Station(request.station),),
            variables=(Variable("level", "ft"),) if request.station == "feet" else (),
            next=self._next(request, content["more"]),
        )

    @staticmethod
    def _next(request: Request, more: bool) -> Request | None:
        if not more:
            return None
        page = str(int(str(request.params.get("page", "0"))) + 1)
        return Request(
            request.path, {**request.params, "page": page}, request.place, request.window
        )


class Undated(Lines):
    name = "undated"
    is_dated = False

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        return super().requests(parameters, place, Window(date(2001, 1, 1), date(2001, 1, 4)))


LINES = Connector("lines", "Lines", "None", "Nobody", "None", (Lines(), Undated()))
