"""Results of any analysis as tables for the eye."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyses.methods.results import unit_of

MOST_ROWS = 40
MOST_COLUMNS = 8
# Longer ones are tables; shorter ones alone of their length are told in a line.
SHORT = 6
SMALL = 3
# Told elsewhere in a report.
APART = frozenset({"variable", "station", "unit", "units", "reason", "warning"})
DIGITS = 6
# What a row is about comes first.
LABELS = (
    "name", "series", "variable", "station", "unit", "timestamp", "timestamps", "start", "end",
    "year", "season", "month", "day", "period", "method", "scale", "lag", "horizon", "step", "by",
    "n_values", "n", "left_out", "value", "values", "mean", "lower", "upper",
)  # fmt: skip
TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(\.\d+)?Z", re.ASCII)
TIMES = {"timestamp": "time", "timestamps": "time"}
# The last word of a name whose whole numbers are years of the calendar.
YEARS = frozenset({"year", "start", "end"})

Results = Mapping[str, Any]
Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of text; `left_out` counts those of a longer table that are not shown."""

    title: str
    columns: Row
    rows: tuple[Row, ...]
    left_out: int = 0


def tables_of(results: Results) -> list[Table]:
    """Numbers by name, then each group of them; nothing is left out without a word."""
    units = results.get("units") or {}
    told = _lifted({name: one for name, one in results.items() if name not in APART})
    groups = {
        name: one for name, one in told.items() if isinstance(one, Mapping) and not _is_small(one)
    }
    rest = {name: one for name, one in told.items() if name not in groups}
    found = [*_of_group("Numbers", rest, units)]
    for name in sorted(groups, key=_rank):
        found.extend(_of_group(words(name), groups[name], units, name))
    return [table for table in found if table.rows]


def _is_small(group: Results) -> bool:
    """A value with its time, for instance, which needs no table of its own."""
    return len(group) <= SMALL and not any(isinstance(v, Mapping | list) for v in group.values())


def _lifted(group: Results) -> Results:
    """Lists in a group within that go with the timestamps beside it become columns there."""
    length = len(group.get("timestamps") or ())
    found: dict[str, Any] = {}
    for name, one in group.items():
        inner = one if isinstance(one, Mapping) else {}
        goes = {k: v for k, v in inner.items() if isinstance(v, list) and len(v) == length > 0}
        found |= {f"{name}.{key}": value for key, value in goes.items()}
        found[name] = {k: v for k, v in inner.items() if k not in goes} if goes else one
    return found


def _of_group(
    title: str, group: Results, units: Mapping[str, str], path: str = ""
) -> Iterator[Table]:
    """What a group says by name, then the lists in it and in the groups within."""
    group = _lifted(group)
    yield _named(title, _flat(group), units, path)
    yield from _lists(group, units, path)


def _lists(group: Results, units: Mapping[str, str], path: str) -> Iterator[Table]:
    group = _lifted(group)
    yield from _in_columns(group, units, path)
    for name in sorted(group, key=_rank):
        one, where = group[name], f"{path}.{name}".strip(".")
        if isinstance(one, Mapping):
            yield from _lists(one, units, where)
        elif isinstance(one, list) and one and isinstance(one[0], Mapping):
            yield from _listed(where, one, units)
        elif isinstance(one, list) and one and isinstance(one[0], list):
            yield from _grid(_head(where, units), one)


# ------------------------------------------------------------------ numbers by name


def _flat(results: Results, before: str = "") -> Iterator[tuple[str, Any]]:
    """Numbers of a group and of the groups in it, each by its path; long lists are tables."""
    alone = _alone(results)
    for name in sorted(results, key=_rank):
        one = results[name]
        if isinstance(one, Mapping):
            yield from _flat(one, f"{before}{name}.")
        elif name in alone:
            yield f"{before}{name}", ", ".join(shown(value, name) for value in one) or "none"
        elif not isinstance(one, list):
            yield f"{before}{name}", one


def _alone(group: Results) -> set[str]:
    """Short lists of plain values that no other list beside them is as long as."""
    lengths = [len(one) for one in group.values() if isinstance(one, list)]
    return {
        name
        for name, one in group.items()
        if isinstance(one, list) and len(one) <= SHORT and lengths.count(len(one)) == 1
        and not any(isinstance(value, Mapping | list) for value in one)
    }  # fmt: skip


