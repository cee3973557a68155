"""Reports of analyses: the numbers of the results, in words that stay words."""

import html
import itertools
import re
from typing import Any

import pytest
from django.conf import settings

from accounts.models import User
from analyses import services
from analyses.models import Analysis
from analyses.registry import analyses as registry
from datasets import access
from datasets.models import Dataset
from tests.conftest import ClientOf
from tests.factories import days, make_dataset, make_user, write
from visualizations.reports.content import report
from visualizations.reports.pdf import pdf_of
from visualizations.reports.tables import MOST_ROWS, Table, shown, tables_of

API = "/api/v1"
HOSTILE = '"><img src=x onerror=alert(1)></text>{{7*7}}'


@pytest.fixture
def dataset(analyst: User) -> Dataset:
    dataset = make_dataset(analyst, name=HOSTILE, license="CC BY 4.0", citation="Keeling 1960")
    write(dataset, days(800, station=HOSTILE))
    dataset.refresh_from_db()
    return dataset


def done(dataset: Dataset, kind: str = "trend", **given: Any) -> Analysis:
    view = access.view(dataset.owner, dataset.pk)
    analysis = services.request_analysis(
        view, kind, {"variable": "TMAX", **given}, user=dataset.owner
    )
    services.execute(analysis.pk)
    analysis.refresh_from_db()
    assert analysis.result is not None, analysis.error
    return analysis


def table(results: dict[str, Any], title: str = "Numbers") -> Table:
    return next(one for one in tables_of(results) if one.title == title)


def test_numbers_stand_beside_their_units() -> None:
    results = {
        "n": 1200, "reason": None, "unit": "degC", "left_out": 0,
        "theil_sen": {"per_decade": -0.25, "per_decade_lower": -0.5, "p": 0.01, "s": 12},
        "max": {"value": 31.5, "timestamp": "2001-07-01T00:00:00Z"},
        "units": {"per_decade": "degC per decade", "p": "1", "max": "degC"},
    }  # fmt: skip
    assert table(results).rows == (
        ("n", "1,200", ""),
        ("left out", "0", ""),
        ("max: timestamp", "2001-07-01", ""),
        ("max: value", "31.5", "degC"),
    )
    assert table(results, "theil sen").rows == (
        ("p", "0.01", ""),
        ("per decade", "−0.25", "degC per decade"),
        ("per decade lower", "−0.5", "degC per decade"),
        ("s", "12", ""),
    )


def test_columns_and_lists_are_tables_that_say_what_is_left_out() -> None:
    results = {
        "timestamps": ["2001"] * 100, "values": [1.5, None] * 50,
        "normals": [{"mean": 1.0, "month": month} for month in range(1, 13)],
    }  # fmt: skip
    values = table(results, "Values")
    assert values.columns == ("time", "values")
    assert values.rows[:2] == (("2001", "1.5"), ("2001", "–"))
    assert (len(values.rows), values.left_out) == (MOST_ROWS, 100 - MOST_ROWS)
    assert table(results, "normals").rows[1] == ("2", "1")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (True, "yes"), (-1234567, "−1,234,567"), (1 / 3, "0.333333"), ("a", "a")],
)
def test_values_are_written_for_people(value: Any, text: str) -> None:
    assert shown(value) == text


def test_lists_within_groups_and_entries_are_tables_too() -> None:
    results = {
        "forecast": {"timestamps": ["2011-01-01T00:00:00Z"] * 7, "mean": [1.5] * 7},
        "lags": [{"series": 1, "lag": list(range(7)), "r": [0.5] * 7}],
        "matrices": {"r": [[1.0, 0.5], [0.5, 1.0]], "power": [[0.5] * 900] * 60},
    }  # fmt: skip
    assert table(results, "forecast").rows[0] == ("2011-01-01", "1.5")
    assert table(results, "lags: 1").rows[2] == ("2", "0.5")
    assert table(results, "matrices: r").rows == (("1", "1", "0.5"), ("2", "0.5", "1"))
    grid = table(results, "matrices: power")
    assert grid.rows == (("60 rows of 900 numbers are in the results.",),)


def test_columns_of_a_group_stand_with_the_times_beside_it() -> None:
    stamps = ["2011-01-01T00:00:00Z"] * 7
    results = {"timestamps": stamps, "values": {"3": [None] * 7, "12": [0.5] * 7}}
    (values,) = tables_of(results)
    assert values.columns == ("time", "values: 3", "values: 12")
    assert values.rows[0] == ("2011-01-01", "–", "0.5")


def test_a_wide_list_is_several_tables_with_the_same_first_column() -> None:
    names = [f"index_{number:02}" for number in range(10)]
    results = {"months": [{"month": "01", **dict.fromkeys(names, 1.5)}], "units": {"index_09": "d"}}
    first, second = tables_of(results)
    assert first.columns == ("month", *(f"index {number:02}" for number in range(7)))
    assert second.title == "months, continued"
    assert second.columns == ("month", "index 07", "index 08", "index 09 (d)")
    assert second.rows == (("01", "1.5", "1.5", "1.5"),)


