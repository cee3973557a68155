"""Where rows lie: the first and last instant of each station."""

from dataclasses import dataclass, field

from datasets.ingest.rows import Ints


@dataclass(slots=True)
class Spans:
    """Spans added one after another; `overlapped` tells whether two of them ever met.

    first, last : station → µs, both in
    """

    first: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    overlapped: bool = False

    def add(self, stations: Ints, first: Ints, last: Ints) -> None:
        self.overlapped = self.overlapped or self.overlap(stations, first, last)
        for station, lo, hi in zip(stations.tolist(), first.tolist(), last.tolist(), strict=True):
            self.first[station] = min(lo, self.first.get(station, lo))
            self.last[station] = max(hi, self.last.get(station, hi))

    def overlap(self, stations: Ints, first: Ints, last: Ints) -> bool:
        """Whether one of these meets what is here; a hole between two added spans counts too."""
        return any(
            station in self.first and lo <= self.last[station] and hi >= self.first[station]
            for station, lo, hi in zip(
                stations.tolist(), first.tolist(), last.tolist(), strict=True
            )
        )

    def meets(self, other: "Spans") -> bool:
        return any(
            station in other.first
            and lo <= other.last[station]
            and self.last[station] >= other.first[station]
            for station, lo in self.first.items()
        )

    @property
    def extent(self) -> tuple[int, int]:
        return min(self.first.values()), max(self.last.values())
