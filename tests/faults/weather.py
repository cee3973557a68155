"""NOAA with as many stations as one likes, whose values anybody can work out."""

from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from tests.connectors.fakes.server import Call, FakeProvider, Fault, Reply, proper

STATIONS = [f"USW{number:08}" for number in range(500)]
HEADER = '"STATION","DATE","TMAX","TMAX_ATTRIBUTES"\n'


def value(code: str, day: int) -> float:
    """What a station has measured on a day, as `date.toordinal` counts them."""
    return round(((day * 7 + int(code[3:]) * 13) % 500) / 10 - 15, 1)


def days(first: date, last: date) -> range:
    return range(first.toordinal(), last.toordinal() + 1)


@lru_cache(maxsize=64)
def _lines(first: int, last: int) -> list[tuple[int, str]]:
    return [(day, date.fromordinal(day).isoformat()) for day in range(first, last + 1)]


class Weather(FakeProvider):
    """Every station has a value on every day.

    `revised` ones are so much higher, `late` ones are not there yet, and `spoil` holds the
    faults of the next answers about a station.
    """

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.reset()

    def reset(self) -> None:
        super().reset()
        self.revised: dict[tuple[str, int], float] = {}
        self.late: set[tuple[str, int]] = set()
        self.spoil: defaultdict[str, deque[Fault]] = defaultdict(deque)

    @property
    def base_url(self) -> str:
        return f"{self.url}/"

    def values(self, code: str, first: date, last: date) -> Iterator[tuple[int, float]]:
        for day in days(first, last):
            if (code, day) not in self.late:
                yield day, round(value(code, day) + self.revised.get((code, day), 0.0), 1)

    def answer(self, call: Call) -> Reply:
        code = call.params["stations"]
        first, last = (
            date.fromisoformat(call.params[name][:10]) for name in ("startDate", "endDate")
        )
        values = dict(self.values(code, first, last))
        lines = (
            f'"{code}","{text}","{values[day]:6.1f}",",,W"\n'
            for day, text in _lines(first.toordinal(), last.toordinal())
            if day in values
        )
        body = (HEADER + "".join(lines)).encode()
        fault = self.spoil[code].popleft() if self.spoil[code] else proper
        return fault(Reply(200, body, {"Content-Type": "text/csv"}))

    def calls_of(self, code: str) -> list[Call]:
        return [call for call in self.calls if call.params["stations"] == code]