def test_times_are_days_and_years_have_no_comma() -> None:
    assert shown("2011-01-01T00:00:00Z") == "2011-01-01"
    assert shown("2011-01-01T06:30:00Z") == "2011-01-01 06:30 UTC"
    assert shown("2011") == "2011"
    assert (shown(2011, "reference.start"), shown(2011, "n")) == ("2011", "2,011")


def test_a_picture_that_cannot_be_drawn_is_told_of(analyst: User) -> None:
    dataset = make_dataset(analyst)
    write(dataset, [{"timestamp": "2001-01-01", "station": "A", "value": {"TMAX": 1.0}}])
    told = report(analyst, done(dataset, "comparison", reference={"variable": "TMAX"}))
    assert len(told.pictures) + len(told.undrawn) == 1


def test_a_pdf_of_the_same_analysis_is_the_same_file(dataset: Dataset) -> None:
    told = report(dataset.owner, done(dataset))
    assert pdf_of(told) == pdf_of(told)


def test_it_says_what_was_read_and_how_it_was_made(dataset: Dataset) -> None:
    analysis = done(dataset)
    told = report(dataset.owner, analysis)
    assert dict(told.facts) == {
        "dataset": f"{HOSTILE}, revision 1", "source": "Keeling 1960", "licence": "CC BY 4.0",
    }  # fmt: skip
    made = dict(told.provenance)
    assert made["digest of the results"] == analysis.result.digest  # type: ignore[union-attr]
    assert told.references == registry["trend"].references
    assert len(told.pictures) == 1
    assert "always of complete years" in told.pictures[0].caption
    assert told.undrawn == []
    assert told.words == registry["trend"].words(analysis.result.results)  # type: ignore[union-attr]


def test_a_licence_that_nobody_stated_is_said(analyst: User) -> None:
    dataset = make_dataset(analyst)
    write(dataset, [{"timestamp": "2001-01-01", "station": "A", "value": {"TMAX": 1.0}}])
    assert dict(report(analyst, done(dataset)).facts)["licence"] == "not stated"


def test_a_later_revision_changes_nothing_in_it(dataset: Dataset) -> None:
    analysis = done(dataset)
    before = report(dataset.owner, analysis)
    write(dataset, [{"timestamp": "2001-01-01", "station": HOSTILE, "value": {"TMAX": 999}}])
    after = report(dataset.owner, Analysis.objects.get(pk=analysis.pk))
    assert after.sections == before.sections
    assert [one.drawing.spec for one in after.pictures] == [
        one.drawing.spec for one in before.pictures
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["summary", "climatology", "anomaly", "decomposition", "gaps"])
def test_every_kind_of_result_makes_a_page_and_a_pdf(
    dataset: Dataset, client_of: ClientOf, kind: str
) -> None:
    url = f"{API}/analyses/{done(dataset, kind).pk}/report"
    client = client_of(dataset.owner)
    assert "<table>" in client.get(url).content.decode()
    assert client.get(url, {"format": "pdf"}).content.startswith(b"%PDF-")


@pytest.mark.slow
def test_headings_come_in_order_and_tables_keep_the_names_of_their_columns(
    dataset: Dataset, client_of: ClientOf
) -> None:
    page = client_of(dataset.owner).get(f"{API}/analyses/{done(dataset).pk}/report")
    text = page.content.decode()
    levels = [int(level) for level in re.findall(r"<h([1-6])", text)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert text.count("<caption>") == text.count("<table>") == text.count("<thead>")
    assert re.search(r'<img src="data:image/svg[^"]+" alt="[^"]{20,}"', text)
    # On a phone the tables of other pages fold, and lose the heads that name the numbers.
    styles = (settings.BASE_DIR / "datastream" / "static" / "pages.css").read_text()
    folded = styles.index("thead { position: absolute")
    assert styles.index(".report thead { display: table-header-group; position: static") > folded


@pytest.mark.slow
def test_in_55_words_of_people_are_text_on_the_page(dataset: Dataset, client_of: ClientOf) -> None:
    answer = client_of(dataset.owner).get(f"{API}/analyses/{done(dataset).pk}/report")
    assert answer["Content-Type"].startswith("text/html")
    page = answer.content.decode()
    assert HOSTILE not in page
    assert html.escape(HOSTILE) in page
    assert re.findall(r"<(script|img src=x)", page) == []


def test_what_has_no_result_has_no_report(dataset: Dataset, client_of: ClientOf) -> None:
    view = access.view(dataset.owner, dataset.pk)
    analysis = services.request_analysis(view, "summary", {}, user=dataset.owner)
    answer = client_of(dataset.owner).get(f"{API}/analyses/{analysis.pk}/report")
    assert answer.status_code == 409


def test_another_form_is_named_and_a_stranger_sees_none(
    dataset: Dataset, client_of: ClientOf
) -> None:
    url = f"{API}/analyses/{done(dataset).pk}/report"
    answer = client_of(dataset.owner).get(url, {"format": "docx"})
    assert (answer.status_code, list(answer.json()["detail"]["details"])) == (400, ["format"])
    assert client_of(make_user()).get(url).status_code == 404
