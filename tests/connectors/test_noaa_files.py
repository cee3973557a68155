"""The bulk files of GHCN-Daily: `.dly` of fixed width, and packed CSV by station."""

import gzip
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Page, PageRefusedError, Product, Rejected, SchemaDriftError
from connectors.providers.noaa.ghcn_files import ByStationFiles, DlyFiles
from datastream.core.errors import PlatformError, ProviderUnavailableError
from tests.connectors.reading import answer, planned, said

CODE = "USC00411885"
ASKED = {"station": CODE, "start": "1912-01-01", "end": "1912-12-31"}
DLY, LONG = DlyFiles(), ByStationFiles()
MISSING = "-9999   "


def day_of(n: int) -> datetime:
    return datetime(1912, 7, n, tzinfo=UTC)


def line(element: str = "TMAX", month: str = "191207", code: str = CODE, **days: str) -> str:
    """A month in which only these days have a value: `d1="  267 I6"`."""
    fields = [days.get(f"d{n}", MISSING) for n in range(1, 32)]
    return f"{code}{month}{element}{''.join(fields)}\n"


def read(product: Product, body: str | bytes, **parameters: Any) -> Page:
    (request,) = planned(product, ASKED | parameters)
    return product.parse(request, answer(body, "text/plain"))


def rows(page: Page) -> list[tuple[Any, ...]]:
    names = [name for name in page.table.schema.names if name not in {"station", "metadata"}]
    return [tuple(row.values()) for row in page.table.select(names).to_pylist()]


# What is asked


@pytest.mark.parametrize(
    ("product", "path"),
    [
        (DLY, f"pub/data/ghcn/daily/all/{CODE}.dly"),
        (LONG, f"pub/data/ghcn/daily/by_station/{CODE}.csv.gz"),
    ],
)
def test_a_station_of_270_years_is_one_request(product: Product, path: str) -> None:
    (request,) = planned(product, {"station": CODE, "start": "1750-01-01"})
    assert (request.path, request.params) == (path, {})


# Fixed width


def test_numbers_in_tenths_become_units_and_letters_keep_their_columns() -> None:
    page = read(DLY, line("TOBS", d31="  267 I6") + line("SNOW", d31="    0T 6"))
    assert rows(page) == [(day_of(31), 26.7, 0.0)]
    assert said(page) == [
        {
            "flags": {"TOBS": ",I", "SNOW": "T"},
            "quality": {"TOBS": 4},
            "sources": {"TOBS": "6", "SNOW": "6"},
        }
    ]


@pytest.mark.parametrize(
    ("element", "field", "value"),
    [
        ("TMAX", " -127  a", -12.7),
        ("PRCP", "   36  W", 3.6),
        ("SNWD", "  150  W", 150.0),
        ("AWND", "   17  W", 1.7),
        ("WDF5", "  240  W", 240.0),
        ("EVAP", "    5  W", 0.5),
        ("TAVG", " -127H S", -12.7),
        ("WESD", "  150  T", 15.0),
        ("WESF", "    5  T", 0.5),
        ("MDPR", "  254  0", 25.4),
        ("MXPN", "  267  0", 26.7),
        ("MNPN", "   -5  0", -0.5),
        ("WSF1", "   89  W", 8.9),
        ("WSF2", "   89  W", 8.9),
        ("WSF5", "  112  W", 11.2),
        ("WSFG", "  134  W", 13.4),
        ("WT01", "    1  W", 1.0),
        ("TSUN", "  600  W", 600.0),
        ("PGTM", "  830  W", "0830"),
    ],
)
def test_each_element_has_its_own_factor(element: str, field: str, value: object) -> None:
    assert rows(read(DLY, line(element, d1=field))) == [(day_of(1), value)]


def test_days_that_a_month_does_not_have_are_no_days() -> None:
    full = {f"d{n}": "  100  6" for n in range(1, 32)}
    page = read(DLY, line(month="191202", **full) + line(month="191204", **full))
    assert page.table.num_rows == 29 + 30


def test_9999_with_a_minus_is_missing_whatever_its_flags() -> None:
    assert rows(read(DLY, line(d1="-9999TI6", d2="   10  6"))) == [(day_of(2), 1.0)]


def test_trailing_blanks_that_were_taken_away_are_filled_up() -> None:
    whole = line(d1="  100  6") + line("TMIN", d1="   50  6")
    shortened = "\r\n".join(text.rstrip() for text in whole.splitlines())
    assert read(DLY, shortened).table.equals(read(DLY, whole).table)


def test_a_blank_flag_is_no_flag_and_case_counts() -> None:
    page = read(DLY, line(d1="  100  a", d2="  100  A", d3="  100   "))
    assert said(page) == [{"sources": {"TMAX": "a"}}, {"sources": {"TMAX": "A"}}, None]


def test_only_the_days_and_elements_that_were_asked_for_are_taken() -> None:
    body = line(d1="  100  6") + line("PRCP", d1="   50  6") + line(month="191301", d1="    1  6")
    page = read(DLY, body, variables=["TMAX"])
    assert rows(page) == [(day_of(1), 10.0)]


def test_an_unknown_element_is_left_out_and_noted() -> None:
    page = read(DLY, line(d1="  100  6") + line("SX52", d1="  100  6"))
    assert page.notes == ("Unknown elements were left out: SX52.",)


