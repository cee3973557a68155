"""Every registered connector against what it declares and against its recorded answers."""

import itertools
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest

import connectors.providers
from connectors.base import Connector, Page, Product, Variable
from connectors.registry import connectors as registry
from datastream.core.answers import Answer
from datastream.core.errors import InvalidInputError
from datastream.core.registry import import_folder

import_folder(connectors.providers)

DATA = Path(__file__).parents[1] / "data"
NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# Units as CF writes them (UDUNITS): products of symbols with powers, no "/", "°" or "m/s".
UNIT = re.compile(r"1|%|[A-Za-z]+-?[0-9]*( [A-Za-z]+-?[0-9]*)*")
CELL_METHOD = re.compile(
    r"((time|area): (point|sum|mean|maximum|minimum|mid_range|standard_deviation|variance|mode"
    r"|median|range)( (within|over) \w+)?)?"
)
INTERVAL = re.compile(r"(P(\d+[YMWD])?(T\d+[HMS])?)?")

EACH = [pytest.param(connector, id=connector.name) for connector in registry]
EACH_PRODUCT = [
    pytest.param(product, id=f"{connector.name}-{product.name}")
    for connector in registry
    for product in connector.products.values()
]
RECORDED = [
    pytest.param(connector, path, id=f"{connector.name}-{path.stem}")
    for connector in registry
    for path in sorted((DATA / connector.name).glob("*.json"))
]


def parse_recorded(connector: Connector, path: Path) -> tuple[dict[str, Any], Page]:
    recorded = json.loads(path.read_text())
    (request,) = connector.plan(recorded["product"], recorded["parameters"])
    body = next(p for p in path.parent.glob(f"{path.stem}.*") if p != path).read_bytes()
    answer = Answer("", 200, recorded["headers"], body, datetime(2026, 1, 1, tzinfo=UTC))
    return recorded, connector.parse(request, answer)


@pytest.mark.parametrize("connector", EACH)
def test_a_connector_says_who_it_reads_and_on_what_terms(connector: Connector) -> None:
    assert NAME.fullmatch(connector.name)
    for text in (connector.title, connector.license, connector.citation, connector.terms):
        assert text.strip() == text != ""
    assert connector.base_url.startswith("https://")
    assert connector.default_product in connector.products
    assert 0 < connector.quota.per_second <= 10


@pytest.mark.parametrize("connector", EACH)
def test_a_connector_has_recorded_answers(connector: Connector) -> None:
    assert list((DATA / connector.name).glob("*.json"))


@pytest.mark.parametrize("connector", EACH)
def test_an_unknown_product_is_named(connector: Connector) -> None:
    with pytest.raises(InvalidInputError) as caught:
        connector.check("nonsense", {})
    assert list(caught.value.details) == ["product"]


@pytest.mark.parametrize("product", EACH_PRODUCT)
def test_parameters_are_a_valid_json_schema_that_knows_its_own(product: Product) -> None:
    jsonschema.Draft202012Validator.check_schema(product.schema)
    assert set(product.required) <= set(product.parameters)
    assert product.schema["additionalProperties"] is False
    assert all(schema.get("description") for schema in product.parameters.values())


@pytest.mark.parametrize("product", EACH_PRODUCT)
def test_the_names_of_variables_are_their_keys(product: Product) -> None:
    assert product.variables
    assert all(key == variable.name for key, variable in product.variables.items())


def wrong_parts(variable: Variable) -> list[str]:
    parts = {
        "name": VARIABLE.fullmatch(variable.name),
        "unit": UNIT.fullmatch(variable.unit),
        "standard_name": re.fullmatch(r"[a-z0-9_]*", variable.standard_name),
        "cell_method": CELL_METHOD.fullmatch(variable.cell_method),
        "interval": INTERVAL.fullmatch(variable.interval),
        "kind": variable.kind in {"number", "text"},
        "description": variable.description.endswith("."),
        "limits": variable.valid_min is None
        or variable.valid_max is None
        or variable.valid_min < variable.valid_max,
    }
    return [f"{variable.name}: {part}" for part, is_right in parts.items() if not is_right]


@pytest.mark.parametrize("product", EACH_PRODUCT)
def test_variables_are_described_in_the_spelling_of_cf(product: Product) -> None:
    assert [wrong for v in product.variables.values() for wrong in wrong_parts(v)] == []


@pytest.mark.parametrize(("connector", "path"), RECORDED)
def test_a_recorded_answer_gives_the_rows_it_has(connector: Connector, path: Path) -> None:
    recorded, page = parse_recorded(connector, path)
    assert page.table.num_rows == recorded["rows"]
    assert page.rejected == ()


@pytest.mark.parametrize(("connector", "path"), RECORDED)
def test_a_recorded_answer_becomes_a_table_of_the_agreed_form(
    connector: Connector, path: Path
) -> None:
    recorded, page = parse_recorded(connector, path)
    variables = connector.product(recorded["product"]).variables
    types = {"number": pa.float64(), "text": pa.string()}
    expected = {name: types[variable.kind] for name, variable in variables.items()}
    expected |= {"station": pa.string(), "timestamp": pa.timestamp("us", tz="UTC")}
    expected |= {"metadata": pa.string()}
    schema = page.table.schema
    assert {"station", "timestamp"} <= set(schema.names)
    assert all(expected[column.name] == column.type for column in schema)
    assert set(page.table["station"].unique().to_pylist()) == {s.code for s in page.stations}
    assert page.table["timestamp"].null_count == 0


@pytest.mark.parametrize(("connector", "path"), RECORDED)
def test_recorded_values_lie_within_their_variables_limits(
    connector: Connector, path: Path
) -> None:
    recorded, page = parse_recorded(connector, path)
    for variable in connector.product(recorded["product"]).variables.values():
        if variable.name in page.table.schema.names and variable.kind == "number":
            values = page.table[variable.name].drop_null().to_numpy()
            assert (values >= (variable.valid_min or -1e9)).all()
            assert (values <= (variable.valid_max or 1e9)).all()


@pytest.mark.parametrize(("connector", "path"), RECORDED)
def test_metadata_is_an_object_by_subject_and_variable(connector: Connector, path: Path) -> None:
    _, page = parse_recorded(connector, path)
    if "metadata" not in page.table.schema.names:
        pytest.skip("Nothing is said about these values.")
    for text in page.table["metadata"].drop_null().to_pylist():
        for entries in json.loads(text).values():
            assert set(entries) <= set(page.table.schema.names)


@pytest.mark.parametrize(("connector", "path"), RECORDED)
def test_a_plan_covers_each_day_of_each_station_once(connector: Connector, path: Path) -> None:
    recorded = json.loads(path.read_text())
    parameters = {**recorded["parameters"], "start": "2019-12-30", "end": "2021-01-02"}
    requests = connector.plan(recorded["product"], parameters)
    limit = connector.quota.window_days
    for station in {request.station for request in requests}:
        windows = sorted(r.window for r in requests if r.station == station)
        assert (windows[0].start, windows[-1].end) == (date(2019, 12, 30), date(2021, 1, 3))
        assert all(a.end == b.start for a, b in itertools.pairwise(windows))
        assert all(limit is None or window.days <= limit for window in windows)
