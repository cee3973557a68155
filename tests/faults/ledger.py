"""What was sent and what became of it, against what is found in the end."""

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields

ACKED, REFUSED, UNKNOWN = "acked", "refused", "unknown"

Row = tuple[str, str]  # station and instant
Found = tuple[str, str, float]


@dataclass
class Batch:
    """Rows that were sent together, all with one value that no other batch has.

    Without a value the rows were deleted. `key` is its Idempotency-Key.
    """

    key: str
    rows: Sequence[Row]
    value: float | None
    outcome: str = UNKNOWN


@dataclass
class Findings:
    """What must not be there, counted."""

    lost: int = 0
    doubled: int = 0
    torn: int = 0
    phantom: int = 0
    stuck: int = 0
    told_twice: int = 0

    @property
    def is_clean(self) -> bool:
        return not any(asdict(self).values())

    def __iadd__(self, other: "Findings") -> "Findings":
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
        return self


@dataclass
class Ledger:
    """The batches in the order in which they were sent; no two writers have a row in common."""

    batches: list[Batch] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def note(self, batch: Batch) -> None:
        with self.guard:
            self.batches.append(batch)

    def of(self, outcome: str) -> list[Batch]:
        return [batch for batch in self.batches if batch.outcome == outcome]

    @property
    def acked_rows(self) -> int:
        return sum(len(batch.rows) for batch in self.of(ACKED))

    def expected(self) -> dict[Row, Batch]:
        """For each row that must be there the batch that it must come from."""
        state: dict[Row, Batch] = {}
        for batch in self.of(ACKED):
            for row in batch.rows:
                if batch.value is None:
                    state.pop(row, None)
                else:
                    state[row] = batch
        return state

    def compare(self, found: Iterable[Found], *, counted: int, changes: int) -> Findings:
        """What is wrong with what was found.

        Parameters
        ----------
        counted : how many points the platform says there are
        changes : how many revisions there are
        """
        told = list(found)
        values = {(station, instant): value for station, instant, value in told}
        expected = self.expected()
        wrong = [row for row, batch in expected.items() if values.get(row) != batch.value]
        strange = set(values) - set(expected)
        findings = Findings(
            lost=len(wrong),
            doubled=len(told) - len(values) + abs(counted - len(told)),
            torn=self._torn(expected, set(wrong)),
            phantom=len(strange),
        )
        acked = len(self.of(ACKED))
        findings.told_twice = max(changes - acked, 0)
        # An acknowledged write that left no revision was lost, be its rows there or not.
        findings.lost += max(acked - changes, 0)
        return findings

    def _torn(self, expected: dict[Row, Batch], wrong: set[Row]) -> int:
        """Batches of which a part is there."""
        whole = Counter(batch.key for batch in expected.values())
        missing = Counter(expected[row].key for row in wrong)
        return sum(0 < missing[key] < whole[key] for key in whole)


def announced(events: Sequence[int]) -> Findings:
    """What is wrong with how often each revision was announced; each has to be once."""
    return Findings(
        lost=sum(count == 0 for count in events),
        told_twice=sum(max(count - 1, 0) for count in events),
    )


def is_mixed(found: Iterable[Found]) -> bool:
    """Whether rows that are always written together are of several batches, seen in one read."""
    return len({value for _, _, value in found}) > 1
