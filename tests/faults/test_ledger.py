"""What the ledger makes of what is found."""

import pytest

from tests.faults.ledger import ACKED, REFUSED, Batch, Findings, Ledger, announced, is_mixed

ROWS = [("A", f"2001-01-0{day}T00:00:00Z") for day in range(1, 5)]


def ledger() -> Ledger:
    """A batch, one over half of it, one that was refused, and one that took a row away."""
    return Ledger(
        [
            Batch("1", ROWS, 1.0, ACKED),
            Batch("2", ROWS[:2], 2.0, ACKED),
            Batch("3", ROWS, 3.0, REFUSED),
            Batch("4", ROWS[3:], None, ACKED),
        ]
    )


WHOLE = [(*ROWS[0], 2.0), (*ROWS[1], 2.0), (*ROWS[2], 1.0)]


def test_what_is_as_it_was_acknowledged_is_clean() -> None:
    book = ledger()
    assert book.compare(WHOLE, counted=3, changes=3).is_clean
    assert book.acked_rows == 7


@pytest.mark.parametrize(
    ("found", "counted", "changes", "expected"),
    [
        (WHOLE[:2], 2, 3, Findings(lost=1)),
        ([*WHOLE[1:], (*ROWS[0], 1.0)], 3, 3, Findings(lost=1, torn=1)),
        ([*WHOLE, WHOLE[0]], 4, 3, Findings(doubled=1)),
        (WHOLE, 4, 3, Findings(doubled=1)),
        ([*WHOLE, (*ROWS[3], 1.0)], 4, 3, Findings(phantom=1)),
        ([*WHOLE, ("B", ROWS[0][1], 9.0)], 4, 3, Findings(phantom=1)),
        (WHOLE, 3, 4, Findings(told_twice=1)),
        (WHOLE, 3, 2, Findings(lost=1)),
    ],
    ids=["gone", "old", "twice", "counted", "deleted", "unknown", "told", "untold"],
)
def test_each_fault_is_counted_as_what_it_is(
    found: list[tuple[str, str, float]], counted: int, changes: int, expected: Findings
) -> None:
    assert ledger().compare(found, counted=counted, changes=changes) == expected


def test_a_revision_is_announced_once_and_not_more_often() -> None:
    assert announced([1, 1, 1]).is_clean
    assert announced([1, 0, 3]) == Findings(lost=1, told_twice=2)


def test_findings_add_up() -> None:
    findings = Findings(lost=1)
    findings += Findings(lost=1, torn=2)
    assert findings == Findings(lost=2, torn=2)
    assert not findings.is_clean


def test_one_read_of_what_is_written_whole_has_one_value() -> None:
    assert not is_mixed(WHOLE[:2])
    assert is_mixed(WHOLE)