def test_of_a_month_that_comes_twice_the_later_holds() -> None:
    page = read(DLY, line(d1="  100  6") + line(d1="  110  6"))
    assert rows(page) == [(day_of(1), 11.0)]
    assert page.notes == ("1 values that came twice were left out; the later hold.",)


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        (line(code="USC00000000", d1="  100  6"), "ID"),
        (line(month="191213", d1="  100  6"), "MONTH"),
        (line("tmax", d1="  100  6"), "ELEMENT"),
        (line(d1="1 00   6"), "VALUE"),
        (line(d1="1 000  6"), "VALUE"),
        (line(d1="1-000  6"), "VALUE"),
        (line(d1=" 1-00  6"), "VALUE"),
        (line(d1="1e3    6"), "VALUE"),
        (line(d1="100    6"), "VALUE"),
    ],
)
def test_a_bad_line_is_rejected_and_the_others_kept(bad: str, column: str) -> None:
    good = line(d2="  100  6")
    page = read(DLY, good + bad)
    assert [(row.row, row.field) for row in page.rejected] == [(1, column)]
    assert rows(page) == [(day_of(2), 10.0)]


def test_too_many_bad_lines_refuse_the_file() -> None:
    with pytest.raises(PageRefusedError):
        read(DLY, line(d1="  100  6") + 2 * line(d1="abc    6"))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("<html>Down</html>", ProviderUnavailableError),
        (line(d1="  100  6") + line()[:20], ProviderUnavailableError),
        ("x" * 400 + "\n", SchemaDriftError),
        ("Sorry\n", SchemaDriftError),
    ],
)
def test_what_is_no_dly_file_is_not_read(body: str, error: type[PlatformError]) -> None:
    with pytest.raises(error):
        read(DLY, body)


def test_an_empty_file_has_no_rows() -> None:
    assert read(DLY, "\n").table.num_rows == 0


def test_temperatures_that_are_not_in_tenths_any_more_are_drift() -> None:
    fields = {f"d{n}": " 1000  6" for n in range(1, 20)}
    with pytest.raises(SchemaDriftError):
        read(DLY, line(**fields))


# By station

HEAD = "ID,DATE,ELEMENT,DATA_VALUE,M_FLAG,Q_FLAG,S_FLAG,OBS_TIME\n"
TEXT = f"{CODE},19120701,TMAX,333,,,6,\n{CODE},19120701,SNOW,0,T,,6,2400\n"


@pytest.mark.parametrize("head", ["", HEAD])
@pytest.mark.parametrize("is_packed", [True, False])
def test_a_line_of_names_and_packing_may_be_there_or_not(head: str, is_packed: bool) -> None:
    body = (head + TEXT).encode()
    page = read(LONG, gzip.compress(body) if is_packed else body)
    assert rows(page) == [(day_of(1), 33.3, 0.0)]
    assert said(page) == [
        {
            "flags": {"SNOW": "T"},
            "sources": {"TMAX": "6", "SNOW": "6"},
            "times": {"SNOW": "2400"},
        }
    ]


def test_a_packed_file_that_was_cut_is_not_taken() -> None:
    with pytest.raises(ProviderUnavailableError, match="cut"):
        read(LONG, gzip.compress((TEXT * 50).encode())[:-20])


@pytest.mark.parametrize(("letter", "quality"), [("A", 4), ("P", 3)])
def test_a_total_of_several_days_fails_and_a_presumed_zero_is_suspect(
    letter: str, quality: int
) -> None:
    page = read(LONG, f"{CODE},19120701,PRCP,0,{letter},,6,\n")
    assert said(page)[0]["quality"] == {"PRCP": quality} == {"PRCP": LONG.flags[letter].quality}


@pytest.mark.parametrize(
    ("bad", "column", "message"),
    [
        (f"{CODE},19120230,TMAX,1,,,6,", "DATE", "Not a date: '19120230'."),
        (f"{CODE},1912071,TMAX,1,,,6,", "DATE", "Not a date: '1912071'."),
        (f"{CODE},19120702,TMAX,1.5,,,6,", "DATA_VALUE", "Not a whole number: '1.5'."),
        (f"{CODE},19120702,TMAX,,,,6,", "DATA_VALUE", "Not a whole number: ''."),
        (f"{CODE},19120702,TMAX,1,TT,,6,", "M_FLAG", "Not as documented: 'TT'."),
        ("USC00000000,19120702,TMAX,1,,,6,", "ID",
         "Not the station that was asked for: 'USC00000000'."),
    ],
)  # fmt: skip
def test_a_bad_row_is_rejected_with_its_reason(bad: str, column: str, message: str) -> None:
    page = read(LONG, f"{HEAD}{TEXT}{bad}\n")
    assert page.rejected == (Rejected(2, column, message),)
    assert page.table.num_rows == 1


@pytest.mark.parametrize("text", ["ID,DAY,VALUE\n1,2,3\n", HEAD.replace("DATE", "DAY") + TEXT])
def test_other_columns_are_drift(text: str) -> None:
    with pytest.raises(SchemaDriftError):
        read(LONG, text)


def test_both_files_of_a_station_hold_the_same() -> None:
    dly = line("TMAX", d1="  333  6") + line("SNOW", d1="    0T 6")
    assert rows(read(DLY, dly)) == rows(read(LONG, TEXT))
