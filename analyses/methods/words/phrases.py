"""How sentences write numbers, units, periods and counts; a result may lack any of them."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Results = Mapping[str, Any]
UNKNOWN = "not known"
DIGITS = 4
NOUNS = {"Y": "year", "M": "month", "D": "day", "TH": "hour", "TM": "minute", "TS": "second"}
LEVEL = 0.05  # of p, below which something is told apart from chance


def at(results: Any, path: str) -> Any:
    """What stands at a path such as "theil_sen.per_decade"; None where nothing does."""
    for name in path.split("."):
        results = results.get(name) if isinstance(results, Mapping) else None
    return results


def amount(results: Any, path: str) -> float | None:
    """The finite number at a path."""
    found = at(results, path)
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return float(found) if is_number and math.isfinite(found) else None


def amounts(results: Any, path: str) -> list[float | None]:
    """The numbers of a list, None for what is none."""
    return [amount({"one": one}, "one") for one in entries(results, path)]


def entries(results: Any, path: str) -> Sequence[Any]:
    found = at(results, path)
    return found if isinstance(found, list) else []


def text_at(results: Any, path: str) -> str:
    found = at(results, path)
    return found if isinstance(found, str) else ""


# ------------------------------------------------------------------ numbers


def decimals(width: float) -> int:
    """How many decimals show two significant digits of an interval so wide."""
    return 0 if width == 0 else min(12, max(0, 1 - math.floor(math.log10(abs(width)))))


def number(value: float | None, *, digits: int | None = None) -> str:
    """With four significant digits, or so many decimals; a true minus, and zero without one."""
    if value is None:
        return UNKNOWN
    if digits is None:
        digits = max(0, DIGITS - 1 - math.floor(math.log10(abs(value)))) if value else 0
        is_plain = 1e-5 <= abs(value) < 1e15
        text = f"{value:,.{digits}f}" if is_plain or not value else f"{value:.{DIGITS - 1}e}"
        text = text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
    else:
        text = f"{value:,.{digits}f}" if abs(value) < 1e15 else f"{value:.{DIGITS - 1}e}"
    is_zero = float(text.replace(",", "")) == 0
    return (text.removeprefix("-") if is_zero else text).replace("-", "−")


def signed(value: float | None, *, digits: int | None = None) -> str:
    text = number(value, digits=digits)
    return f"+{text}" if value is not None and text != "0" and not text.startswith("−") else text


def valued(value: float | None, unit: str, *, digits: int | None = None) -> str:
    text = number(value, digits=digits)
    return text if value is None else joined(text, unit)


def joined(text: str, unit: str) -> str:
    """A number with its unit; "1" and what is not declared are not told."""
    return f"{text} {unit}" if unit and unit != "1" else text


def unit_of(results: Any) -> str:
    """The unit of the series; of means of amounts with the time they fell in, as in mm a day."""
    unit, interval = text_at(results, "unit"), text_at(results, "amount_interval")
    return f"{unit} {spoken(interval)}" if unit and interval else unit


def of_amounts(results: Any, unit: str) -> str:
    """A unit such as "mm per decade" that begins with that of the series, told like it."""
    own = text_at(results, "unit")
    return unit_of(results) + unit.removeprefix(own) if own and unit.startswith(own) else unit


def spoken(interval: str) -> str:
    """An ISO 8601 duration as what an amount is of: a day, an hour, in 3 hours."""
    match = re.fullmatch(r"P(T?)(\d+)([YMDHS])", interval)
    if not match:
        return f"in {interval}"
    noun, n = NOUNS.get(match[1] + match[3], interval), int(match[2])
    return f"in {n} {noun}s" if n > 1 else f"an {noun}" if noun == "hour" else f"a {noun}"


def between(
    value: float | None, lower: float | None, upper: float | None, *, unit: str, share: float | None
) -> str:
    """A value with its interval, to as many digits as the interval makes sense of."""
    if lower is None or upper is None:
        return f"{valued(value, unit)} (its interval is not known)"
    digits = decimals(upper - lower)
    low, high = number(lower, digits=digits), number(upper, digits=digits)
    name = f"{percent(share)} interval" if share is not None else "interval"
    return f"{valued(value, unit, digits=digits)} ({name} {low} to {high})"


def percent(share: float | None) -> str:
    """Never 100 % or 0 % of what is only nearly that."""
    if share is None:
        return UNKNOWN
    digits = 0 if share in {0.0, 1.0} else 1
    shown = min(max(100 * share, 0.1), 99.9) if 0 < share < 1 else 100 * share
    return f"{number(shown, digits=digits).removesuffix('.0')} %"


def probability(p: float | None) -> str:
    if p is None:
        return "p is not known"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def count(n: float | None, noun: str) -> str:
    """A count with its noun, which takes an s where it is not one."""
    if n is None:
        return f"an unknown number of {noun}s"
    return f"{n:,.0f} {noun}" if n == 1 else f"{n:,.0f} {noun}s"


def verb(n: float | None, one: str = "is", several: str = "are") -> str:
    return one if n == 1 else several


# ------------------------------------------------------------------ time and place


def subject(results: Any) -> str:
    """The variable at its station."""
    names = [text_at(results, name) for name in ("variable", "station")]
    return " at ".join(name for name in names if name) or "The series"


def moment(text: Any, step: str = "") -> str:
    """A timestamp as exactly as its step is: a year, a month, a day, or a minute in UTC."""
    try:
        when = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return UNKNOWN
    if step == "year":
        return f"{when.year:04}"
    if step == "month":
        return f"{when.year:04}-{when.month:02}"
    day = f"{when.year:04}-{when.month:02}-{when.day:02}"
    is_day = step in {"day", "season"} or when.hour == when.minute == when.second == 0
    return day if is_day else f"{day} {when:%H:%M} UTC"


def span(results: Any, step: str = "") -> str:
    """From the first value to the last."""
    first, last = (moment(at(results, name), step) for name in ("start", "end"))
    return first if first == last else f"{first} to {last}"


def reference(results: Any) -> str:
    """The years of the reference period."""
    first, last = (at(results, f"reference.{name}") for name in ("start", "end"))
    return UNKNOWN if first is None or last is None else f"{first} to {last}"


def counted(results: Any, used: str) -> str:
    """How many values stand behind it, and how many were left out for their flag."""
    flagged = amount(results, "left_out")
    if not flagged:
        return f"{used}; none is left out for its flag."
    return f"{used}; {count(flagged, 'value')} flagged as failed {verb(flagged)} left out."


def used(results: Any, path: str = "n") -> str:
    n = amount(results, path)
    return f"{count(n, 'value')} {verb(n)} used"


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def warned(results: Any) -> list[str]:
    return [text for text in [text_at(results, "warning")] if text]