def _named(
    title: str, pairs: Iterator[tuple[str, Any]], units: Mapping[str, str], group: str = ""
) -> Table:
    told = [
        (name, one) for name, one in pairs if one is not None or not name.endswith(tuple(APART))
    ]
    rows: list[Row] = [
        (words(k), shown(v, k), "" if isinstance(v, str | bool) else _unit(units, k, group))
        for k, v in told
    ]
    if any(unit for _name, _value, unit in rows):
        return _cut(title, ("name", "value", "unit"), rows)
    return _cut(title, ("name", "value"), [row[:2] for row in rows])


def _unit(units: Mapping[str, str], name: str, group: str = "") -> str:
    unit = unit_of(units, f"{group}.{name}".strip("."))
    return "" if unit is None or unit == "1" else unit


# ------------------------------------------------------------------ rows and columns


def _listed(
    path: str, entries: Sequence[Mapping[str, Any]], units: Mapping[str, str]
) -> Iterator[Table]:
    """A row for each entry; lists within an entry are tables of their own."""
    flat = [dict(_flat(one)) for one in entries[:MOST_ROWS]]
    names = sorted({name for one in flat for name in one}, key=_rank)
    names = [name for name in names if any(one.get(name) is not None for one in flat)]
    rows = [tuple(shown(one.get(name), name) for name in names) for one in flat]
    heads = [_head(name, units, path) for name in names]
    yield from _wide(words(path), heads, rows, len(entries))
    for number, one in enumerate(entries[:MOST_ROWS], 1):
        yield from _lists(one, units, f"{path}.{number}")


def _in_columns(group: Results, units: Mapping[str, str], path: str) -> Iterator[Table]:
    """Lists of numbers of the same length are columns of one table."""
    by_length: dict[int, list[str]] = {}
    alone = _alone(group)
    for name in sorted(group, key=_rank):
        one = group[name]
        is_column = isinstance(one, list) and one and not isinstance(one[0], Mapping | list)
        if is_column and name not in alone:
            by_length.setdefault(len(one), []).append(name)
    for total, names in by_length.items():
        rows = [
            tuple(shown(group[name][place], name) for name in names)
            for place in range(min(total, MOST_ROWS))
        ]
        heads = [_head(name, units, path) for name in names]
        yield from _wide(words(path) if path else "Values", heads, rows, total)


def _head(name: str, units: Mapping[str, str], path: str = "") -> str:
    unit = _unit(units, name, path)
    return f"{words(name)} ({unit})" if unit else words(name)


def _wide(title: str, heads: Sequence[str], rows: Sequence[Row], total: int) -> Iterator[Table]:
    """A table, or several with the same first column where they do not fit side by side."""
    if not heads:
        return
    each = MOST_COLUMNS - 1
    for first in range(1, max(len(heads), 2), each):
        part = slice(first, first + each)
        told = [(row[0], *row[part]) for row in rows]
        name = title if first == 1 else f"{title}, continued"
        yield _cut(name, (heads[0], *heads[part]), told, total)


def _grid(title: str, lines: Sequence[Sequence[Any]]) -> Iterator[Table]:
    """A square of numbers, such as the matrix of correlations, with the places of both series."""
    width = max(map(len, lines))
    if width >= MOST_COLUMNS or len(lines) > MOST_ROWS:
        text = f"{len(lines):,} rows of {width:,} numbers are in the results."
        yield Table(title, ("numbers",), ((text,),))
        return
    rows = [(str(n), *map(shown, line)) for n, line in enumerate(lines, 1)]
    yield _cut(title, ("", *map(str, range(1, width + 1))), rows)


def _cut(title: str, columns: Row, rows: Sequence[Row], total: int | None = None) -> Table:
    kept = tuple(rows[:MOST_ROWS])
    return Table(title, columns, kept, (len(rows) if total is None else total) - len(kept))


def _rank(name: str) -> tuple[int, int, str]:
    """What a row is about first; "12" after "3"."""
    place = LABELS.index(name) if name in LABELS else len(LABELS)
    last = name.rpartition(".")[2]
    return place, len(last) if last.isdecimal() else 0, name


def words(name: str) -> str:
    """A name of the results as people write it."""
    return TIMES.get(name) or name.replace("_", " ").replace(".", ": ")


def shown(value: Any, name: str = "") -> str:
    """A value as people read it; a dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        is_year = re.split("[._]", name)[-1] in YEARS and 1000 <= value < 10_000
        return str(value) if is_year else f"{value:,}".replace("-", "−")
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}".replace("-", "−")
    time = TIME.fullmatch(str(value))
    if time is None:
        return str(value)
    return time[1] if time[2] == "00:00" else f"{time[1]} {time[2]} UTC"
