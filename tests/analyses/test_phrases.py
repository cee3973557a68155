"""How sentences write numbers, counts and times."""

import pytest

from analyses.methods.words import phrases


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.5, "−0.5"), (1013.25, "1,013"), (1.5e-7, "1.500e−07"), (2e20, "2.000e+20"),
     (-0.00001, "−0.00001"), (None, "not known")],
)  # fmt: skip
def test_numbers_have_four_digits_and_a_true_minus(value: float | None, text: str) -> None:
    assert phrases.number(value) == text


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert phrases.number(-0.001, digits=1) == "0.0"


def test_a_share_is_all_or_nothing_only_where_it_is() -> None:
    told = [phrases.percent(share) for share in (0, 0.0001, 0.5, 0.99999, 1, None)]
    assert told == ["0 %", "0.1 %", "50 %", "99.9 %", "100 %", "not known"]


def test_counts_agree_with_their_noun() -> None:
    flagged = {"n": 1, "left_out": 1}
    told = phrases.counted(flagged, phrases.used(flagged))
    assert told == "1 value is used; 1 value flagged as failed is left out."
    assert phrases.count(2000, "value") == "2,000 values"


def test_moments_are_as_exact_as_their_step() -> None:
    at = "2001-02-03T04:05:00Z"
    told = [phrases.moment(at, step) for step in ("year", "month", "day", "raw")]
    assert told == ["2001", "2001-02", "2001-02-03", "2001-02-03 04:05 UTC"]
    assert phrases.moment("yesterday") == phrases.moment(None) == "not known"
